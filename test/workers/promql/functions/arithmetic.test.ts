import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, instant, onlyValue, range, scalarOf, series } from '../samples.ts';

const values: [string, number][] = [
  ['abs(vector(-2))', 2],
  ['ceil(vector(1.2))', 2],
  ['floor(vector(-1.2))', -2],
  ['sqrt(vector(9))', 3],
  ['exp(vector(1))', Math.E],
  ['ln(vector(0))', Number.NEGATIVE_INFINITY],
  ['log2(vector(8))', 3],
  ['log10(vector(1000))', 3],
  ['sgn(vector(-3))', -1],
  ['deg(vector(pi()))', 180],
  ['rad(vector(180))', Math.PI],
  ['atanh(vector(0.5))', Math.atanh(0.5)],
  ['round(vector(2.5))', 3],
  ['round(vector(-2.5))', -2],
  ['round(vector(7.3), 0.5)', 7.5],
  ['clamp(vector(7), 1, 5)', 5],
  ['clamp_min(vector(-1), 0)', 0],
  ['clamp_max(vector(9), 5)', 5],
];

for (const [expr, value] of values) {
  test(`${expr} is ${value}`, () => {
    if (Number.isFinite(value)) assertClose(onlyValue([], expr, 0), value);
    else assert.equal(onlyValue([], expr, 0), value);
  });
}

test('bounds that cross leave nothing, not even an error of twins', () => {
  const twins = [series('a', {}, [1]), series('b', {}, [1])];
  assert.deepEqual(instant(twins, 'clamp({__name__=~"a|b"}, 5, 1)', 0), []);
});

test('infinities win over NaN in min_of and max_of', () => {
  assert.equal(scalarOf('max_of(NaN, Inf)'), Number.POSITIVE_INFINITY);
  assert.equal(scalarOf('min_of(NaN, 1)'), Number.NaN);
});

test('1 to any power is 1, as in IEEE 754', () => {
  assert.equal(scalarOf('1 ^ NaN'), 1);
  assert.equal(scalarOf('(-1) ^ Inf'), 1);
});

test('functions of native histograms give nothing for floats', () => {
  assert.deepEqual(instant([series('m', {}, [1])], 'histogram_count(m)', 0), []);
});

test('start, end, range and step speak of the query', () => {
  const expr = 'vector(start() + end() * 10 + range() * 100 + step() * 1000)';
  assert.deepEqual(range([], expr, 10_000, 30_000, 20_000), {
    '{}': [
      [10, 10 + 300 + 2000 + 20_000],
      [30, 10 + 300 + 2000 + 20_000],
    ],
  });
});

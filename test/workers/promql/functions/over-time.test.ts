import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, instant, onlyValue, range, series } from '../samples.ts';

const minute = 60_000;
const all = [series('m', { a: 'b' }, [4, 1, 9, 9, 2])];
const at = 4 * minute;

const values: [string, number][] = [
  ['sum_over_time(m[5m])', 25],
  ['avg_over_time(m[5m])', 5],
  ['min_over_time(m[5m])', 1],
  ['max_over_time(m[5m])', 9],
  ['count_over_time(m[5m])', 5],
  ['present_over_time(m[5m])', 1],
  ['stdvar_over_time(m[5m])', 11.6],
  ['stddev_over_time(m[5m])', Math.sqrt(11.6)],
  ['quantile_over_time(0.5, m[5m])', 4],
  ['quantile_over_time(0.25, m[5m])', 2],
  ['quantile_over_time(2, m[5m])', Number.POSITIVE_INFINITY],
  ['mad_over_time(m[5m])', 3],
  ['ts_of_first_over_time(m[5m])', 0],
  ['ts_of_last_over_time(m[5m])', 240],
  ['ts_of_max_over_time(m[5m])', 180],
  ['ts_of_min_over_time(m[5m])', 60],
  ['sum_over_time(m[2m])', 11],
  ['sum_over_time(m[2m] offset 1m)', 18],
  ['sum_over_time(m[2m] @ 60)', 5],
];

for (const [expr, value] of values) {
  test(`${expr} is ${value}`, () => {
    const [sample] = instant(all, expr, at);
    assert.equal(sample![0], '{a="b"}');
    if (Number.isFinite(value)) assertClose(sample![1], value);
    else assert.equal(sample![1], value);
  });
}

test('first and last keep the name of the metric', () => {
  assert.deepEqual(instant(all, 'last_over_time(m[5m])', at), [['m{a="b"}', 2]]);
  assert.deepEqual(instant(all, 'first_over_time(m[5m])', at), [['m{a="b"}', 4]]);
});

test('sums keep what rounding would lose', () => {
  const big = [series('m', {}, [1, 1e100, 1, -1e100])];
  assert.equal(onlyValue(big, 'sum_over_time(m[5m])', 3 * minute), 2);
});

test('an average does not overflow where the sum would', () => {
  const big = [series('m', {}, [1.7e308, 1.7e308, 1.7e308])];
  assertClose(onlyValue(big, 'avg_over_time(m[5m]) / 1e308', 2 * minute), 1.7);
});

test('NaN is no maximum unless there is nothing else', () => {
  const some = [series('m', {}, [Number.NaN, 1])];
  assert.equal(onlyValue(some, 'max_over_time(m[5m])', minute), 1);
  assert.equal(onlyValue(some, 'max_over_time(m[30s])', 0), Number.NaN);
});

test('absent_over_time is 1 where no series has a sample, with the labels that were asked for', () => {
  const one = [series('m', { a: 'b' }, [1])];
  assert.deepEqual(range(one, 'absent_over_time(m{a="b", c!="d"}[1m])', 0, 2 * minute, minute), {
    '{a="b"}': [
      [60, 1],
      [120, 1],
    ],
  });
});

test('two metrics that differ by name only are refused once their names are gone', () => {
  const twins = [series('m', { a: 'b' }, [1]), series('n', { a: 'b' }, [1])];
  assert.throws(() => instant(twins, 'max_over_time({a="b"}[5m])', 0), /same labelset/);
  assert.equal(instant(twins, 'last_over_time({a="b"}[5m])', 0).length, 2);
});

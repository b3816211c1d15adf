import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, instant, onlyValue, series } from '../samples.ts';

function histogram(counts: Record<string, number>, labels: Record<string, string> = {}) {
  return Object.entries(counts).map(([le, count]) => series('h_bucket', { ...labels, le }, [count]));
}

const plain = histogram({ '1': 10, '2': 30, '4': 40, '+Inf': 40 });

const quantiles: [string, number][] = [
  ['0.5', 1.5],
  ['0.25', 1],
  ['0.125', 0.5],
  ['1', 4],
  ['0', 0],
  ['-1', Number.NEGATIVE_INFINITY],
  ['2', Number.POSITIVE_INFINITY],
  ['NaN', Number.NaN],
];

for (const [q, value] of quantiles) {
  test(`the quantile ${q} is ${value}`, () => {
    assert.equal(onlyValue(plain, `histogram_quantile(${q}, h_bucket)`, 0), value);
  });
}

test('a rank above the last bound is that bound', () => {
  const open = histogram({ '1': 10, '+Inf': 20 });
  assert.equal(onlyValue(open, 'histogram_quantile(0.9, h_bucket)', 0), 1);
});

test('without a last bucket there is no quantile', () => {
  assert.equal(onlyValue(histogram({ '1': 1, '2': 3 }), 'histogram_quantile(0.5, h_bucket)', 0), Number.NaN);
});

test('counts that fall are raised to the one before', () => {
  const odd = histogram({ '1': 10, '2': 8, '4': 20, '+Inf': 20 });
  assert.equal(onlyValue(odd, 'histogram_quantile(0.75, h_bucket)', 0), 3);
});

test('bounds that are equal count together', () => {
  const twice = [...histogram({ '1': 5, '+Inf': 10 }), ...histogram({ '1.0': 5 })];
  assert.equal(onlyValue(twice, 'histogram_quantile(0.5, h_bucket)', 0), 0.5);
});

test('histograms are told apart by their other labels', () => {
  const two = [
    ...histogram({ '1': 1, '+Inf': 1 }, { job: 'a' }),
    ...histogram({ '3': 1, '+Inf': 1 }, { job: 'b' }),
  ];
  assert.deepEqual(instant(two, 'histogram_quantile(1, h_bucket)', 0), [
    ['{job="a"}', 1],
    ['{job="b"}', 3],
  ]);
});

test('a fraction is interpolated within buckets', () => {
  assertClose(onlyValue(plain, 'histogram_fraction(0, 1.5, h_bucket)', 0), 0.5);
  assertClose(onlyValue(plain, 'histogram_fraction(1, 2, h_bucket)', 0), 0.5);
  assert.equal(onlyValue(plain, 'histogram_fraction(2, 1, h_bucket)', 0), 0);
});

test('several quantiles come with a label each', () => {
  assert.deepEqual(instant(plain, 'histogram_quantiles(h_bucket, "q", 0.5, 1)', 0), [
    ['{q="0.5"}', 1.5],
    ['{q="1.0"}', 4],
  ]);
});

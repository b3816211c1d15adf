import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInstant } from '../../../workers/promql/index.ts';
import { onlyValue, selectFrom, series } from './samples.ts';

const minute = 60_000;
const all = [series('m', {}, [0, 1, 2, 3, 4, 5, 6])];

test('a subquery is evaluated at multiples of its step, its left bound left out', () => {
  const result = evaluateInstant('(m * 2)[3m:1m]', 5 * minute + 30_000, selectFrom(all));
  assert.equal(result.type, 'matrix');
  assert.deepEqual(
    Array.from(result.series[0]!.timestampsMs, (time) => time / minute),
    [3, 4, 5],
  );
  assert.deepEqual(result.series[0]!.values, Float64Array.of(6, 8, 10));
});

test('without a step a minute counts, or what the options say', () => {
  assert.equal(onlyValue(all, 'count_over_time(m[5m:])', 6 * minute), 5);
  const result = evaluateInstant('count_over_time(m[5m:])', 6 * minute, selectFrom(all), {
    subqueryStepMs: 30_000,
  });
  assert.equal(result.type === 'vector' && result.samples[0]!.value, 10);
});

test('subqueries nest, look back and are fixed', () => {
  assert.equal(onlyValue(all, 'max_over_time(sum_over_time(m[2m])[3m:1m])', 4 * minute), 7);
  assert.equal(onlyValue(all, 'sum_over_time(m[2m:1m] offset 2m)', 6 * minute), 7);
  assert.equal(onlyValue(all, 'sum_over_time(m[2m:1m] @ 120)', 6 * minute), 3);
});

test('durations are calculated', () => {
  assert.equal(onlyValue(all, 'count_over_time(m[2m + 1m * 2])', 6 * minute), 4);
  assert.equal(onlyValue(all, 'count_over_time(m[min_of(1h, 3m)])', 6 * minute), 3);
  assert.throws(() => onlyValue(all, 'count_over_time(m[1m - 2m])', 6 * minute), /must be greater than 0/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, errorOf, gap, instant, onlyValue, range, series, stale } from '../samples.ts';

const minute = 60_000;

test('an increase between samples at the bounds of the range is extrapolated by the sample left out', () => {
  // The range is open on its left: 10, 20, 30 of 0 to 30, extended by one step of 10.
  assert.equal(onlyValue([series('m', {}, [0, 10, 20, 30])], 'increase(m[3m])', 3 * minute), 30);
});

test('what a reset takes away is added again', () => {
  const all = [series('m', {}, [0, 10, 3, 5], 1000)];
  // 10 → 3 → 5 rises by 5 and 10 came before; extended from two seconds to three.
  assert.equal(onlyValue(all, 'increase(m[3s])', 3000), 7.5);
});

test('a counter is not extrapolated below zero', () => {
  const all = [series('m', {}, [gap, 1, 11, 21])];
  // One minute back it would have been −9: zero was six seconds before the first sample.
  assertClose(onlyValue(all, 'increase(m[3m])', 3 * minute), 20 * (126 / 120));
  assertClose(onlyValue(all, 'delta(m[3m])', 3 * minute), 30);
});

test('far from the bounds an increase is extrapolated by half an interval only', () => {
  const all = [series('m', {}, [gap, gap, gap, 100, 110])];
  assert.equal(onlyValue(all, 'increase(m[10m])', 8 * minute), 20);
});

test('rate is the increase by the second', () => {
  assert.equal(onlyValue([series('m', {}, [0, 60, 120, 180])], 'rate(m[2m])', 3 * minute), 1);
});

test('one sample makes no rate, and markers of staleness are no samples', () => {
  const all = [series('m', {}, [1, stale, gap, 5])];
  assert.equal(onlyValue(all, 'rate(m[1m])', 0), undefined);
  assert.equal(onlyValue(all, 'count_over_time(m[5m])', 3 * minute), 2);
});

test('irate and idelta look at the last two samples', () => {
  const all = [series('m', {}, [0, 100, 40], 10_000)];
  assert.equal(onlyValue(all, 'irate(m[1m])', 20_000), 4);
  assert.equal(onlyValue(all, 'idelta(m[1m])', 20_000), -60);
});

test('resets and changes are counted between samples', () => {
  const all = [series('m', {}, [1, 1, 3, 2, Number.NaN, Number.NaN, 0])];
  assert.equal(onlyValue(all, 'resets(m[10m])', 6 * minute), 1);
  assert.equal(onlyValue(all, 'changes(m[10m])', 6 * minute), 4);
});

test('a window that slides gives what a single one gives', () => {
  const all = [series('m', {}, [0, 5, 9, 2, 4, 1, 7, 7, 9])];
  const sliding = range(all, 'increase(m[3m])', 0, 8 * minute, minute)['{}']!;
  for (const [second, value] of sliding) {
    assert.equal(onlyValue(all, 'increase(m[3m])', second * 1000), value);
  }
  assert.equal(sliding.length, 8);
});

test('anchored counts from the last sample before the range, without extrapolation', () => {
  const all = [series('m', {}, [0, 10, 20, 30])];
  assert.equal(onlyValue(all, 'increase(m[90s] anchored)', 3 * minute), 20);
});

test('smoothed interpolates at the bounds', () => {
  const all = [series('m', {}, [0, 10, 20, 30])];
  assert.equal(onlyValue(all, 'increase(m[1m] smoothed)', 150_000), 10);
  assert.equal(onlyValue(all, 'rate(m[30s] smoothed)', 75_000), 10 / 60);
});

test('anchored is refused where it means nothing', () => {
  const error = errorOf(() => instant([series('m', {}, [1, 2])], 'deriv(m[5m] anchored)', minute));
  assert.match(error.reason, /anchored modifier can only be used with: changes, delta/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, instant, onlyValue, series } from '../samples.ts';

const minute = 60_000;
const line = [series('m', {}, [0, 60, 120, 180])];

test('the slope of a line is its rise by the second', () => {
  assertClose(onlyValue(line, 'deriv(m[5m])', 3 * minute), 1);
});

test('a line is predicted along itself, from the time of evaluation', () => {
  assertClose(onlyValue(line, 'predict_linear(m[5m], 3600)', 3 * minute), 180 + 3600);
  assertClose(onlyValue(line, 'predict_linear(m[5m] offset 1m, 0)', 4 * minute), 240);
});

test('a constant has no slope', () => {
  assert.equal(onlyValue([series('m', {}, [7, 7, 7])], 'deriv(m[5m])', 2 * minute), 0);
});

test('double exponential smoothing follows a line exactly', () => {
  assertClose(onlyValue(line, 'double_exponential_smoothing(m[5m], 0.5, 0.1)', 3 * minute), 180);
});

test('smoothing factors lie between 0 and 1', () => {
  const query = () => instant(line, 'double_exponential_smoothing(m[5m], 1, 0.1)', 3 * minute);
  assert.throws(query, /invalid smoothing factor. Expected: 0 < sf < 1, got: 1/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInstant, evaluateRange } from '../../../workers/promql/index.ts';
import { errorOf, selectFrom, series } from './samples.ts';

const minute = 60_000;
const many = Array.from({ length: 100 }, (_, index) => series('m', { i: String(index) }, [1, 2, 3]));

test('a query that touches more samples than allowed is refused', () => {
  const select = selectFrom(many);
  const error = errorOf(() => evaluateInstant('sum(rate(m[3m]))', 2 * minute, select, { maxSamples: 200 }));
  assert.equal(error.kind, 'limit');
  assert.doesNotThrow(() => evaluateInstant('sum(rate(m[3m]))', 2 * minute, select, { maxSamples: 2000 }));
});

test('values that are made count as those that are read, before there is memory for them', () => {
  const changing = [
    series(
      'm',
      {},
      Array.from({ length: 5000 }, (_, index) => index),
      1000,
    ),
  ];
  const query = (endMs: number) =>
    evaluateRange('count_values("v", m)', 0, endMs, 1000, selectFrom(changing), { maxSamples: 1_000_000 });
  assert.equal(query(99_000).series.length, 100);
  assert.equal(errorOf(() => query(4_999_000)).kind, 'limit');
});

test('a subquery with millions of steps is refused before it is evaluated', () => {
  const error = errorOf(() => evaluateInstant('count_over_time(m[100y:1ms])', 0, selectFrom(many)));
  assert.equal(error.kind, 'limit');
});

test('more than 11,000 steps are refused', () => {
  const error = errorOf(() => evaluateRange('m', 0, 11_000_000, 1000, selectFrom(many)));
  assert.equal(error.kind, 'limit');
});

test('a cancelled query ends in the midst of it', () => {
  let asked = 0;
  const isCancelled = () => ++asked > 10;
  const error = errorOf(() => evaluateRange('m', 0, minute, 1000, selectFrom(many), { isCancelled }));
  assert.equal(error.kind, 'cancelled');
  assert.equal(asked, 11);
});

test('a function of one long range asks whether it is cancelled', () => {
  const long = [
    series(
      'm',
      {},
      Array.from({ length: 20_000 }, (_, index) => index),
      1000,
    ),
  ];
  let asked = 0;
  const isCancelled = () => ++asked > 5;
  const query = () =>
    evaluateRange('sum_over_time(m[5h])', 18_000_000, 19_999_000, 1000, selectFrom(long), { isCancelled });
  assert.equal(errorOf(query).kind, 'cancelled');
});

test('a range query of a string or a range vector is refused', () => {
  assert.match(
    errorOf(() => evaluateRange('"a"', 0, 1, 1, () => [])).reason,
    /must be Scalar or instant Vector/,
  );
  assert.match(errorOf(() => evaluateRange('m[5m]', 0, 1, 1, () => [])).reason, /range vector/);
});

test('a scalar over a range is a series without labels', () => {
  const { series: found } = evaluateRange('time()', 0, 2000, 1000, () => []);
  assert.deepEqual(found, [
    { labels: {}, timestampsMs: Float64Array.of(0, 1000, 2000), values: Float64Array.of(0, 1, 2) },
  ]);
});

test('the end of a range is not evaluated when no step falls on it', () => {
  const { series: found } = evaluateRange('time()', 0, 2500, 1000, () => []);
  assert.deepEqual(found[0]!.timestampsMs, Float64Array.of(0, 1000, 2000));
});

test('a range vector is answered with its samples, the left bound left out', () => {
  const result = evaluateInstant('m[2m]', 2 * minute, selectFrom([series('m', {}, [1, 2, 3])]));
  assert.equal(result.type, 'matrix');
  assert.deepEqual(result.series[0]!.timestampsMs, Float64Array.of(minute, 2 * minute));
});

test('an error of evaluation says where in the expression it arose', () => {
  const all = [series('a', { x: '1' }, [1]), series('b', { x: '1' }, [1])];
  const options = { delayedNameRemoval: false };
  const error = errorOf(() => evaluateInstant('1 + abs({x="1"})', 0, selectFrom(all), options));
  assert.equal(error.kind, 'execution');
  assert.equal(error.message, '1:5: vector cannot contain metrics with the same labelset');
});

test('names taken off at the end only let metrics of several names through one function', () => {
  const all = [series('a', { x: '1' }, [1, 2]), series('b', { x: '1' }, [1, 3])];
  const expr = 'label_replace(increase({x="1"}[2m]), "of", "$1", "__name__", "(.+)")';
  const select = selectFrom(all);
  assert.throws(() => evaluateInstant(expr, minute, select, { delayedNameRemoval: false }), /same labelset/);
  const result = evaluateInstant(expr, minute, select);
  assert.equal(result.type, 'vector');
  assert.deepEqual(
    result.samples.map(({ labels }) => labels),
    [
      { of: 'a', x: '1' },
      { of: 'b', x: '1' },
    ],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInstant, evaluateRange, type Matcher } from '../../../workers/promql/index.ts';
import { gap, instant, range, selectFrom, series, stale } from './samples.ts';

const minute = 60_000;

test('a sample counts for less than five minutes', () => {
  const all = [series('m', {}, [1])];
  assert.deepEqual(instant(all, 'm', 5 * minute - 1), [['m{}', 1]]);
  assert.deepEqual(instant(all, 'm', 5 * minute), []);
});

test('a marker of staleness ends a series at once', () => {
  const all = [series('m', {}, [1, stale, gap, 4])];
  assert.deepEqual(range(all, 'm', 0, 3 * minute, minute), {
    'm{}': [
      [0, 1],
      [180, 4],
    ],
  });
});

test('a NaN that is no marker is a value', () => {
  assert.deepEqual(instant([series('m', {}, [Number.NaN])], 'm', 0), [['m{}', Number.NaN]]);
});

test('an offset looks back, a negative one ahead', () => {
  const all = [series('m', {}, [0, 1, 2, 3])];
  assert.deepEqual(instant(all, 'm offset 1m', 2 * minute), [['m{}', 1]]);
  assert.deepEqual(instant(all, 'm offset -1m', 2 * minute), [['m{}', 3]]);
});

test('@ fixes the time for all steps', () => {
  const all = [series('m', {}, [0, 1, 2, 3])];
  const steps = (value: number) => ({ 'm{}': [0, 60, 120].map((time) => [time, value]) });
  assert.deepEqual(range(all, 'm @ 60', 0, 2 * minute, minute), steps(1));
  assert.deepEqual(range(all, 'm @ end()', 0, 2 * minute, minute), steps(2));
  assert.deepEqual(range(all, 'm @ 180 offset 1m', 0, 2 * minute, minute), steps(2));
});

test('timestamp() gives the times of the samples themselves', () => {
  const all = [series('m', {}, [0, 1])];
  assert.deepEqual(instant(all, 'timestamp(m)', 3 * minute), [['{}', 60]]);
  assert.deepEqual(instant(all, 'timestamp(m + 1)', 3 * minute), [['{}', 180]]);
});

test('smoothed interpolates between the samples around a step', () => {
  const all = [series('m', {}, [0, 10])];
  assert.deepEqual(range(all, 'm smoothed', 0, 90_000, 30_000), {
    'm{}': [
      [0, 0],
      [30, 5],
      [60, 10],
      [90, 10],
    ],
  });
});

test('asks for the samples that count and no others', () => {
  const asked: [number, number][] = [];
  const select = (_: Matcher[], startMs: number, endMs: number) => {
    asked.push([startMs, endMs]);
    return [];
  };
  evaluateInstant('m offset 1m', 10 * minute, select);
  evaluateRange('rate(m[2m])', 10 * minute, 20 * minute, minute, select);
  assert.deepEqual(asked, [
    [4 * minute + 1, 9 * minute],
    [8 * minute + 1, 20 * minute],
  ]);
});

test('hands regular expressions on in a form that JavaScript reads as RE2 does', () => {
  const asked: Matcher[] = [];
  const select = (matchers: Matcher[]) => {
    asked.push(...matchers);
    return [];
  };
  evaluateInstant('{job=~"(?i:api)-[[:digit:]]+", x!~"a|b.*"}', 0, select);
  assert.deepEqual(asked, [
    { name: 'job', op: '=~', value: '[Aa][Pp][Ii]\\x2d[0-9]+' },
    { name: 'x', op: '!~', value: 'a|b.*' },
  ]);
});

test('a label named __proto__ is a label like any other', () => {
  const one = series('m', {}, [1]);
  Object.defineProperty(one.labels, '__proto__', { value: 'x', enumerable: true });
  const result = evaluateInstant('sum by (__proto__) (m{__proto__="x"})', 0, selectFrom([one]));
  assert.equal(result.type, 'vector');
  assert.deepEqual(Object.entries(result.samples[0]!.labels), [['__proto__', 'x']]);
});

test('a name with dots is selected in quotes', () => {
  const all = [series('my.metric', { 'a.b': 'c' }, [1])];
  assert.equal(instant(all, '{"my.metric", "a.b"="c"}', 0).length, 1);
});

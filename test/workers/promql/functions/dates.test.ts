import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, onlyValue } from '../samples.ts';

/** Seconds of UTC, and what the functions say of them. */
const dates: [string, Record<string, number>][] = [
  ['2024-02-29T23:59:59Z', { year: 2024, month: 2, day_of_month: 29, day_of_year: 60, days_in_month: 29 }],
  ['2100-03-01T00:00:00Z', { year: 2100, month: 3, day_of_month: 1, day_of_year: 60, day_of_week: 1 }],
  ['1969-12-31T23:59:00Z', { year: 1969, month: 12, day_of_month: 31, hour: 23, minute: 59, day_of_week: 3 }],
  ['1600-01-01T12:30:00Z', { year: 1600, day_of_year: 1, days_in_month: 31, hour: 12, minute: 30 }],
];

for (const [date, expected] of dates) {
  for (const [name, value] of Object.entries(expected)) {
    test(`${name} of ${date} is ${value}`, () => {
      assert.equal(onlyValue([], `${name}(vector(${Date.parse(date) / 1000}))`, 0), value);
    });
  }
}

test('without an argument the time of evaluation counts', () => {
  assert.deepEqual(instant([], 'hour()', 7_200_000), [['{}', 2]]);
});

test('what is no time has no date', () => {
  assert.equal(onlyValue([], 'year(vector(Inf))', 0), Number.NaN);
  assert.equal(onlyValue([], 'day_of_year(vector(1e300))', 0), Number.NaN);
});

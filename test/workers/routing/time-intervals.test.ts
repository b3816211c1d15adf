import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NumberRange, TimeInterval } from '../../../workers/contract/alerts.ts';
import { inInterval, inIntervals } from '../../../workers/routing/time-intervals.ts';

const always: TimeInterval = {
  times: [],
  weekdays: [],
  daysOfMonth: [],
  months: [],
  years: [],
  location: 'UTC',
};
const range = (from: number, to = from): NumberRange => ({ from, to });

describe('an interval of time', () => {
  const table: [name: string, interval: Partial<TimeInterval>, time: string, isIn: boolean][] = [
    ['without conditions is always', {}, '2024-02-29T12:00:00Z', true],
    ['has its first minute', { times: [range(540, 1020)] }, '2024-01-01T09:00:00Z', true],
    ['has the second before its end', { times: [range(540, 1020)] }, '2024-01-01T16:59:59Z', true],
    ['does not have its last minute', { times: [range(540, 1020)] }, '2024-01-01T17:00:00Z', false],
    ['may end with the day', { times: [range(1380, 1440)] }, '2024-01-01T23:59:59Z', true],
    ['has both weekdays at its ends', { weekdays: [range(1, 5)] }, '2024-03-08T23:59:00Z', true],
    ['counts weekdays from Sunday', { weekdays: [range(0)] }, '2024-03-10T00:00:00Z', true],
    ['has no other weekday', { weekdays: [range(1, 5)] }, '2024-03-09T00:00:00Z', false],
    ['has any of several ranges', { weekdays: [range(0), range(6)] }, '2024-03-09T00:00:00Z', true],
    ['counts days from the end', { daysOfMonth: [range(-1)] }, '2024-02-29T00:00:00Z', true],
    ['counts days from the end of each month', { daysOfMonth: [range(-1)] }, '2024-02-28T00:00:00Z', false],
    ['ends with the month', { daysOfMonth: [range(25, 31)] }, '2023-02-28T00:00:00Z', true],
    ['is empty when it begins after the month', { daysOfMonth: [range(31)] }, '2023-04-30T00:00:00Z', false],
    ['may go from a day to one from the end', { daysOfMonth: [range(3, -3)] }, '2023-04-28T00:00:00Z', true],
    ['ends at the day from the end', { daysOfMonth: [range(3, -3)] }, '2023-04-29T00:00:00Z', false],
    ['knows months', { months: [range(3, 5)] }, '2023-05-31T23:59:59Z', true],
    ['knows years', { years: [range(2020, 2022)] }, '2023-01-01T00:00:00Z', false],
    [
      'asks for all of its conditions',
      { years: [range(2023)], months: [range(2)] },
      '2023-01-01T00:00:00Z',
      false,
    ],
    [
      'is on the clocks of its zone',
      { times: [range(540, 1020)], location: 'Europe/Berlin' },
      '2024-01-15T08:00:00Z',
      true,
    ],
    [
      'follows summer time',
      { times: [range(540, 1020)], location: 'Europe/Berlin' },
      '2024-07-15T07:00:00Z',
      true,
    ],
    [
      'has the weekday of its zone',
      { weekdays: [range(1)], location: 'Australia/Sydney' },
      '2024-03-10T14:00:00Z',
      true,
    ],
    [
      'has the midnight of its zone as minute 0',
      { times: [range(0, 1)], location: 'America/New_York' },
      '2024-01-15T05:00:30Z',
      true,
    ],
    [
      'has the year of its zone',
      { years: [range(2025)], location: 'Asia/Tokyo' },
      '2024-12-31T15:00:00Z',
      true,
    ],
  ];
  for (const [name, interval, time, isIn] of table) {
    test(name, () => assert.equal(inInterval({ ...always, ...interval }, Date.parse(time)), isIn));
  }

  test('may be one of several', () => {
    const time = Date.parse('2024-03-09T00:00:00Z');
    const [monday, saturday] = [
      { ...always, weekdays: [range(1)] },
      { ...always, weekdays: [range(6)] },
    ];
    assert.equal(inIntervals([monday, saturday], time), true);
    assert.equal(inIntervals([monday], time), false);
    assert.equal(inIntervals([], time), false);
  });

  test('of this machine is on its own clocks', () => {
    const time = new Date(2024, 5, 1, 9, 30);
    const half = { ...always, times: [range(570, 571)], location: 'Local' };
    assert.equal(inInterval(half, time.getTime()), true);
  });

  test('refuses a zone that is not known', () => {
    assert.throws(() => inInterval({ ...always, location: 'Mars/Olympus' }, 0), RangeError);
  });
});

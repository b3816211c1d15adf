import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RuleSchedule } from '../../../workers/rules/rule-schedule.ts';
import { group } from './rules-at-work.ts';

const evaluatedAt = (schedule: RuleSchedule, timesMs: readonly number[]) =>
  timesMs.filter((timeMs) => {
    const isDue = schedule.due(timeMs).includes(0);
    if (isDue) schedule.evaluated(0, timeMs);
    return isDue;
  });

describe('a group is due', () => {
  test('at first, and then once a multiple of its interval', () => {
    const schedule = new RuleSchedule([group([], { intervalMs: 4000 })]);
    assert.deepEqual(
      evaluatedAt(schedule, [3000, 4000, 6000, 7999, 8000, 13_000, 15_000, 16_000]),
      [3000, 4000, 8000, 13_000, 16_000],
    );
  });

  test('at a time of its own within a long interval, always the same and at a tick', () => {
    const groups = Array.from({ length: 50 }, (_, index) =>
      group([], { intervalMs: 60_000, name: `g${index}` }),
    );
    const times = Array.from({ length: 61 }, (_, tick) => 6_000_000 + tick * 2000);
    const begins = groups.map((own) => {
      const schedule = new RuleSchedule([own, group([], { intervalMs: 2000 })]);
      schedule.evaluated(0, times[0]!);
      return evaluatedAt(schedule, times);
    });
    assert.ok(begins.every((found) => found.length === 2 && found[1]! - found[0]! === 60_000));
    assert.ok(new Set(begins.map(([first]) => first)).size > 10);
  });

  test('when the clock was set back', () => {
    const schedule = new RuleSchedule([group([], { intervalMs: 4000 })]);
    assert.deepEqual(
      evaluatedAt(schedule, [400_000, 404_000, 40_000, 42_000, 44_000]),
      [400_000, 404_000, 40_000, 44_000],
    );
  });

  test('at the next slot of any of them, which can be asked for', () => {
    const schedule = new RuleSchedule([group([], { intervalMs: 4000 }), group([], { intervalMs: 6000 })]);
    assert.equal(schedule.nextDueMs(13_000), 13_000);
    schedule.evaluated(0, 13_000);
    schedule.evaluated(1, 13_000);
    assert.equal(schedule.nextDueMs(13_000), 16_000);
    assert.equal(new RuleSchedule([]).nextDueMs(13_000), Number.POSITIVE_INFINITY);
  });
});

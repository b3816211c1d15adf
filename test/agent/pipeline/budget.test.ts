import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../agent/clock.ts';
import { createLog } from '../../../agent/log.ts';
import { Budget, BudgetKeeper } from '../../../agent/pipeline/budget.ts';
import { SelfStats } from '../../../agent/selfstats.ts';

/** Passes minutes in steps of 2 s at this CPU and gives the level after each. */
function minutes(budget: Budget, count: number, percent: number): number[] {
  return Array.from({ length: count }, () => {
    for (let i = 0; i < 30; i++) budget.note((2000 * percent) / 100, 2000);
    return budget.state().level;
  });
}

test('a budget that is kept changes nothing', () => {
  const budget = new Budget(2);
  assert.deepEqual(minutes(budget, 10, 1.9), Array(10).fill(0));
  assert.deepEqual(budget.state(), { level: 0, slowFactor: 1, intervalFactor: 1 });
});

test('over it for a minute optional work is done less often, then the interval is doubled, at most three times', () => {
  const budget = new Budget(2);
  assert.deepEqual(minutes(budget, 1, 3), [1]);
  assert.deepEqual(budget.state(), { level: 1, slowFactor: 6, intervalFactor: 1 });
  assert.deepEqual(minutes(budget, 5, 3), [2, 3, 4, 4, 4]);
  assert.equal(budget.state().intervalFactor, 8);
});

test('a burst shorter than a minute that keeps the mean below the budget changes nothing', () => {
  const budget = new Budget(2);
  for (let i = 0; i < 30; i++) budget.note(i < 5 ? 200 : 4, 2000);
  assert.equal(budget.state().level, 0);
});

test('well below it for five minutes it goes back by one level at a time', () => {
  const budget = new Budget(2);
  minutes(budget, 2, 3);
  assert.deepEqual(minutes(budget, 10, 0.5), [2, 2, 2, 2, 1, 1, 1, 1, 1, 0]);
});

test('a little below it the level stays: a step back would pass the budget again', () => {
  const budget = new Budget(2);
  minutes(budget, 2, 3);
  assert.deepEqual(minutes(budget, 10, 1.5), Array(10).fill(2));
});

test('less often done optional work comes back with a fifth of the budget left, after five minutes', () => {
  const budget = new Budget(2);
  minutes(budget, 1, 3);
  assert.deepEqual(minutes(budget, 5, 1.43), [1, 1, 1, 1, 0]);
});

test('where that is too much again the next try waits twice as long, and five minutes once it is kept', () => {
  const budget = new Budget(2);
  minutes(budget, 1, 3);
  minutes(budget, 5, 1.4);
  assert.deepEqual(minutes(budget, 1, 2.2), [1]);
  assert.deepEqual(minutes(budget, 10, 1.4), [1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  minutes(budget, 11, 1.4);
  minutes(budget, 1, 3);
  assert.deepEqual(minutes(budget, 5, 1.4), [1, 1, 1, 1, 0]);
});

test('what the first half minute costs does not count', () => {
  let nowMs = 0;
  const stats = new SelfStats();
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const keeper = new BudgetKeeper(0.2, 2000, { stats, clock, log: createLog('error') });
  const burn = (untilMs: number) => {
    for (; nowMs < untilMs; nowMs += 2000) keeper.note();
  };
  const spend = () => {
    for (const begin = process.cpuUsage().user; process.cpuUsage().user - begin < 300_000; );
  };
  spend();
  burn(92_000);
  const first = stats.budgetLevel;
  spend();
  burn(154_000);
  assert.deepEqual([first, stats.budgetLevel], [0, 1]);
});

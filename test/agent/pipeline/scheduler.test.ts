import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { systemClock } from '../../../agent/clock.ts';
import { boundaryAt, nextBoundary, Scheduler } from '../../../agent/pipeline/scheduler.ts';

test('the next boundary is a multiple of the interval, at most a little over one interval away', () => {
  for (let nowMs = 0; nowMs < 20_000; nowMs += 37) {
    const nextMs = nextBoundary(nowMs, 2000);
    assert.equal(nextMs % 2000, 0);
    assert.ok(nextMs > nowMs && nextMs - nowMs <= 2200, `${nowMs} → ${nextMs}`);
  }
});

test('a timer that comes early or late by a little still belongs to its boundary', () => {
  assert.equal(boundaryAt(3999, 2000), 4000);
  assert.equal(boundaryAt(4150, 2000), 4000);
  assert.equal(boundaryAt(4900, 2000), 4900);
  assert.equal(nextBoundary(3999, 2000), 6000);
});

test('ticks come once an interval, also when the clock jumps', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1_000_500;
  const times: number[] = [];
  const scheduler = new Scheduler(
    () => 2000,
    { ...systemClock, now: () => nowMs },
    (timeMs) => times.push(timeMs),
  );
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i += 100) {
      nowMs += 100;
      mock.timers.tick(100);
    }
  };
  scheduler.start();
  pass(6000);
  assert.deepEqual(times, [1_002_000, 1_004_000, 1_006_000]);
  nowMs += 3_600_000;
  pass(4000);
  nowMs -= 3_600_000;
  pass(4000);
  assert.equal(times.length, 7);
  assert.equal(new Set(times).size, 7);
  scheduler.stop();
  pass(4000);
  assert.equal(times.length, 7);
  mock.timers.reset();
});

test('a process that was stopped is told how many ticks did not come', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let passedMs = 500;
  const missed: number[] = [];
  const clock = { ...systemClock, now: () => 1_000_000 + passedMs, monotonicMs: () => passedMs };
  const scheduler = new Scheduler(
    () => 2000,
    clock,
    (_, count) => missed.push(count),
  );
  scheduler.start();
  passedMs += 1500;
  mock.timers.tick(1500);
  passedMs += 7000;
  mock.timers.tick(2000);
  scheduler.stop();
  mock.timers.reset();
  assert.deepEqual(missed, [0, 2]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { one, play, routing, way } from './stage.ts';

describe('an alert that flaps', () => {
  const flaps = (from: number, to: number, period: number) =>
    Array.from({ length: Math.floor((to - from) / period) }, (_, i) =>
      one(from + i * period, from + i * period + period / 2),
    );
  const fast = routing({ groupWaitMs: 0, groupIntervalMs: 10_000, repeatIntervalMs: 3_600_000 });

  test('is told once a repeat interval and marked', () => {
    const repeated = play({
      routing: routing({ repeatIntervalMs: 1_800_000 }),
      episodes: flaps(0, 4_000, 2),
      untilSeconds: 3_900,
    });
    assert.deepEqual(
      repeated.lines.map((text) => text.split(' ').slice(1).join(' ')),
      [`new ${way} a~`, `repeat ${way} a~`, `repeat ${way} a~`],
    );
  });

  test('makes no more notifications than it takes to notice, however short the interval', () => {
    const { lines } = play({ routing: fast, episodes: flaps(0, 3000, 20), untilSeconds: 2999 });
    assert.deepEqual(lines, [
      `0 new ${way} a+`,
      `10 resolved ${way} a-`,
      `20 new ${way} a+`,
      `30 resolved ${way} a-`,
      `40 new ${way} a+`,
    ]);
  });

  test('is told to have ended when it is steady', () => {
    const { lines } = play({ routing: fast, episodes: flaps(0, 100, 20), untilSeconds: 1000 });
    assert.deepEqual(lines.slice(4), [`40 new ${way} a+`, `390 resolved ${way} a-`]);
  });

  test('is told to fire when it fires steadily', () => {
    const { lines } = play({ routing: fast, episodes: [...flaps(0, 100, 20), one(100)], untilSeconds: 1000 });
    assert.deepEqual(lines.slice(5), [`400 new ${way} a+`]);
  });

  test('is noticed over restarts', () => {
    const timeline = { routing: routing(), episodes: flaps(0, 3000, 2), untilSeconds: 2999 };
    const restarts = Array.from({ length: 290 }, (_, i) => i * 10 + 5);
    assert.deepEqual(play({ ...timeline, restarts }).lines, play(timeline).lines);
  });

  test('keeps at most ten of its turns', () => {
    const { kept } = play({ routing: routing(), episodes: flaps(0, 100, 2), untilSeconds: 99 });
    assert.deepEqual(
      [...kept.values()].map(({ turnsMs }) => Object.values(turnsMs).map((turns) => turns.length)),
      [[10]],
    );
  });

  test('is shown as flapping', () => {
    const { last } = play({ routing: routing(), episodes: [...flaps(0, 20, 2), one(20)], untilSeconds: 21 });
    assert.equal(last.active[0]!.isFlapping, true);
  });
});

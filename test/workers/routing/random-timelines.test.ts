import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notification } from '../../../workers/contract/alerts.ts';
import { parseMatchers } from '../../../workers/routing/matchers.ts';
import { type Episode, type Play, play, rootRoute, routing } from './stage.ts';

const timelines = 40;
const untilSeconds = 2000;
const stepSeconds = 5;

/** A linear congruential generator: the same timelines each time. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomPlay(seed: number): Play {
  const random = randomOf(seed);
  const episodes: Episode[] = [];
  for (let instance = 0; instance < 6; instance++) {
    const labels = {
      instance: String(instance),
      severity: random(2) ? 'critical' : 'warning',
      team: `${random(3)}`,
    };
    let from = random(300);
    while (from < untilSeconds) {
      const to = from + 5 + random(random(2) ? 40 : 900);
      episodes.push({ name: `a${instance % 2}`, labels, from, to });
      from = to + 5 + random(random(2) ? 40 : 900);
    }
  }
  const times = {
    groupWaitMs: [0, 10_000, 30_000][random(3)]!,
    groupIntervalMs: [10_000, 60_000, 300_000][random(3)]!,
    repeatIntervalMs: [60_000, 600_000, 14_400_000][random(3)]!,
  };
  const team = {
    ...rootRoute,
    ...times,
    key: '{}/{team="1"}',
    matchers: parseMatchers('team="1"'),
    continues: true,
  };
  const all = { ...rootRoute, ...times, key: '{}/{}', groupBy: null };
  const inhibitRules = [
    {
      sourceMatchers: parseMatchers('severity=critical'),
      targetMatchers: parseMatchers('severity=warning'),
      equal: ['alertname'],
    },
  ];
  return {
    routing: routing({ ...times, routes: [team, all] }, { inhibitRules: random(2) ? inhibitRules : [] }),
    episodes,
    untilSeconds,
    stepSeconds,
  };
}

/** Of each group and alert: it begins with firing, an end follows only a firing, and ids never come twice. */
function assertOrderly(notifications: readonly Notification[]): void {
  const firing = new Set<string>();
  const ids = new Set<string>();
  for (const { id, groupKey, alerts } of notifications) {
    assert.ok(!ids.has(id), `${id} twice`);
    ids.add(id);
    for (const { fingerprint, status } of alerts) {
      const key = `${groupKey} ${fingerprint}`;
      if (status === 'resolved') assert.ok(firing.delete(key), `${key} ended before it was told to fire`);
      else firing.add(key);
    }
  }
}

test('an end is told once and only after its beginning, whatever happens', () => {
  let told = 0;
  for (let seed = 1; seed <= timelines; seed++) {
    const { notifications } = play(randomPlay(seed));
    assertOrderly(notifications);
    told += notifications.length;
  }
  assert.ok(told > timelines);
});

test('a dispatcher that is made anew at each step tells the same', () => {
  const restarts = Array.from({ length: untilSeconds / stepSeconds }, (_, i) => i * stepSeconds);
  for (let seed = 1; seed <= timelines; seed++) {
    const timeline = randomPlay(seed);
    const restarted = play({ ...timeline, restarts });
    assertOrderly(restarted.notifications);
    assert.deepEqual(restarted.lines, play(timeline).lines, `seed ${seed}`);
  }
});

test('in the end receivers know what fires', () => {
  for (let seed = 1; seed <= timelines; seed++) {
    const timeline = randomPlay(seed);
    const { notifications } = play({
      ...timeline,
      routing: { ...timeline.routing, inhibitRules: [] },
      episodes: timeline.episodes.filter(({ to }) => to! < untilSeconds - 1000),
    });
    const known = new Map<string, string>();
    for (const { groupKey, alerts } of notifications)
      for (const { fingerprint, status } of alerts) known.set(`${groupKey} ${fingerprint}`, status);
    assert.ok(known.size > 0);
    for (const [key, status] of known) assert.equal(status, 'resolved', `seed ${seed} ${key}`);
  }
});

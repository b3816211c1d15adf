import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Routing } from '../../../workers/contract/alerts.ts';
import { Dispatcher } from '../../../workers/routing/dispatcher.ts';
import { alertOf, noWishes, one, play, routing, startMs, two, way } from './stage.ts';

describe('a dispatcher', () => {
  test('forgets a group whose alerts have ended and are told', () => {
    const { kept, last } = play({
      routing: routing({ repeatIntervalMs: 300_000 }),
      episodes: [one(0, 100)],
      untilSeconds: 800,
    });
    assert.equal(kept.size, 0);
    assert.equal(last.nextFlushMs, 0);
  });

  test('asks for an ended alert until its end is told', () => {
    const untold = (untilSeconds: number) =>
      play({
        routing: routing({ groupIntervalMs: 3_600_000 }),
        episodes: [one(0, 100)],
        untilSeconds,
        stepSeconds: 10,
      });
    assert.equal(untold(3000).last.untold.size, 1);
    assert.deepEqual(untold(3700).lines, [`30 new ${way} a+`, `3630 resolved ${way} a-`]);
    assert.equal(untold(3700).last.untold.size, 0);
  });

  test('makes the same notification of the same state', () => {
    const alert = alertOf(one(0), false);
    const once = () =>
      new Dispatcher(routing({ groupWaitMs: 0 }), [], { externalUrl: '' }).step(
        [alert],
        startMs,
        noWishes,
        () => null,
      ).notifications[0]!;
    assert.deepEqual(once(), once());
  });

  test('gives each notification its own id', () => {
    const { notifications } = play({
      routing: routing({ repeatIntervalMs: 300_000, groupIntervalMs: 60_000 }),
      episodes: [one(0, 100), one(2000, 2100), { ...two, from: 50, to: 3000 }],
      untilSeconds: 5000,
    });
    assert.ok(notifications.length > 10);
    assert.equal(new Set(notifications.map(({ id }) => id)).size, notifications.length);
  });

  test('tells a receiver that is new to a route what fires, and forgets groups of routes that are gone', () => {
    const { kept } = play({ routing: routing(), episodes: [one(0)], untilSeconds: 100 });
    const changed = routing(
      { receiver: 'other' },
      {
        receivers: [{ name: 'other', integrations: [{ key: 'webhook/0', sendResolved: true }] }],
      },
    );
    const step = (settings: Routing) =>
      new Dispatcher(settings, [...kept.values()], { externalUrl: '' }).step(
        [alertOf(one(0), false)],
        startMs + 101_000,
        noWishes,
        () => null,
      );
    assert.deepEqual(
      step(changed).notifications.map(({ receiver }) => receiver),
      ['other'],
    );
    assert.deepEqual(step(routing({ key: '{x}' })).forgottenGroups, [...kept.keys()]);
  });

  test('says at most one thing more when the clock jumps a year ahead and back', () => {
    const dispatcher = new Dispatcher(routing(), [], { externalUrl: '' });
    const alert = alertOf(one(0), false);
    const told: number[] = [];
    const year = 365 * 86_400_000;
    for (let second = 0; second < 2000; second++) {
      const timeMs = startMs + second * 1000 + (second >= 600 && second < 610 ? year : 0);
      const { notifications, nextFlushMs } = dispatcher.step([alert], timeMs, noWishes, () => null);
      told.push(...notifications.map(() => second));
      assert.ok(nextFlushMs <= timeMs + 300_000);
    }
    assert.deepEqual(told, [30, 600]);
  });

  test('keeps and tells nothing where nothing changes', () => {
    const dispatcher = new Dispatcher(routing(), [], { externalUrl: '' });
    const alert = alertOf(one(0), false);
    const step = (second: number) => dispatcher.step([alert], startMs + second * 1000, noWishes, () => null);
    step(0);
    const { groups, forgottenGroups, notifications } = step(1);
    assert.deepEqual(
      { groups, forgottenGroups, notifications },
      { groups: [], forgottenGroups: [], notifications: [] },
    );
  });

  test('puts cause, reach and unknown sources into the annotations, and links', () => {
    const dispatcher = new Dispatcher(routing({ groupWaitMs: 0 }), [], { externalUrl: 'http://crm:7070/' });
    const alert = alertOf(
      {
        ...one(0),
        change: {
          annotations: { summary: 'x' },
          cause: { kind: 'no_workers', text: 'nobody works', moved: [] },
          reach: { users: 3, sessions: null, text: '3 users' },
          unknownSources: ['queues', 'redis'],
        },
      },
      false,
    );
    const [notification] = dispatcher.step([alert], startMs, noWishes, () => null).notifications;
    assert.deepEqual(notification!.alerts, [
      {
        status: 'firing',
        fingerprint: alert.fingerprint,
        labels: { alertname: 'a' },
        annotations: { summary: 'x', cause: 'nobody works', reach: '3 users', unknown: 'queues, redis' },
        startsAtMs: startMs,
        endsAtMs: 0,
        value: 1,
        generatorUrl: `http://crm:7070/?alert=${alert.id}`,
      },
    ]);
  });

  test('cuts a notification of thousands of alerts and counts the rest', () => {
    const dispatcher = new Dispatcher(routing({ groupWaitMs: 0 }), [], { externalUrl: '' });
    const alerts = Array.from({ length: 10_000 }, (_, i) =>
      alertOf({ name: 'a', labels: { instance: String(i) }, from: 0 }, false),
    );
    const { notifications, active } = dispatcher.step(alerts, startMs, noWishes, () => null);
    assert.deepEqual(
      notifications.map(({ alerts: told, truncatedAlerts }) => [told.length, truncatedAlerts]),
      [[1000, 9000]],
    );
    assert.equal(active.length, 10_000);
  });

  test('takes the newest episode of a fingerprint, in whatever order they come', () => {
    const dispatcher = new Dispatcher(routing({ groupWaitMs: 0 }), [], { externalUrl: '' });
    const episodes = [alertOf(one(50), false), alertOf(one(0, 40), true)];
    for (const order of [episodes, episodes.toReversed()]) {
      const { notifications } = dispatcher.step(order, startMs + 60_000, noWishes, () => null);
      for (const { alerts } of notifications) assert.equal(alerts[0]!.startsAtMs, startMs + 50_000);
    }
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { AlertChanges } from '../../../workers/contract/alert-tasks.ts';
import { openDatabase } from '../../../workers/store/database.ts';
import type { Store } from '../../../workers/store/store.ts';
import {
  alertOf,
  changesOf,
  groupOf,
  notificationOf,
  recordingOf,
  resolvedOf,
  silenceOf,
} from './alerts-made.ts';
import { storeFor } from './fixture.ts';

function commit(store: Store, changed: Partial<AlertChanges>) {
  return store.alerts({ do: 'commit', changes: changesOf(changed) });
}

const idsOf = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);
const minuteMs = 60_000;

test('what an evaluation changed is there after a restart, for writer and reader', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const changes = changesOf({
    alerts: [alertOf(), alertOf({ id: 'b-2', state: 'pending', cause: null, reach: null })],
    groups: [groupOf({ notifiedFiring: [alertOf().id], count: 1 })],
    notifications: [notificationOf()],
    recordings: [recordingOf()],
  });
  assert.deepEqual(store.alerts({ do: 'commit', changes }), { found: true, droppedNotificationsTotal: 0 });
  store.close();
  const kept = {
    alerts: changes.alerts,
    groups: changes.groups,
    silences: [],
    acknowledgements: {},
    waiting: [{ notification: notificationOf(), attempts: 0, nextAttemptMs: 0 }],
    waitingBeyond: [],
    evaluatedAtMs: 5000,
  };
  assert.deepEqual(open().keptAlerts(), kept);
  const reader = read();
  assert.deepEqual(reader.keptAlerts(), kept);
  assert.deepEqual(reader.alert(alertOf().id), alertOf());
  assert.deepEqual(reader.alertRecording(alertOf().id), recordingOf());
  assert.equal(reader.alert('none'), undefined);
  assert.equal(reader.alertRecording('none'), undefined);
});

test('a store without alerts keeps nothing', (context) => {
  const { open, read } = storeFor(context);
  open();
  const nothing = {
    alerts: [],
    groups: [],
    silences: [],
    acknowledgements: {},
    waiting: [],
    waitingBeyond: [],
    evaluatedAtMs: 0,
  };
  assert.deepEqual(read().keptAlerts(), nothing);
});

test('the same changes once more change nothing', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const changes = {
    alerts: [alertOf()],
    forgottenAlerts: ['gone-1'],
    groups: [groupOf()],
    forgottenGroups: ['gone'],
    notifications: [notificationOf()],
    recordings: [recordingOf()],
  };
  commit(store, {
    alerts: [alertOf({ id: 'gone-1', state: 'pending' })],
    groups: [groupOf({ key: 'gone' })],
  });
  commit(store, changes);
  const before = store.keptAlerts();
  store.alerts({ do: 'settle', id: 'n1', outcome: 'later', attempts: 2, nextAttemptMs: 9000, problem: '' });
  commit(store, changes);
  const waiting = [{ notification: notificationOf(), attempts: 2, nextAttemptMs: 9000 }];
  assert.deepEqual(store.keptAlerts(), { ...before, waiting }, 'how often it was tried is not forgotten');
  assert.deepEqual(idsOf(before.alerts), [alertOf().id]);
});

test('a commit that fails changes nothing at all', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const recording = recordingOf({ toMs: Number.NaN });
  const changes = { alerts: [alertOf()], groups: [groupOf()], notifications: [notificationOf()] };
  assert.throws(() => commit(store, { ...changes, recordings: [recording] }), { code: 'sql' });
  assert.deepEqual(store.keptAlerts().alerts, []);
  assert.deepEqual(store.keptAlerts().waiting, []);
  commit(store, changes);
  assert.equal(store.keptAlerts().alerts.length, 1);
});

test('values that are no numbers of JSON come back as they were', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const numbers = [Number.NaN, Infinity, -Infinity, 0.1, 1e300];
  const alerts = numbers.map((value, i) =>
    alertOf({
      id: `a-${i}`,
      activeAtMs: i,
      value,
      labels: { alertname: 'NaN', le: '+Inf' },
      cause: { kind: 'unknown', text: '', moved: [{ series: 's', now: value, usual: -value, score: value }] },
    }),
  );
  const told = notificationOf().alerts[0]!;
  const notification = notificationOf({ alerts: numbers.map((value) => ({ ...told, value })) });
  commit(store, { alerts, notifications: [notification] });
  const kept = read().keptAlerts();
  assert.deepEqual(kept.alerts, alerts);
  assert.deepEqual(kept.waiting[0]!.notification, notification);
});

test('any text comes back as it was', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const texts = ['\0', '\ud800', '__proto__', "'; drop table alert; --", '\u{1f4a5}'.repeat(5000), ''];
  const alerts = texts.map((text, i) =>
    alertOf({
      id: `a-${i}`,
      labels: Object.fromEntries([
        ['__proto__', text],
        ['alertname', text],
      ]),
    }),
  );
  const groups = texts.map((text, i) => groupOf({ key: `${i}${text}`, labels: { a: text } }));
  const notifications = texts.map((text, i) => notificationOf({ id: `${i}${text}`, receiver: text }));
  commit(store, { alerts, groups, notifications });
  const kept = store.keptAlerts();
  assert.deepEqual(kept.alerts, alerts);
  assert.deepEqual(new Set(kept.groups.map(({ key }) => key)), new Set(groups.map(({ key }) => key)));
  assert.deepEqual(
    kept.waiting.map(({ notification }) => notification),
    notifications,
  );
  commit(store, { forgottenGroups: groups.map(({ key }) => key) });
  for (const { id } of notifications)
    store.alerts({ do: 'settle', id, outcome: 'sent', attempts: 1, nextAttemptMs: 0, problem: '' });
  assert.deepEqual([store.keptAlerts().groups, store.keptAlerts().waiting], [[], []]);
});

test('resolved alerts are kept for a quarter of an hour, and longer while a group still says that they fire', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const nowMs = 100 * minuteMs;
  const alerts = [
    resolvedOf('lately-1', nowMs - 15 * minuteMs, { activeAtMs: 1 }),
    resolvedOf('told-1', nowMs - 16 * minuteMs, { activeAtMs: 2 }),
    resolvedOf('untold-1', nowMs - 50 * minuteMs, { activeAtMs: 3 }),
  ];
  const groups = [groupOf({ notifiedFiring: ['untold-1', 'lately-1'], notifiedResolved: ['told-1'] })];
  commit(store, { timeMs: nowMs, alerts, groups });
  assert.deepEqual(idsOf(store.keptAlerts().alerts), ['lately-1', 'untold-1']);
});

test('pending and firing alerts are kept however old', (context) => {
  const { open } = storeFor(context);
  const store = open();
  commit(store, { timeMs: 1e12, alerts: [alertOf({ state: 'pending' }), alertOf({ id: 'f-1' })] });
  assert.equal(store.keptAlerts().alerts.length, 2);
});

test('silences are changed by id, removed, and kept for five days after they ended', (context) => {
  const { open } = storeFor(context);
  const store = open();
  store.alerts({ do: 'silence', silence: silenceOf() });
  store.alerts({ do: 'silence', silence: silenceOf({ comment: 'longer', endsAtMs: 200_000 }) });
  store.alerts({ do: 'silence', silence: silenceOf({ id: 's2' }) });
  assert.deepEqual(store.keptAlerts().silences, [
    silenceOf({ comment: 'longer', endsAtMs: 200_000 }),
    silenceOf({ id: 's2' }),
  ]);
  commit(store, { timeMs: 150_000 + 5 * 24 * 60 * minuteMs });
  assert.deepEqual(idsOf(store.keptAlerts().silences), ['s1']);
});

test('an acknowledgement stays with its alert, and goes with a pending one that ended', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const acknowledgement = { by: 'ann', comment: 'mine', atMs: 3000 };
  for (const alertId of [alertOf().id, 'p-1', 'nobody-1'])
    store.alerts({ do: 'acknowledge', alertId, acknowledgement });
  commit(store, { alerts: [alertOf(), alertOf({ id: 'p-1', state: 'pending' })] });
  commit(store, { alerts: [alertOf({ value: 7 })] });
  assert.deepEqual(Object.keys(store.keptAlerts().acknowledgements).sort(), [alertOf().id, 'p-1']);
  assert.deepEqual(store.keptAlerts().acknowledgements[alertOf().id], acknowledgement);
  commit(store, { forgottenAlerts: ['p-1'] });
  commit(store, { alerts: [alertOf({ id: 'p-1', state: 'pending' })] });
  assert.deepEqual(Object.keys(store.keptAlerts().acknowledgements), [alertOf().id]);
});

test('notifications wait in the order in which they came until they are sent or given up', (context) => {
  const { open } = storeFor(context);
  const store = open();
  commit(store, { notifications: ['z', 'a', 'm'].map((id) => notificationOf({ id })) });
  commit(store, { notifications: [notificationOf({ id: 'b' })] });
  const settle = (id: string, outcome: 'sent' | 'given_up' | 'later') =>
    store.alerts({ do: 'settle', id, outcome, attempts: 3, nextAttemptMs: 7000, problem: 'refused' }).found;
  assert.equal(settle('a', 'sent'), true);
  assert.equal(settle('m', 'given_up'), true);
  assert.equal(settle('z', 'later'), true);
  assert.equal(settle('a', 'later'), false);
  assert.deepEqual(
    store.keptAlerts().waiting.map(({ notification, ...tried }) => ({ id: notification.id, ...tried })),
    [
      { id: 'z', attempts: 3, nextAttemptMs: 7000 },
      { id: 'b', attempts: 0, nextAttemptMs: 0 },
    ],
  );
});

test('of many that wait it gives the oldest of each way out, as many as are held in memory, and counts the others', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const waiting = Array.from({ length: 1050 }, (_, i) => notificationOf({ id: `n${i}` }));
  const annotations = { summary: 'x'.repeat(1024 * 1024) };
  const alerts = notificationOf().alerts.map((alert) => ({ ...alert, annotations }));
  const large = Array.from({ length: 12 }, (_, i) =>
    notificationOf({ id: `l${i}`, receiver: 'boss', alerts }),
  );
  commit(store, { notifications: [...waiting, ...large] });
  const kept = store.keptAlerts();
  const idsOf = (receiver: string) =>
    kept.waiting.map(({ notification }) => notification).filter((one) => one.receiver === receiver);
  assert.deepEqual(idsOf('team'), waiting.slice(0, 1000));
  assert.deepEqual(idsOf('boss'), large.slice(0, 8));
  const integration = 'webhook/0';
  assert.deepEqual(kept.waitingBeyond, [
    { receiver: 'team', integration, count: 50 },
    { receiver: 'boss', integration, count: 4 },
  ]);
});

test('who pages sees each alert of the states asked once, newest first', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const states = ['pending', 'firing', 'resolved'] as const;
  const alerts = Array.from({ length: 30 }, (_, i) =>
    alertOf({
      id: `a-${i}`,
      state: states[i % 3]!,
      activeAtMs: Math.floor(i / 6),
      resolvedAtMs: i % 3 === 2 ? 9 : 0,
    }),
  );
  commit(store, { alerts });
  const reader = read();
  for (const asked of [['firing'], ['resolved', 'firing'], states, []] as (typeof states)[number][][]) {
    const expected = alerts
      .filter(({ state }) => asked.includes(state))
      .sort((a, b) => b.activeAtMs - a.activeAtMs || (a.id < b.id ? 1 : -1));
    const found = [];
    let before: { activeAtMs: number; id: string } | undefined;
    for (;;) {
      const page = reader.alertsPage({ states: asked, limit: 4, before });
      found.push(...page);
      const last = page.at(-1);
      if (!last) break;
      before = { activeAtMs: last.activeAtMs, id: last.id };
    }
    assert.deepEqual(idsOf(found), idsOf(expected));
  }
});

test('a row that cannot be read is left out, and the others are there', (context) => {
  const { open, path, read } = storeFor(context);
  const store = open();
  commit(store, {
    alerts: [alertOf(), alertOf({ id: 'bad-1' })],
    notifications: [notificationOf(), notificationOf({ id: 'bad' })],
    recordings: [recordingOf()],
  });
  store.close();
  const database = openDatabase(path);
  for (const where of ["alert set data = x'ff' where id = 'bad-1'", "outbox set data = x'' where id = 'bad'"])
    database.exec(`update ${where}`);
  database.exec("update alert_recording set data = x'0102'");
  database.close();
  const reader = read();
  assert.deepEqual(idsOf(reader.keptAlerts().alerts), [alertOf().id]);
  assert.equal(reader.keptAlerts().waiting.length, 1);
  assert.deepEqual(idsOf(reader.alertsPage({ states: ['firing'], limit: 10 })), [alertOf().id]);
  assert.equal(reader.alertRecording(alertOf().id), undefined);
});

test('state and notifications of an evaluation are both there or neither, wherever the process was killed', async (context) => {
  const { path, open } = storeFor(context);
  const script = new URL('./children/alerts-forever.ts', import.meta.url);
  let last = 0;
  for (let kill = 0; kill < 5; kill++) {
    const child = spawn(process.execPath, ['--import', 'tsx', script.pathname, path, `${last + 1}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    context.after(() => child.kill('SIGKILL'));
    let told = '';
    child.stdout.on('data', (text) => {
      told += text;
      if (told.split('\n').length > 10 + kill * 23) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const store = open();
    const { evaluatedAtMs, alerts, groups, waiting } = store.keptAlerts();
    assert.ok(
      evaluatedAtMs >= Number(told.trimEnd().split('\n').at(-1)),
      'what was told as committed is there',
    );
    assert.deepEqual(idsOf(alerts), [`a-${evaluatedAtMs}`], 'the pending one before is forgotten');
    assert.equal(groups[0]!.count, evaluatedAtMs);
    const ids = waiting.map(({ notification }) => notification.id);
    assert.ok(ids.includes(`n${evaluatedAtMs}`), 'the notification of the last evaluation waits');
    assert.ok(ids.length === 1 || (ids.length === 2 && ids.includes(`n${evaluatedAtMs - 1}`)));
    for (const id of ids)
      store.alerts({ do: 'settle', id, outcome: 'sent', attempts: 1, nextAttemptMs: 0, problem: '' });
    last = evaluatedAtMs;
    store.close();
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlertWriter } from '../../../workers/store/alert-writer.ts';
import { openDatabase, transaction } from '../../../workers/store/database.ts';
import { setUpSchema } from '../../../workers/store/schema.ts';
import {
  alertOf,
  changesOf,
  groupOf,
  notificationOf,
  recordingOf,
  resolvedOf,
  silenceOf,
} from './alerts-made.ts';
import { compactAll, dayStartMs, filled, hourMs, settings, storeFor, twoFieldLayout } from './fixture.ts';

const minuteMs = 60_000;

/** A writer of its own, with limits that are soon reached. */
function limitedWriter(context: Parameters<typeof storeFor>[0]) {
  const { folder } = storeFor(context);
  const database = openDatabase(`${folder}/alerts.db`);
  context.after(() => database.close());
  setUpSchema(database);
  const limits = { resolved: 3, waiting: 5, waitingBytes: 10_000, recordings: 4, recordingBytes: 3000 };
  const writer = new AlertWriter(database, limits);
  const idsOf = (table: string, column = 'id') =>
    database
      .prepare<{ id: string }>(`select ${column} id from ${table} order by rowid`)
      .all()
      .map(({ id }) => id);
  const commit = (changed: Parameters<typeof changesOf>[0]) =>
    transaction(database, () => writer.write({ do: 'commit', changes: changesOf(changed) }));
  return { writer, idsOf, commit };
}

test('of too many waiting notifications the oldest go, and are counted', (context) => {
  const { commit, idsOf } = limitedWriter(context);
  const named = (...ids: number[]) => ids.map((id) => notificationOf({ id: `n${id}` }));
  assert.equal(commit({ notifications: named(1, 2, 3, 4, 5) }).droppedNotificationsTotal, 0);
  assert.equal(commit({ notifications: named(6, 7) }).droppedNotificationsTotal, 2);
  assert.deepEqual(idsOf('outbox'), ['n3', 'n4', 'n5', 'n6', 'n7']);
  const large = notificationOf({ id: 'large', groupKey: 'k'.repeat(9500) });
  assert.equal(commit({ notifications: [large] }).droppedNotificationsTotal, 2 + 5);
  assert.deepEqual(idsOf('outbox'), ['large'], 'their bytes count as well');
});

test('of too many resolved alerts those that were resolved longest ago go, but none that was resolved lately', (context) => {
  const { commit, idsOf } = limitedWriter(context);
  const nowMs = 1000 * minuteMs;
  const alerts = [9, 1, 5, 3, 7].map((minute) => resolvedOf(`r-${minute}`, minute * minuteMs));
  commit({ timeMs: nowMs, alerts: [alertOf(), ...alerts] });
  assert.deepEqual(idsOf('alert'), [alertOf().id, 'r-9', 'r-5', 'r-7']);
  const lately = [1, 2, 3, 4].map((i) => resolvedOf(`l-${i}`, nowMs - i * minuteMs));
  commit({ timeMs: nowMs, alerts: lately });
  assert.deepEqual(idsOf('alert'), [alertOf().id, 'l-1', 'l-2', 'l-3', 'l-4']);
});

test('of too many recordings, or too large ones, the oldest go', (context) => {
  const { commit, idsOf } = limitedWriter(context);
  const recordings = [3, 1, 2, 5, 4].map((i) => recordingOf({ alertId: `a-${i}`, toMs: 20_000 + i }));
  commit({ recordings });
  assert.deepEqual(idsOf('alert_recording', 'alert_id'), ['a-3', 'a-2', 'a-5', 'a-4']);
  const values = Array.from({ length: 400 }, (_, i) => Math.sin(i));
  const timestampsMs = values.map((_, i) => 10_000 + i);
  const large = recordingOf({
    alertId: 'large',
    toMs: 90_000,
    series: [{ labels: {}, timestampsMs, values }],
  });
  commit({ recordings: [large] });
  assert.ok(!idsOf('alert_recording', 'alert_id').includes('a-2'));
});

test('what ended is removed after the retention of minutes, what did not end stays', (context) => {
  const retention = { rawMs: hourMs, minuteMs: 10 * hourMs, hourMs: 900 * hourMs };
  const { open, count } = storeFor(context, { sinks: [], retention });
  const store = open();
  const old = Array.from({ length: 450 }, (_, i) => resolvedOf(`old-${i}`, dayStartMs + i));
  const alerts = [...old, resolvedOf('new-1', dayStartMs + 5 * hourMs), alertOf()];
  const recordings = [
    recordingOf({ alertId: 'old-1', toMs: dayStartMs }),
    recordingOf({ alertId: 'new-1', toMs: dayStartMs + 5 * hourMs }),
  ];
  const changes = changesOf({
    ...{ timeMs: dayStartMs, alerts, recordings },
    ...{ groups: [groupOf()], notifications: [notificationOf()] },
  });
  store.alerts({ do: 'commit', changes });
  store.alerts({ do: 'silence', silence: silenceOf({ endsAtMs: dayStartMs }) });
  store.alerts({ do: 'silence', silence: silenceOf({ id: 's2', endsAtMs: dayStartMs + 99 * hourMs }) });
  const acknowledgement = { by: 'ann', comment: '', atMs: dayStartMs };
  for (const alertId of ['old-1', alertOf().id])
    store.alerts({ do: 'acknowledge', alertId, acknowledgement });
  for (let t = 0; t <= 13 * hourMs; t += 20 * minuteMs) compactAll(store, dayStartMs + t);
  const tables = ['alert', 'alert_recording', 'silence', 'acknowledgement', 'notify_group', 'outbox'];
  assert.deepEqual(tables.map(count), [2, 1, 1, 1, 1, 1]);
  assert.ok(store.keptAlerts().alerts.some(({ id }) => id === alertOf().id));
});

test('over the quota, alerts keep to their part of it: recordings go first, then resolved ones, then what waits', (context) => {
  const { open, count } = storeFor(context, { sinks: [] });
  const store = open();
  const layout = twoFieldLayout(5);
  for (let i = 0; i < 20; i++)
    store.append(dayStartMs + i * hourMs, [filled(layout, i)], { lostPoints: 0, overflowPoints: 0 });
  compactAll(store, dayStartMs + 21 * hourMs);
  const text = 'm'.repeat(10_000);
  const many = <T>(make: (i: number) => T) => Array.from({ length: 300 }, (_, i) => make(i));
  const changes = changesOf({
    timeMs: dayStartMs,
    alerts: [
      ...many((i) => resolvedOf(`r-${i}`, dayStartMs + i, { annotations: { text } })),
      alertOf({ annotations: { text } }),
    ],
    notifications: many((i) => notificationOf({ id: `n-${i}`, groupKey: text })),
    recordings: many((i) => recordingOf({ alertId: `r-${i}` })),
  });
  store.alerts({ do: 'commit', changes });
  const chunks = count('chunk');
  store.configure({ ...settings, sinks: [], quotaBytes: 5_500_000 });
  compactAll(store, dayStartMs + 21 * hourMs);
  assert.ok(store.bytesUsed() <= 5_500_000);
  assert.equal(count('alert_recording'), 0);
  assert.ok(count('alert') < 301);
  assert.equal(count('outbox'), 300);
  assert.equal(count('chunk'), chunks);
  store.configure({ ...settings, sinks: [], quotaBytes: 2_000_000 });
  compactAll(store, dayStartMs + 21 * hourMs);
  const { droppedNotificationsTotal } = store.alerts({
    ...{ do: 'settle', id: 'none', outcome: 'sent', attempts: 1, nextAttemptMs: 0, problem: '' },
  });
  assert.equal(droppedNotificationsTotal, 300 - count('outbox'));
  assert.ok(droppedNotificationsTotal > 0);
  assert.equal(count('alert'), 1, 'the one that fires stays');
  assert.equal(count('chunk'), chunks);
});

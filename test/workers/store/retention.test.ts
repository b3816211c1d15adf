import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLayout } from '../../../workers/point/point.ts';
import { openDatabase } from '../../../workers/store/database.ts';
import type { Store } from '../../../workers/store/store.ts';
import {
  compactAll,
  dayStartMs,
  filled,
  hourMs,
  nothingElse,
  settings,
  storeFor,
  twoFieldLayout,
} from './fixture.ts';
import { randomNumbers } from './random.ts';

const layout = twoFieldLayout(20);

/** Ticks every five minutes with values that do not compress, and the background work between. */
function live(store: Store, fromHour: number, hours: number): void {
  const random = randomNumbers(fromHour);
  for (let t = fromHour * hourMs; t < (fromHour + hours) * hourMs; t += 300_000) {
    const section = filled(layout, 0);
    for (let v = 0; v < section.values.length; v++) section.values[v] = random();
    store.append(dayStartMs + t, [section], nothingElse);
    compactAll(store, dayStartMs + t);
  }
}

test('each resolution is kept as long as it should be', (context) => {
  const { open, path, count } = storeFor(context, {
    sinks: [],
    retention: { rawMs: 5 * hourMs, minuteMs: 10 * hourMs, hourMs: 30 * hourMs },
  });
  const store = open();
  live(store, 0, 80);
  const database = openDatabase(path, { readOnly: true });
  const oldest = (table: string) =>
    Math.floor(database.prepare<{ key: number }>(`select min(key) key from ${table}`).get()!.key / 2 ** 32);
  const nowHour = dayStartMs / hourMs + 79;
  assert.equal(oldest('chunk'), nowHour - 5);
  assert.equal(oldest('minute'), nowHour - 10);
  assert.equal(oldest('day'), Math.floor((nowHour - 30) / 24));
  database.close();
  assert.equal(count('used_time'), 30);
});

test('a series without data and a layout without ticks are forgotten, and known again when they return', (context) => {
  const { open, count, read } = storeFor(context, {
    sinks: [],
    retention: { rawMs: 5 * hourMs, minuteMs: 10 * hourMs, hourMs: 30 * hourMs },
  });
  const store = open();
  const brief = buildLayout([{ measurement: 'brief', tags: {}, fields: ['x'] }]);
  store.append(dayStartMs, [filled(brief, 1)], nothingElse);
  live(store, 0, 10);
  assert.equal(count('series'), 41);
  assert.equal(count('layout'), 1);
  live(store, 10, 90);
  assert.equal(count('series'), 40);
  store.append(dayStartMs + 101 * hourMs, [filled(brief, 2)], nothingElse);
  const reader = read();
  const [series] = reader.series({ measurement: 'brief' });
  const [samples] = reader.read([series!.id], dayStartMs, dayStartMs + 200 * hourMs);
  assert.deepEqual([...samples!.values], [2]);
});

test('over the quota, the oldest delivered history goes first, finest resolution first', (context) => {
  const { open, count } = storeFor(context, { sinks: [] });
  const store = open();
  live(store, 0, 30);
  const [chunks, minutes, days] = [count('chunk'), count('minute'), count('day')];
  const quotaBytes = store.bytesUsed() - 100_000;
  store.configure({ ...settings, sinks: [], quotaBytes });
  compactAll(store, dayStartMs + 30 * hourMs);
  assert.ok(store.bytesUsed() <= quotaBytes);
  assert.ok(count('chunk') < chunks && count('chunk') > 0);
  assert.ok(count('minute') >= minutes && count('day') >= days);
});

test('over the quota without history, the oldest ticks are dropped and counted for who had not had them', (context) => {
  const { open, count } = storeFor(context, { sinks: ['ahead', 'behind'] });
  const store = open();
  const wide = twoFieldLayout(1000);
  const ticks = 1500;
  for (let i = 0; i < ticks; i++) store.append(dayStartMs + i * 2000, [filled(wide, i)], nothingElse);
  const batch = store.readBatch('ahead', 700_123, '')!;
  store.settle('ahead', { from: batch.from, to: batch.to, delivered: batch.points, quarantined: [] });
  store.configure({ ...settings, quotaBytes: 10_000_000 });
  compactAll(store, dayStartMs + ticks * 2000);
  assert.ok(store.bytesUsed() <= 10_000_000);
  const left = count('tick') * 1000;
  const [ahead, behind] = store.ledger();
  assert.ok(left > 0 && left < 700_000);
  assert.deepEqual(behind, {
    sink: 'behind',
    collected: 1_500_000,
    delivered: 0,
    waiting: left,
    quarantined: 0,
    dropped: { quota: 1_500_000 - left },
  });
  assert.deepEqual(ahead, {
    sink: 'ahead',
    collected: 1_500_000,
    delivered: 700_123,
    waiting: left,
    quarantined: 0,
    dropped: { quota: 1_500_000 - left - 700_123 },
  });
  assert.equal(store.countWaiting('ahead'), left);
  assert.equal(store.readBatch('ahead', 1, '')?.points, 1);
});

test('a batch whose ticks were dropped meanwhile is refused, not counted twice', (context) => {
  const { open } = storeFor(context);
  const store = open();
  const wide = twoFieldLayout(1000);
  for (let i = 0; i < 600; i++) store.append(dayStartMs + i * 2000, [filled(wide, i)], nothingElse);
  const { from, to, points } = store.readBatch('main', 1000, '')!;
  store.configure({ ...settings, quotaBytes: 1_000_000 });
  compactAll(store, dayStartMs + 1_200_000);
  assert.throws(() => store.settle('main', { from, to, delivered: points, quarantined: [] }), {
    code: 'refused',
  });
});

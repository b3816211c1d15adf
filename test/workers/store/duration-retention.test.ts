import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../../workers/store/database.ts';
import type { Reader } from '../../../workers/store/reader.ts';
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
import { type Timed, timed } from './insides.ts';
import { randomNumbers } from './random.ts';

const minuteMs = 60_000;
const layout = twoFieldLayout(1);
const retention = { rawMs: 5 * hourMs, minuteMs: 10 * hourMs, hourMs: 30 * hourMs };

/** A tick every ten minutes with one duration of each route, and the background work between. */
function live(store: Store, fromHour: number, hours: number, routes: readonly string[], perRoute = 1): void {
  const random = randomNumbers(fromHour);
  for (let t = fromHour * hourMs; t < (fromHour + hours) * hourMs; t += 10 * minuteMs) {
    const series = routes.map((route): Timed => {
      const durationsUs = Array.from({ length: perRoute }, () => Math.floor(Math.exp(random() * 20)));
      return { tags: { route }, durationsUs };
    });
    store.append(dayStartMs + t, [filled(layout, 1)], nothingElse, timed(...series));
    compactAll(store, dayStartMs + t);
  }
}

function countIn(reader: Reader, fromMs: number, toMs: number): number {
  const range = { startMs: dayStartMs + fromMs, endMs: dayStartMs + toMs };
  return reader.durations({ filter: {}, by: [], ...range })[0]?.count ?? 0;
}

test('histograms are kept as long as the rollups of their resolution', (context) => {
  const { open, path, read } = storeFor(context, { sinks: [], retention });
  const store = open();
  live(store, 0, 80, ['/a']);
  const database = openDatabase(path, { readOnly: true });
  const oldest = (table: string, hour: string) =>
    database.prepare<{ n: number }>(`select min(${hour}) n from ${table}`).get()!.n;
  const nowHour = dayStartMs / hourMs + 79;
  assert.equal(oldest('duration_minute', 'key / 60'), nowHour - 10);
  assert.equal(oldest('duration_day', 'key / 4294967296'), Math.floor((nowHour - 30) / 24));
  assert.equal(oldest('duration_hour', 'hour'), nowHour - 30);
  database.close();
  const reader = read();
  assert.equal(countIn(reader, 60 * hourMs, 80 * hourMs), 120);
  assert.equal(countIn(reader, 75 * hourMs + 20 * minuteMs, 80 * hourMs), 28);
});

test('where the minutes of an hour are gone, it counts where its start is', (context) => {
  const { open, read } = storeFor(context, { sinks: [], retention });
  live(open(), 0, 40, ['/a']);
  const reader = read();
  assert.equal(countIn(reader, 24 * hourMs, 25.5 * hourMs), 12, 'both hours begin in the range');
  assert.equal(countIn(reader, 23.5 * hourMs, 25 * hourMs), 6, 'only the second one does');
});

test('a series without data is forgotten, and known again when it returns', (context) => {
  const { open, count, read } = storeFor(context, { sinks: [], retention });
  const store = open();
  live(store, 0, 1, ['/brief']);
  live(store, 1, 99, ['/a']);
  assert.equal(count('duration_series'), 1);
  live(store, 100, 1, ['/brief', '/a']);
  const range = { startMs: dayStartMs, endMs: dayStartMs + 200 * hourMs };
  const [brief] = read().durations({ filter: { tags: { route: '/brief' } }, by: ['route'], ...range });
  assert.equal(brief?.count, 6);
});

test('a series in use for longer than anything is kept keeps its id', (context) => {
  const { open, path } = storeFor(context, { sinks: [], retention });
  const store = open();
  live(store, 0, 150, ['/a', '/b']);
  const database = openDatabase(path, { readOnly: true });
  const ids = database.prepare<{ id: number }>('select id from duration_series order by id').all();
  assert.deepEqual(
    ids.map(({ id }) => id),
    [1, 2],
  );
  database.close();
});

test('over the quota, the oldest hours of both kinds of minutes go before any day', (context) => {
  const { open, count, read } = storeFor(context, { sinks: [] });
  const store = open();
  live(store, 0, 30, ['/a', '/b', '/c'], 400);
  const before = ['chunk', 'minute', 'duration_minute', 'day', 'duration_day'].map(count);
  store.configure({ ...settings, sinks: [], quotaBytes: store.bytesUsed() - 70_000 });
  compactAll(store, dayStartMs + 30 * hourMs);
  const after = ['chunk', 'minute', 'duration_minute', 'day', 'duration_day'].map(count);
  assert.equal(after[0], 0, 'chunks are finer than minutes');
  assert.ok(after[1]! > 0 && after[1]! < before[1]!);
  assert.ok(after[2]! > 0 && after[2]! < before[2]!);
  assert.ok(after[3]! >= before[3]! && after[4]! >= before[4]!);
  assert.equal(countIn(read(), 0, 24 * hourMs), 24 * 6 * 3 * 400, 'the days tell it still');
});

test('over the quota, histograms go rather than ticks that a sink has not had', (context) => {
  const { open, count } = storeFor(context);
  const store = open();
  live(store, 0, 30, ['/a', '/b', '/c'], 400);
  store.configure({ ...settings, quotaBytes: 400_000 });
  compactAll(store, dayStartMs + 30 * hourMs);
  assert.ok(store.bytesUsed() <= 400_000);
  assert.equal(count('tick'), 180);
  assert.deepEqual(store.ledger()[0]!.dropped, {});
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketKey } from '../../../workers/sketch/sketch.ts';
import { openDatabase } from '../../../workers/store/database.ts';
import type { Reader } from '../../../workers/store/reader.ts';
import type { Store } from '../../../workers/store/store.ts';
import { compactAll, dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { mergedForm, readForm, type Timed, timed } from './insides.ts';
import { randomNumbers } from './random.ts';

const minuteMs = 60_000;
const layout = twoFieldLayout(1);
const routes = ['/a', '/b/:id', '/c "d" ü', 'constructor'];
const statuses = ['2xx', '5xx'];

/** What was written: the time of the tick, and its durations. */
type Written = { timeMs: number; series: readonly Timed[] }[];

/** Random durations of some of the routes. */
function someSeries(random: () => number): Timed[] {
  const series: Timed[] = [];
  for (const route of routes) {
    for (const status of statuses) {
      if (random() < 0.5) continue;
      const durationsUs = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
        random() < 0.05 ? 0 : Math.floor(Math.exp(random() * 22)),
      );
      series.push({ tags: { process: 'crm', route, status }, durationsUs });
    }
  }
  return series;
}

function append(store: Store, timeMs: number, series: readonly Timed[], written: Written): void {
  const tick = store.append(timeMs, [filled(layout, 1)], nothingElse, timed(...series));
  written.push({ timeMs: tick.timeMs, series });
}

/** What the model says, by the values of some tags. */
function expectedOf(written: Written, by: readonly string[], startMs: number, endMs: number) {
  const groups = new Map<string, { tags: Record<string, string>; durationsUs: number[] }>();
  for (const { timeMs, series } of written) {
    if (timeMs < startMs || timeMs >= endMs) continue;
    for (const { tags, durationsUs } of series) {
      const wanted = Object.fromEntries(by.map((name) => [name, tags[name]!]));
      const key = JSON.stringify(wanted);
      const group = groups.get(key) ?? { tags: wanted, durationsUs: [] };
      groups.set(key, group);
      group.durationsUs.push(...durationsUs);
    }
  }
  return [...groups.values()].map(({ tags, durationsUs }) => mergedForm(tags, durationsUs));
}

function inOrder<T extends { tags: object }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => (JSON.stringify(a.tags) < JSON.stringify(b.tags) ? -1 : 1));
}

function assertDurations(
  reader: Reader,
  written: Written,
  by: readonly string[],
  startMs: number,
  endMs: number,
): void {
  const found = reader.durations({ filter: { measurement: 'http' }, by, startMs, endMs }).map(readForm);
  assert.deepEqual(inOrder(found), inOrder(expectedOf(written, by, startMs, endMs)));
}

test('merged durations are what was written, whatever the clock, restarts and compaction did', (context) => {
  const { open, read, time } = storeFor(context, { sinks: [] });
  for (const seed of [1, 2, 3]) {
    const random = randomNumbers(seed);
    const baseMs = dayStartMs + seed * 100 * 24 * hourMs;
    const written: Written = [];
    let store = open();
    const reader = read();
    let nowMs = baseMs;
    for (let i = 0; i < 900; i++) {
      nowMs += Math.floor(random() * 200_000);
      if (random() < 0.02) nowMs -= Math.floor(random() * 9 * hourMs);
      if (random() < 0.01) nowMs += 5 * hourMs;
      time.nowMs = nowMs;
      append(store, nowMs, someSeries(random), written);
      for (let slices = random() < 0.2 ? Math.floor(random() * 20) : 0; slices > 0; slices--)
        store.compact(nowMs);
      if (random() < 0.01) {
        store.close();
        store = open();
      }
      if (i % 75 !== 0) continue;
      const someMinute = () => baseMs + Math.floor(random() * 60 * 40 - 300) * minuteMs;
      const ends = [someMinute(), someMinute()].sort((a, b) => a - b);
      assertDurations(reader, written, ['route'], ends[0]!, ends[1]! + minuteMs);
      assertDurations(reader, written, [], baseMs - 24 * hourMs, baseMs + 96 * hourMs);
    }
    compactAll(store, nowMs + 24 * hourMs);
    assertDurations(reader, written, ['status', 'route'], baseMs - 24 * hourMs, baseMs + 240 * hourMs);
    assertDurations(reader, written, ['status'], baseMs + 3 * hourMs, baseMs + 31 * hourMs);
    assertDurations(reader, written, [], baseMs + 17 * minuteMs, baseMs + 20 * hourMs + 7 * minuteMs);
    store.close();
  }
});

test('the last minutes are exact to the millisecond, older ones count where their start is', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const written: Written = [];
  const random = randomNumbers(4);
  for (let t = 0; t < 20 * minuteMs; t += 1500) append(store, dayStartMs + t, someSeries(random), written);
  const reader = read();
  assertDurations(reader, written, ['route'], dayStartMs + 123_456, dayStartMs + 765_432);
  compactAll(store, dayStartMs + 20 * minuteMs);
  assertDurations(reader, written, ['route'], dayStartMs + 15 * minuteMs + 777, dayStartMs + 19 * minuteMs);
  const found = reader.durations({
    ...{ filter: {}, by: [], startMs: dayStartMs + 1, endMs: dayStartMs + 3 * minuteMs + 1 },
  });
  const byMinutes = expectedOf(written, [], dayStartMs + minuteMs, dayStartMs + 4 * minuteMs);
  assert.deepEqual(found.map(readForm), byMinutes);
});

test('ticks leave only minutes when they are compacted, and hours when those are over', (context) => {
  const { open, count } = storeFor(context, { sinks: [] });
  const store = open();
  const series = { tags: { route: '/a' }, durationsUs: [5] };
  for (let t = 0; t < 70; t++) append(store, dayStartMs + t * minuteMs, [series], []);
  compactAll(store, dayStartMs + 70 * minuteMs);
  assert.deepEqual(['duration_tick', 'duration_minute', 'duration_day'].map(count), [5, 65, 1]);
});

test('a tick that comes back to an hour is in it, however far its compaction is', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const reader = read();
  const series = { tags: { route: '/a' }, durationsUs: [5] };
  for (let slices = 0; slices < 5; slices++) {
    const written: Written = [];
    const startMs = dayStartMs + slices * 10 * hourMs;
    for (let t = 0; t < 60; t++) append(store, startMs + t * minuteMs, [series], written);
    for (let done = 0; done < slices; done++) store.compact(startMs + 2 * hourMs);
    append(store, startMs + minuteMs, [series], written);
    assertDurations(reader, written, [], startMs, startMs + hourMs);
    compactAll(store, startMs + 2 * hourMs);
    assertDurations(reader, written, [], startMs, startMs + hourMs);
  }
});

test('more series than a slice holds are compacted', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const series = Array.from({ length: 501 }, (_, i) => ({ tags: { route: `/${i}` }, durationsUs: [i] }));
  const written: Written = [];
  append(store, dayStartMs, series, written);
  compactAll(store, dayStartMs + 2 * hourMs);
  assertDurations(read(), written, ['route'], dayStartMs, dayStartMs + hourMs);
});

test('buckets in any order, twice or empty are taken as they are meant', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const histograms = {
    keys: ['["http",[["route","/a"]],"duration_us"]', '["http",[["route","/b"]],"duration_us"]'],
    starts: Uint32Array.from([0, 5, 6]),
    buckets: Uint32Array.from([900, 70, 900, 80, 70, 3].map(bucketKey)),
    counts: Uint32Array.from([1, 2, 3, 0, 4_000_000_000, 0]),
    sums: Float64Array.from([1e12, 0]),
    maxima: Float64Array.from([900, 0]),
  };
  open().append(dayStartMs, [], nothingElse, { histograms, errorGroups: [], kept: [] });
  const [found, ...others] = read().durations({
    ...{ filter: {}, by: ['route'], startMs: dayStartMs, endMs: dayStartMs + 1 },
  });
  assert.deepEqual(readForm(found!).buckets, [
    [bucketKey(70), 4_000_000_002],
    [bucketKey(900), 4],
  ]);
  assert.deepEqual(others, []);
});

test('a tick without points keeps its durations, also when its time is given twice', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const extras = timed({ tags: { route: '/a' }, durationsUs: [7] });
  for (let i = 0; i < 3; i++) store.append(dayStartMs, [filled(layout, Number.NaN)], nothingElse, extras);
  const range = { startMs: dayStartMs, endMs: dayStartMs + 10 };
  assert.equal(read().durations({ filter: {}, by: [], ...range })[0]!.count, 3);
  assert.equal(store.ledger()[0]!.collected, 0);
});

test('durations are no points and no series of the store', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  append(store, dayStartMs, [{ tags: { route: '/a' }, durationsUs: [7] }], []);
  assert.equal(store.readBatch('main', 10, '')!.text.split('\n').length, 2);
  compactAll(store, dayStartMs + 2 * hourMs);
  const reader = read();
  assert.deepEqual(
    reader.series().map(({ field }) => field),
    ['waiting', 'active'],
  );
  assert.equal([...reader.points(dayStartMs, dayStartMs + hourMs)].length, 1);
});

test('only the series that match are merged', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const series: Timed[] = [
    { tags: { route: '/a', method: 'GET' }, durationsUs: [1] },
    { tags: { route: '/a', method: 'PUT' }, durationsUs: [20, 30] },
    { measurement: 'db', tags: { model: 'User' }, durationsUs: [400] },
  ];
  for (const t of [0, hourMs, 2 * hourMs]) append(store, dayStartMs + t, series, []);
  compactAll(store, dayStartMs + 2 * hourMs);
  const range = { startMs: dayStartMs, endMs: dayStartMs + 3 * hourMs };
  const reader = read();
  const countOf = (filter: object) => reader.durations({ filter, by: [], ...range })[0]?.count;
  assert.equal(countOf({ measurement: 'http' }), 9);
  assert.equal(countOf({ measurement: 'http', tags: { method: 'PUT' } }), 6);
  assert.equal(countOf({ tags: { model: 'User' } }), 3);
  assert.equal(countOf({ tags: { toString: 'User' } }), undefined);
  const [byModel] = reader.durations({ filter: { tags: { route: '/a' } }, by: ['model'], ...range });
  assert.deepEqual(byModel!.tags, {});
});

test('an append that fails undoes its durations as well', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const extras = timed({ tags: { route: '/b' }, durationsUs: [5] });
  const kept = [{ name: 'a name that SQLite would cut \0', bytes: new Uint8Array(1) }];
  assert.throws(() => store.append(dayStartMs, [filled(layout, 1)], nothingElse, { ...extras, kept }), {
    code: 'sql',
  });
  const range = { startMs: dayStartMs, endMs: dayStartMs + 10 };
  const reader = read();
  assert.deepEqual(reader.durations({ filter: {}, by: [], ...range }), []);
  append(store, dayStartMs, [{ tags: { route: '/a' }, durationsUs: [9] }], []);
  assert.deepEqual(reader.durations({ filter: {}, by: ['route'], ...range }).map(readForm), [
    mergedForm({ route: '/a' }, [9]),
  ]);
});

test('a reader beside the writer sees the durations of each tick as it is committed', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const reader = read();
  const written: Written = [];
  for (let i = 0; i < 100; i++) {
    append(store, dayStartMs + i * minuteMs, [{ tags: { route: `/${i % 7}` }, durationsUs: [i] }], written);
    store.compact(dayStartMs + i * minuteMs);
    assertDurations(reader, written, ['route'], dayStartMs, dayStartMs + 2 * hourMs);
  }
});

test('rows that cannot be read are a gap, and the others stay', (context) => {
  const { path, open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const series = { tags: { route: '/a' }, durationsUs: [5] };
  for (const t of [0, hourMs, 50 * hourMs, 50 * hourMs + minuteMs])
    append(store, dayStartMs + t, [series], []);
  compactAll(store, dayStartMs + 50.5 * hourMs);
  append(store, dayStartMs + 50.5 * hourMs, [series], []);
  const range = { startMs: dayStartMs, endMs: dayStartMs + 51 * hourMs };
  const reader = read();
  const countNow = () => reader.durations({ filter: {}, by: [], ...range })[0]?.count;
  assert.equal(countNow(), 5);
  const database = openDatabase(path);
  const damage = (table: string, key: string) =>
    database
      .prepare(`update ${table} set data = ? where ${key} = (select min(${key}) from ${table})`)
      .run(Uint8Array.of(1, 255, 255));
  damage('duration_day', 'key');
  assert.equal(countNow(), 3);
  database.prepare('delete from duration_minute where key < ?').run((dayStartMs + 50 * hourMs) / minuteMs);
  damage('duration_minute', 'key');
  assert.equal(countNow(), 2);
  damage('duration_tick', 't');
  assert.equal(countNow(), 1);
  database.close();
});

test('an empty range is refused', (context) => {
  const { open, read } = storeFor(context);
  open();
  const reader = read();
  for (const endMs of [5, 4, Number.NaN]) {
    assert.throws(() => reader.durations({ filter: {}, by: [], startMs: 5, endMs }), RangeError);
    assert.throws(() => reader.seriesStats({ measurement: 'db', by: [], startMs: 5, endMs }), RangeError);
  }
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildLayout, type Layout, type TimedPoint } from '../../../workers/point/point.ts';
import { MetricReader } from '../../../workers/store/metric-reader.ts';
import type { Store } from '../../../workers/store/store.ts';
import { compactAll, dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { randomNumbers } from './random.ts';

const layouts = new Map<string, Layout>();

function layoutOf(measurement: string, fields: readonly string[]): Layout {
  const key = JSON.stringify([measurement, fields]);
  const known = layouts.get(key) ?? buildLayout([{ measurement, tags: { host: 'h' }, fields }]);
  layouts.set(key, known);
  return known;
}

function point(timeMs: number, value: number, measurement = 'w', field = 'v'): TimedPoint {
  return { layout: layoutOf(measurement, [field]), values: Float64Array.of(value), timeMs };
}

/** All lines that a sink gets, and the ledger settled as delivered. */
function delivered(store: Store, sink = 'main', prefix = ''): string {
  let text = '';
  for (let batch = store.readBatch(sink, 7, prefix); batch; batch = store.readBatch(sink, 7, prefix)) {
    text += batch.text;
    store.settle(sink, { ...batch, delivered: batch.points, quarantined: [] });
  }
  return text;
}

function samplesOf(parts: ReturnType<typeof storeFor>, measurement = 'w') {
  const reader = parts.read();
  const ids = reader.series({ measurement }).map(({ id }) => id);
  return reader
    .read(ids, dayStartMs - 24 * hourMs, dayStartMs + 24 * hourMs)
    .map(({ timesMs, values }) => [...timesMs].map((t, i) => [t - dayStartMs, values[i]]));
}

test('written points go to sinks in the order in which they came, each with its own time', (context) => {
  const { open } = storeFor(context);
  const store = open();
  store.append(dayStartMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  assert.equal(
    store.write([point(dayStartMs + 5, 1), point(dayStartMs, 2), point(dayStartMs - hourMs, 3)]),
    3,
  );
  store.append(dayStartMs + 1, [filled(twoFieldLayout(1), 2)], nothingElse);
  assert.equal(store.countWaiting('main'), 5);
  assert.deepEqual(delivered(store, 'main', 'p_').split('\n'), [
    `p_queue,host=h,queue=q0 waiting=1,active=1 ${dayStartMs}`,
    `p_w,host=h v=1 ${dayStartMs + 5}`,
    `p_w,host=h v=2 ${dayStartMs}`,
    `p_w,host=h v=3 ${dayStartMs - hourMs}`,
    `p_queue,host=h,queue=q0 waiting=2,active=2 ${dayStartMs + 1}`,
    '',
  ]);
  assert.deepEqual(store.ledger(), [
    { sink: 'main', collected: 5, delivered: 5, waiting: 0, quarantined: 0, dropped: {} },
  ]);
});

test('a tick keeps its time where others wrote points of that time', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  store.write([point(dayStartMs, 1)]);
  const { timeMs } = store.append(dayStartMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  assert.equal(timeMs, dayStartMs);
  assert.deepEqual([...read().tickTimes(dayStartMs - hourMs, dayStartMs + hourMs)], [dayStartMs]);
});

test('the same series and time once more takes the place of what was there, before compaction and after', (context) => {
  const parts = storeFor(context);
  const store = parts.open();
  store.write([point(dayStartMs + 10, 1), point(dayStartMs, 2), point(dayStartMs + 10, 3)]);
  assert.deepEqual(samplesOf(parts), [
    [
      [0, 2],
      [10, 3],
    ],
  ]);
  compactAll(store, dayStartMs + 3 * hourMs);
  store.write([point(dayStartMs + 10, 4), point(dayStartMs + 5, 5)]);
  assert.deepEqual(samplesOf(parts), [
    [
      [0, 2],
      [5, 5],
      [10, 4],
    ],
  ]);
  compactAll(store, dayStartMs + 3 * hourMs);
  assert.deepEqual(samplesOf(parts), [
    [
      [0, 2],
      [5, 5],
      [10, 4],
    ],
  ]);
});

test('points stay for a sink that has not had them, and go when it has', (context) => {
  const { open, count } = storeFor(context);
  const store = open();
  store.append(dayStartMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  store.write([point(dayStartMs, 1), point(dayStartMs + 1, 2)]);
  compactAll(store, dayStartMs + 3 * hourMs);
  assert.equal(count('written'), 1);
  delivered(store);
  compactAll(store, dayStartMs + 3 * hourMs);
  assert.equal(count('written'), 0);
  assert.equal(count('tick_hour'), 0);
});

test('export and rollups have written points beside those of ticks', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  store.append(dayStartMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  store.write([point(dayStartMs, 10), point(dayStartMs + 30_000, 20), point(dayStartMs + 90_000, 60)]);
  for (const compacted of [false, true]) {
    if (compacted) compactAll(store, dayStartMs + 3 * hourMs);
    const reader = read();
    const points = [...reader.points(dayStartMs, dayStartMs + hourMs)];
    assert.deepEqual(
      points.map(({ measurement, timeMs, values }) => [measurement, timeMs - dayStartMs, [...values]]),
      [
        ['queue', 0, [1, 1]],
        ['w', 0, [10]],
        ['w', 30_000, [20]],
        ['w', 90_000, [60]],
      ],
    );
    const ids = reader.series({ measurement: 'w' }).map(({ id }) => id);
    const range = { startMs: dayStartMs, endMs: dayStartMs + 120_000, stepMs: 60_000 };
    assert.deepEqual([...reader.buckets(ids, range)[0]!.sums], [30, 60]);
  }
});

test('points of an hour that is kept by minutes only are left out, because they would displace its summaries', (context) => {
  const retention = { rawMs: hourMs, minuteMs: 90 * 24 * hourMs, hourMs: 730 * 24 * hourMs };
  const { open } = storeFor(context, { retention });
  const store = open();
  store.append(dayStartMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  // The clock is trusted only after it went steadily for a while.
  for (let hour = 1; hour < 6; hour++) compactAll(store, dayStartMs + hour * hourMs);
  assert.equal(store.write([point(dayStartMs + 5, 1), point(dayStartMs + 5 * hourMs, 1)]), 1);
});

test('a series that others write has not ended because ticks went on without it', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  for (let i = 0; i < 20; i++)
    store.append(dayStartMs + i * 1000, [filled(twoFieldLayout(1), i)], nothingElse);
  store.write([point(dayStartMs + 500, 1), point(dayStartMs + 19_500, 2)]);
  const metrics = new MetricReader(read(), 0);
  const matchers = [{ name: '__name__', op: '=', value: 'w_v' }] as const;
  const [series] = metrics.select(matchers, dayStartMs, dayStartMs + 20_000, 5);
  assert.deepEqual([...series!.values], [1, 2]);
  assert.deepEqual(
    metrics.selectWritten([{ name: 'host', op: '=', value: 'h' }], dayStartMs, dayStartMs + hourMs),
    [series],
  );
});

test('over its quota the store gives up written points too, and counts them', (context) => {
  const { open } = storeFor(context);
  const store = open({ quotaBytes: 1 });
  store.append(dayStartMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  store.write([point(dayStartMs, 1), point(dayStartMs + 1, 2)]);
  while (store.compact(dayStartMs).more);
  const [entry] = store.ledger();
  assert.deepEqual(entry, {
    sink: 'main',
    collected: 3,
    delivered: 0,
    waiting: 0,
    quarantined: 0,
    dropped: { quota: 3 },
  });
});

/** Value of each series at each time, by the rule that the last one stands. */
type Model = Map<string, Map<number, number>>;

test('whatever was written in whatever order, restarted and compacted in between, is what is read', (context: TestContext) => {
  const random = randomNumbers(7);
  const parts = storeFor(context);
  let store = parts.open();
  const model: Model = new Map();
  let points = 0;
  for (let round = 0; round < 60; round++) {
    const batch = Array.from({ length: 1 + Math.floor(random() * 60) }, () => {
      const field = `f${Math.floor(random() * 5)}`;
      const timeMs = dayStartMs + Math.floor(random() * 4) * hourMs + Math.floor(random() * 300);
      const value = Math.round(random() * 1000) / 10;
      const series = model.get(field) ?? new Map<number, number>();
      model.set(field, series.set(timeMs - dayStartMs, value));
      return point(timeMs, value, 'w', field);
    });
    points += store.write(batch);
    if (random() < 0.3) store.append(dayStartMs + round, [filled(twoFieldLayout(1), round)], nothingElse);
    const slices = Math.floor(random() * 6);
    for (let i = 0; i < slices; i++) store.compact(dayStartMs + 6 * hourMs);
    if (random() < 0.1) {
      store.close();
      store = parts.open();
    }
    if (random() < 0.3) delivered(store);
  }
  const reader = parts.read();
  for (const compacted of [false, true]) {
    if (compacted) compactAll(store, dayStartMs + 6 * hourMs);
    for (const { id, field } of reader.series({ measurement: 'w' })) {
      const [samples] = reader.read([id], dayStartMs, dayStartMs + 5 * hourMs);
      const expected = [...model.get(field)!].sort(([a], [b]) => a - b);
      assert.deepEqual(
        [...samples!.timesMs].map((t, i) => [t - dayStartMs, samples!.values[i]]),
        expected,
      );
    }
  }
  delivered(store);
  const [entry] = store.ledger();
  assert.equal(entry!.waiting, 0);
  assert.equal(entry!.delivered, entry!.collected);
  assert.ok(entry!.collected > points);
});

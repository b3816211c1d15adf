import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRingBuffers, ringControl } from '../../../workers/contract/ring-cells.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import type { Matcher, SampleSeries } from '../../../workers/promql/index.ts';
import { MetricRing } from '../../../workers/ring/metric-ring.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';
import { MetricReader } from '../../../workers/store/metric-reader.ts';
import { StoreError } from '../../../workers/store/store-error.ts';
import { liveSelect } from '../../../workers/tasks/live-select.ts';
import { plainSamples } from '../ring/metric-model.ts';
import { dayStartMs, nothingElse, storeFor } from '../store/fixture.ts';
import { randomNumbers } from '../store/random.ts';

const layout = buildLayout([{ measurement: 'm', tags: {}, fields: ['v'] }]);
const matchers: Matcher[] = [{ name: '__name__', op: '=', value: 'm_v' }];

/** Ten ticks in the store, the last of them in the ring too; values in the ring are negative. */
function stage(context: TestContext, rowsInRing: number) {
  const { open, read } = storeFor(context);
  const store = open();
  const buffers = createRingBuffers(1000);
  const writer = new RingWriter(buffers);
  const { columns } = writer.admit(layout);
  for (let i = 0; i < 10; i++) {
    const section = { layout, values: Float64Array.of(i) };
    store.append(dayStartMs + i * 1000, [section], nothingElse);
    const negative = { layout, values: Float64Array.of(-i) };
    if (i >= 10 - rowsInRing) writer.write(dayStartMs + i * 1000, [{ columns, section: negative }]);
  }
  const metrics = new MetricReader(read(), 0);
  return { buffers, metrics, ring: new MetricRing(buffers) };
}

function valuesFrom(select: ReturnType<typeof liveSelect>, startMs: number) {
  const found = select(matchers, dayStartMs + startMs, dayStartMs + 9000);
  return found.flatMap((series) => plainSamples(series).map(([, value]) => value));
}

test('what the ring has all of comes from it, what began before from the store', (context) => {
  const { ring, metrics } = stage(context, 4);
  const select = liveSelect(ring, () => metrics, 5);
  assert.deepEqual(valuesFrom(select, 6000), [-6, -7, -8, -9]);
  assert.deepEqual(valuesFrom(select, 8000), [-8, -9]);
  assert.deepEqual(valuesFrom(select, 5000), [5, -6, -7, -8, -9]);
});

test('a range that goes back further than the ring will is for the store alone', (context) => {
  const { ring, metrics } = stage(context, 4);
  const select = liveSelect(ring, () => metrics, 5);
  assert.deepEqual(valuesFrom(select, -900_000), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('while the ring is young, the minutes before are read from the store once', (context) => {
  const { ring, metrics } = stage(context, 4);
  let reads = 0;
  const reader = () => {
    reads++;
    return metrics;
  };
  for (const startMs of [2000, 3000, 5000]) valuesFrom(liveSelect(ring, reader, 5), startMs);
  assert.equal(reads, 1);
});

test('ring and past together are what the store has, whatever came and went', (context) => {
  const random = randomNumbers(5);
  for (let round = 0; round < 8; round++) {
    const { open, read } = storeFor(context);
    const store = open();
    const buffers = createRingBuffers(1000);
    const writer = new RingWriter(buffers);
    const series = Array.from({ length: 6 }, (_, i) => ({
      measurement: 'm',
      tags: { i: `${i}` },
      fields: ['v'],
    }));
    const wide = buildLayout(series);
    const admitted = writer.admit(wide);
    const rate = random() * 0.3;
    const isThere = series.map(() => random() < 0.5);
    const began = Math.floor(random() * 60);
    for (let tick = 0; tick < 60; tick++) {
      const values = Float64Array.from(series, (_, i) => {
        if (random() < rate) isThere[i] = !isThere[i];
        // The store has no tick in which nothing is known.
        return isThere[i] || i === 0 ? tick : Number.NaN;
      });
      const section = { layout: wide, values };
      const { timeMs } = store.append(dayStartMs + tick * 1000, [section], nothingElse);
      if (tick >= began) writer.write(timeMs, [{ columns: admitted.columns, section }]);
    }
    const metrics = new MetricReader(read(), 0);
    const select = liveSelect(new MetricRing(buffers), () => metrics, 4);
    for (let asked = 0; asked < 20; asked++) {
      const startMs = dayStartMs + Math.floor(random() * 60_000);
      const endMs = dayStartMs + 59_000;
      const found = sorted(select(matchers, startMs, endMs));
      assert.deepEqual(found, sorted(metrics.select(matchers, startMs, endMs, 4)));
    }
    store.close();
  }
});

function sorted(found: readonly SampleSeries[]) {
  return found
    .map((series) => ({ i: series.labels.i!, samples: plainSamples(series) }))
    .sort((a, b) => (a.i < b.i ? -1 : 1));
}

test('an empty ring, or one that cannot be read, leaves the store', (context) => {
  const { ring, metrics, buffers } = stage(context, 0);
  const select = liveSelect(ring, () => metrics, 5);
  assert.deepEqual(valuesFrom(select, 8000), [8, 9]);
  Atomics.add(new Int32Array(buffers.control), ringControl.SEQUENCE, 1);
  assert.deepEqual(valuesFrom(select, 8000), [8, 9]);
});

test('a store that cannot be read leaves what the ring has', (context) => {
  const { ring } = stage(context, 4);
  const select = liveSelect(
    ring,
    () => {
      throw new StoreError('io', 'no disk');
    },
    5,
  );
  assert.deepEqual(valuesFrom(select, 0), [-6, -7, -8, -9]);
});

test('what others write comes from the store beside what the ring has', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const buffers = createRingBuffers(1000);
  const writer = new RingWriter(buffers);
  const { columns } = writer.admit(layout);
  const written = buildLayout([{ measurement: 'w', tags: { host: 'a' }, fields: ['v'] }]);
  for (let i = 0; i < 20; i++) {
    const section = { layout, values: Float64Array.of(i) };
    store.append(dayStartMs + i * 1000, [section], nothingElse);
    if (i >= 5) writer.write(dayStartMs + i * 1000, [{ columns, section }]);
  }
  store.write(
    [2500, 12_500].map((ms, i) => ({ layout: written, values: Float64Array.of(i), timeMs: dayStartMs + ms })),
  );
  const metrics = new MetricReader(read(), 0);
  const select = liveSelect(new MetricRing(buffers), () => metrics, 3);
  const named = (found: SampleSeries[]) =>
    found.map((series) => [series.labels.__name__, plainSamples(series).length]).sort();
  const ask = (wanted: Matcher, fromMs: number) =>
    named(select([wanted], dayStartMs + fromMs, dayStartMs + 19_000));
  const byName: Matcher = { name: '__name__', op: '=', value: 'w_v' };
  const any: Matcher = { name: '__name__', op: '=~', value: '._v' };
  assert.deepEqual(ask(byName, 6000), [['w_v', 1]]);
  assert.deepEqual(ask(byName, 1000), [['w_v', 2]]);
  assert.deepEqual(ask(any, 6000), [
    ['m_v', 14],
    ['w_v', 1],
  ]);
  assert.deepEqual(ask(any, 1000), [
    ['m_v', 19],
    ['w_v', 2],
  ]);
});

test('an expression that is refused is not taken for a store in trouble', (context) => {
  const { ring, metrics } = stage(context, 4);
  const select = liveSelect(ring, () => metrics, 5);
  const bad: Matcher[] = [{ name: '__name__', op: '=~', value: '(' }];
  for (const startMs of [0, 7000])
    assert.throws(
      () => select(bad, dayStartMs + startMs, dayStartMs + 9000),
      (error) => !(error instanceof StoreError),
    );
});

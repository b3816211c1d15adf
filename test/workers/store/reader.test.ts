import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineWriter } from '../../../workers/point/line-protocol.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import type { Buckets, Reader } from '../../../workers/store/reader.ts';
import type { Store } from '../../../workers/store/store.ts';
import { compactAll, dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { randomNumbers } from './random.ts';

const minuteMs = 60_000;
const layouts = [
  buildLayout([
    { measurement: 'system', tags: { host: 'h' }, fields: ['cpu', 'memory', 'uptime'] },
    { measurement: 'queue', tags: { host: 'h', queue: 'a, b=c "d" ü' }, fields: ['waiting'] },
  ]),
  buildLayout([{ measurement: 'queue', tags: { queue: 'late', host: 'h' }, fields: ['waiting'] }]),
];

/** What was written, by series. */
type Written = Map<string, [number, number][]>;

/** Ticks every 5 to 155 s for some hours, with gaps and with a section that is not always there. */
function write(store: Store, hours: number, seed: number): Written {
  const random = randomNumbers(seed);
  const written: Written = new Map();
  let uptime = 0;
  for (let t = 0; t < hours * hourMs; t += 5000 + Math.floor(random() * 150_000)) {
    if (random() < 0.005) t += 20 * minuteMs;
    const cpu = random() < 0.1 ? Number.NaN : Math.round(random() * 10_000) / 100;
    const sections = [
      {
        layout: layouts[0]!,
        values: Float64Array.from([cpu, random() * 1e9, ++uptime, Math.floor(random() * 5) - 2]),
      },
    ];
    if (random() < 0.5) sections.push({ layout: layouts[1]!, values: Float64Array.from([t]) });
    const { timeMs } = store.append(dayStartMs + t, sections, nothingElse);
    for (const { layout, values } of sections) {
      layout.points.forEach(({ measurement, tags, fields }, p) => {
        fields.forEach((field, f) => {
          const value = values[layout.offsets[p]! + f]!;
          const key = `${measurement} ${tags.queue ?? ''} ${field}`;
          if (Number.isFinite(value)) written.set(key, [...(written.get(key) ?? []), [timeMs, value]]);
        });
      });
    }
  }
  return written;
}

function idsOf(reader: Reader, written: Written): number[] {
  const ids = new Map(
    reader
      .series()
      .map(({ id, measurement, tags, field }) => [`${measurement} ${tags.queue ?? ''} ${field}`, id]),
  );
  return [...written.keys()].map((key) => ids.get(key)!);
}

/** Every series, read back in odd pieces, is what was written. */
function assertSamples(reader: Reader, written: Written, endMs: number): void {
  const ids = idsOf(reader, written);
  const found: [number, number][][] = ids.map(() => []);
  const pieceMs = 47 * minuteMs + 13;
  for (let from = dayStartMs; from < endMs; from += pieceMs) {
    reader.read(ids, from, from + pieceMs).forEach(({ timesMs, values }, i) => {
      for (let s = 0; s < values.length; s++) found[i]!.push([timesMs[s]!, values[s]!]);
    });
  }
  [...written.values()].forEach((samples, i) => {
    assert.deepEqual(found[i], samples);
  });
}

function assertBuckets(
  reader: Reader,
  written: Written,
  range: { startMs: number; endMs: number; stepMs: number },
): void {
  const found = reader.buckets(idsOf(reader, written), range, true);
  [...written.values()].forEach((samples, i) => {
    const expected = new Map<number, number[]>();
    for (const [timeMs, value] of samples) {
      if (timeMs < range.startMs || timeMs >= range.endMs) continue;
      const step = Math.floor((timeMs - range.startMs) / range.stepMs);
      expected.set(step, [...(expected.get(step) ?? []), value]);
    }
    const { counts } = found[i]!;
    for (let step = 0; step < counts.length; step++) assertStep(found[i]!, step, expected.get(step) ?? []);
  });
}

function assertStep(
  { counts, sums, minima, maxima, sketches }: Buckets,
  step: number,
  values: readonly number[],
): void {
  assert.equal(counts[step], values.length);
  if (values.length === 0) {
    assert.ok(Number.isNaN(minima[step]) && Number.isNaN(maxima[step]));
    assert.equal(sketches![step], undefined);
    return;
  }
  const sum = values.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sums[step]! - sum) <= Math.abs(sum) * 1e-12 + 1e-9, `${sums[step]} for ${sum}`);
  assert.equal(minima[step], Math.min(...values));
  assert.equal(maxima[step], Math.max(...values));
  const exact = [...values].sort((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1]!;
  assert.equal(sketches![step]!.count, values.length);
  assert.ok(Math.abs(sketches![step]!.quantile(0.95) - exact) <= Math.abs(exact) * 0.01);
}

const hours = 27;
const endMs = dayStartMs + hours * hourMs;

test('samples are the same from ticks, half compacted, and compacted', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const written = write(store, hours, 1);
  const reader = read();
  assertSamples(reader, written, endMs);
  for (let slice = 0; slice < 20; slice++) store.compact(endMs);
  assertSamples(reader, written, endMs);
  compactAll(store, endMs + hourMs);
  assertSamples(reader, written, endMs);
});

for (const [name, changed] of Object.entries({
  'of odd length': { stepMs: 7 * minuteMs + 1 },
  'of whole minutes': { stepMs: 5 * minuteMs },
  'of whole hours': { stepMs: 2 * hourMs },
  'of hours that begin between two': { startMs: dayStartMs + 90 * minuteMs, stepMs: hourMs },
  'of hours that end between two': { endMs: endMs - 100 * minuteMs - 17, stepMs: hourMs },
  'of minutes that begin within one': { startMs: dayStartMs + 12_345, stepMs: 10 * minuteMs },
})) {
  test(`steps ${name} are what the samples say, pending and compacted`, (context) => {
    const { open, read } = storeFor(context, { sinks: [] });
    const store = open();
    const written = write(store, hours, 2);
    const range = { startMs: dayStartMs, endMs, ...changed };
    const reader = read();
    assertBuckets(reader, written, range);
    for (let slice = 0; slice < 31; slice++) store.compact(endMs);
    assertBuckets(reader, written, range);
    compactAll(store, endMs + hourMs);
    assertBuckets(reader, written, range);
  });
}

test('where samples are gone, minutes stand in, and hours where those are gone', (context) => {
  const { open, read } = storeFor(context, {
    sinks: [],
    retention: { rawMs: 20 * hourMs, minuteMs: 23 * hourMs, hourMs: 9000 * hourMs },
  });
  const store = open();
  const written = write(store, hours, 3);
  for (let t = 0; t <= 3 * hourMs; t += 20 * minuteMs) compactAll(store, endMs + t);
  const reader = read();
  const cpu = [...written.entries()].find(([key]) => key === 'system  cpu')![1];
  const [id] = reader.series({ field: 'cpu' }).map((series) => series.id);
  const [found] = reader.buckets([id!], { startMs: dayStartMs, endMs, stepMs: 7 * minuteMs });
  assert.equal(
    found!.counts.reduce((a, b) => a + b, 0),
    cpu.length,
  );
  const [raw] = reader.read([id!], dayStartMs, endMs);
  assert.equal(raw!.timesMs[0], cpu.find(([t]) => t >= dayStartMs + 10 * hourMs)![0]);
  assertBuckets(reader, written, { startMs: dayStartMs, endMs, stepMs: hourMs });
});

test('exported points are the lines that were delivered', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  write(store, 3, 4);
  let delivered = '';
  for (let batch = store.readBatch('main', 999, ''); batch; batch = store.readBatch('main', 999, '')) {
    delivered += batch.text;
    store.settle('main', { from: batch.from, to: batch.to, delivered: batch.points, quarantined: [] });
  }
  const exported = (): string[] =>
    Array.from(read().points(dayStartMs, endMs), ({ measurement, tags, fields, values, timeMs }) =>
      new LineWriter(buildLayout([{ measurement, tags, fields }])).line(0, values, timeMs),
    );
  const expected = delivered.split('\n').sort();
  assert.deepEqual(exported().join('').split('\n').sort(), expected);
  compactAll(store, dayStartMs + 2.5 * hourMs);
  const after = exported();
  assert.deepEqual(after.join('').split('\n').sort(), expected);
  const times = after.map((line) => Number(line.trim().split(' ').at(-1)));
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('history gives the mean of each series in each step that has any', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const layout = buildLayout([
    { measurement: 'snapshot', tags: { host: 'a' }, fields: ['cpuUsage', 'memoryUsage'] },
    { measurement: 'snapshot', tags: { host: 'b' }, fields: ['cpuUsage'] },
  ]);
  const rows: [number, number[]][] = [
    [0, [10, Number.NaN, 40]],
    [1000, [30, 5, Number.NaN]],
    [70_000, [Number.NaN, 7, Number.NaN]],
  ];
  for (const [t, values] of rows)
    store.append(dayStartMs + t, [{ layout, values: Float64Array.from(values) }], nothingElse);
  const series = ['cpuUsage', 'memoryUsage', 'unheard'].map((field) => ({ measurement: 'snapshot', field }));
  assert.deepEqual(
    read().history({ series, startMs: dayStartMs - 60_000, endMs: dayStartMs + 600_000, stepMs: 30_000 }),
    {
      oldestMs: dayStartMs,
      timestampsMs: Float64Array.from([dayStartMs, dayStartMs + 60_000]),
      means: [
        Float64Array.from([80 / 3, Number.NaN]),
        Float64Array.from([5, 7]),
        Float64Array.from([Number.NaN, Number.NaN]),
      ],
    },
  );
});

test('a reader beside the writer sees each tick as it is committed', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const reader = read();
  const layout = layouts[1]!;
  for (let i = 1; i <= 3; i++) {
    store.append(dayStartMs + i, [{ layout, values: Float64Array.from([i]) }], nothingElse);
    const ids = reader.series({ measurement: 'queue', tags: { queue: 'late' } }).map(({ id }) => id);
    assert.deepEqual([...reader.read(ids, dayStartMs, dayStartMs + 10)[0]!.values], [1, 2, 3].slice(0, i));
  }
});

test('there is no reading without a store', (context) => {
  const { read } = storeFor(context);
  assert.throws(read, { code: 'missing', message: /there is no store at / });
});

test('a range without end or with too many steps is refused', (context) => {
  const { open, read } = storeFor(context);
  open();
  const reader = read();
  for (const range of [
    { startMs: 5, endMs: 5, stepMs: 1 },
    { startMs: 0, endMs: 1e12, stepMs: 1 },
    { startMs: 0, endMs: Number.NaN, stepMs: 1 },
    { startMs: 0, endMs: 10, stepMs: 0 },
  ]) {
    assert.throws(() => reader.buckets([1], range), RangeError);
  }
});

test('the times of ticks are known, in chunks as in ticks', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const reader = read();
  assert.equal(reader.newestTimeMs(), 0);
  const timesMs = Array.from({ length: 100 }, (_, i) => dayStartMs + i * 61_000);
  for (const timeMs of timesMs.slice(0, 90))
    store.append(timeMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  compactAll(store, dayStartMs + 92 * 61_000);
  for (const timeMs of timesMs.slice(90)) store.append(timeMs, [filled(twoFieldLayout(1), 1)], nothingElse);
  assert.deepEqual([...reader.tickTimes(timesMs[3]!, timesMs[99]!)], timesMs.slice(3, 99));
  assert.equal(reader.newestTimeMs(), timesMs[99]);
});

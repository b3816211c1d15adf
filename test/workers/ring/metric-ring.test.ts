import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { createRingBuffers, type RingBuffers, ringControl } from '../../../workers/contract/ring-cells.ts';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { evaluateInstant, type Matcher } from '../../../workers/promql/index.ts';
import { MetricRing } from '../../../workers/ring/metric-ring.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';
import { randomNumbers } from '../store/random.ts';
import { busySeries, busyValue } from './busy-metric-writer.ts';
import { type ModelRow, modelSamples, plainSamples } from './metric-model.ts';

const named = (name: string, op: Matcher['op'] = '='): Matcher => ({ name: '__name__', op, value: name });
const queue = (name: string, fields = ['waiting']): PointKey => ({
  measurement: 'queue',
  tags: { queue: name },
  fields,
});

function put(writer: RingWriter, timeMs: number, points: PointKey[], values: number[]): void {
  const admitted = writer.admit(buildLayout(points));
  const section = { layout: admitted.layout, values: Float64Array.from(values) };
  writer.write(timeMs, [{ columns: admitted.columns, section }]);
  writer.release(admitted);
}

function ringFor(slots = 16, columns = 50) {
  const buffers: RingBuffers = { ...createRingBuffers(10_000), slots, columns };
  return { buffers, writer: new RingWriter(buffers), ring: new MetricRing(buffers) };
}

/** Samples of the one series of a metric. */
function only(ring: MetricRing, name: string, startMs: number, endMs: number, staleAfterRows?: number) {
  const found = ring.select([named(name)], startMs, endMs, staleAfterRows);
  assert.ok(found.length <= 1);
  return found[0] ? plainSamples(found[0]) : [];
}

test('an empty ring has nothing', () => {
  const { ring } = ringFor();
  assert.deepEqual(ring.select([named('x')], 0, 1e12), []);
  assert.deepEqual([ring.oldestMs(), ring.newestMs()], [Number.NaN, Number.NaN]);
  assert.deepEqual(ring.names(), []);
});

test('a field of a measurement is a metric with the tags as labels, the field recorded the measurement itself', () => {
  const { writer, ring } = ringFor();
  const recorded = { measurement: 'job:requests:rate5m', tags: { job: 'a' }, fields: ['recorded'] };
  put(writer, 1000, [queue('mail', ['waiting', 'active']), recorded], [1, 2, 3]);
  assert.deepEqual(ring.names(), ['queue_waiting', 'queue_active', 'job:requests:rate5m']);
  const [found, ...others] = ring.select([named('job:requests:rate5m')], 0, 2000);
  assert.deepEqual({ ...found!.labels }, { __name__: 'job:requests:rate5m', job: 'a' });
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...ring.select([named('queue_active')], 0, 2000)[0]!.labels },
    {
      __name__: 'queue_active',
      queue: 'mail',
    },
  );
});

test('both ends of a range are in it, gaps are left out, and series without samples too', () => {
  const { writer, ring } = ringFor();
  const points = [queue('a'), queue('b')];
  for (let i = 1; i <= 5; i++)
    put(writer, i * 1000, points, [i === 3 ? Number.NaN : i, i === 1 ? 9 : Number.NaN]);
  const found = ring.select([named('queue_waiting')], 2000, 4000);
  assert.equal(found.length, 1);
  assert.deepEqual(plainSamples(found[0]!), [
    [2000, 2],
    [4000, 4],
  ]);
  assert.deepEqual(only(ring, 'queue_waiting', 4001, 4999), []);
  assert.deepEqual([ring.oldestMs(), ring.newestMs()], [1000, 5000]);
});

test('a series has the same label object for as long as it is there, whatever else comes or moves', () => {
  const { writer, ring } = ringFor(4, 3);
  put(writer, 1, [queue('a')], [1]);
  const { labels } = ring.select([named('queue_waiting')], 0, 10)[0]!;
  put(writer, 2, [queue('a'), queue('b')], [1, 2]);
  assert.equal(ring.select([named('queue_waiting')], 0, 10)[0]!.labels, labels);
  for (let i = 3; i < 12; i++) put(writer, i, [queue('a')], [1]);
  put(writer, 12, [queue('a'), queue('c'), queue('d')], [1, 2, 3]);
  const found = ring.select([named('queue_waiting')], 0, 100);
  assert.deepEqual(
    found.map((series) => series.labels.queue),
    ['a', 'd', 'c'],
  );
  assert.equal(found[0]!.labels, labels);
});

test('a series that comes back after its column was given away is found with what it has now', () => {
  const { writer, ring } = ringFor(4, 3);
  put(writer, 1, [queue('a'), queue('b')], [1, 2]);
  for (let i = 2; i < 9; i++) put(writer, i, [queue('x')], [i]);
  put(writer, 9, [queue('y')], [9]);
  put(writer, 10, [queue('x'), queue('y'), queue('b')], [10, 10, 10]);
  put(writer, 11, [queue('x'), queue('y'), queue('b')], [11, 11, 11]);
  const matchers: Matcher[] = [named('queue_waiting'), { name: 'queue', op: '=', value: 'b' }];
  assert.deepEqual(ring.select(matchers, 10, 20).map(plainSamples), [
    [
      [10, 10],
      [11, 11],
    ],
  ]);
});

test('after the clock jumped back samples come in the order of time, and the later one of two stands', () => {
  const { writer, ring } = ringFor();
  for (const [timeMs, value] of [
    [100, 1],
    [102, 2],
    [104, 3],
    [101, 4],
    [102, 5],
    [103, 6],
  ] as const)
    put(writer, timeMs, [queue('a')], [value]);
  assert.deepEqual(only(ring, 'queue_waiting', 101, 104), [
    [101, 4],
    [102, 5],
    [103, 6],
    [104, 3],
  ]);
  assert.equal(ring.oldestMs(), 100);
});

test('the ring does not claim to be complete before the time of its oldest row', () => {
  const { writer, ring } = ringFor(4);
  for (const timeMs of [1000, 1001, 1002, 500, 501]) put(writer, timeMs, [queue('a')], [1]);
  assert.equal(ring.oldestMs(), 1001, 'a row of before the jump is gone');
});

test('rows are told by their times, and when the ring began as long as it has every row', () => {
  const { writer, ring } = ringFor(4);
  assert.equal(ring.beganMs(), Number.NaN);
  for (let i = 1; i <= 4; i++) put(writer, i * 1000, [queue('a')], [i === 2 ? Number.NaN : i]);
  assert.equal(ring.beganMs(), 1000);
  assert.deepEqual([...ring.rowTimes(2000, 3500)], [2000, 3000]);
  assert.deepEqual([...ring.rowTimes(5000, 4000)], []);
  put(writer, 5000, [queue('a')], [5]);
  assert.equal(ring.beganMs(), Number.NaN);
});

test('a series that rows went on without has ended, at the first row without it', () => {
  const { writer, ring } = ringFor();
  for (let i = 1; i <= 8; i++) put(writer, i, [queue('a'), queue('b')], [i < 4 ? i : Number.NaN, i]);
  const ended = [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 'end'],
  ];
  const selector: Matcher[] = [named('queue_waiting'), { name: 'queue', op: '=', value: 'a' }];
  const select = (endMs: number, staleAfterRows: number) =>
    ring.select(selector, 1, endMs, staleAfterRows).map(plainSamples)[0];
  assert.deepEqual(select(8, 4), ended);
  assert.deepEqual(select(8, 5), ended.slice(0, 3), 'not yet');
  assert.deepEqual(select(7, 4), ended.slice(0, 3), 'not as of then');
});

test('a series that was away for as long has an end in its middle, a slow one has not', () => {
  const { writer, ring } = ringFor();
  const away = (i: number) => (i >= 4 && i <= 8 ? Number.NaN : i);
  for (let i = 1; i <= 10; i++) {
    const points = [queue('away'), { measurement: 'slow', tags: {}, fields: ['v'] }];
    put(writer, i, points, [away(i), i % 3 === 0 ? i : Number.NaN]);
  }
  assert.deepEqual(only(ring, 'queue_waiting', 1, 10, 4), [
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 'end'],
    [9, 9],
    [10, 10],
  ]);
  assert.deepEqual(only(ring, 'slow_v', 1, 10, 4), [
    [3, 3],
    [6, 6],
    [9, 9],
  ]);
});

test('rows that did not come end nothing', () => {
  const { writer, ring } = ringFor();
  const slow = { measurement: 'slow', tags: {}, fields: ['v'] };
  put(writer, 1000, [queue('a'), slow], [1, 1]);
  put(writer, 900_000, [queue('a'), slow], [2, Number.NaN]);
  assert.deepEqual(only(ring, 'slow_v', 0, 1e6, 4), [[1000, 1]]);
});

test('PromQL takes the end of a series for one', () => {
  const { writer, ring } = ringFor();
  for (let i = 1; i <= 8; i++) put(writer, i * 1000, [queue('a'), queue('b')], [i < 4 ? i : Number.NaN, i]);
  const count = (expr: string) => {
    const result = evaluateInstant(expr, 8000, (matchers, startMs, endMs) =>
      ring.select(matchers, startMs, endMs, 3),
    );
    return result.type === 'vector' ? result.samples.map(({ value }) => value) : [];
  };
  assert.deepEqual(count('queue_waiting'), [8]);
  assert.deepEqual(count('count_over_time(queue_waiting{queue="a"}[1m])'), [3]);
});

test('what is asked again before the next row is the same object', () => {
  const { writer, ring } = ringFor();
  put(writer, 1, [queue('a'), queue('b')], [1, 2]);
  const ask = (endMs = 10) => ring.select([named('queue_waiting')], 0, endMs, 5);
  const first = ask();
  assert.equal(ask(), first);
  const [one] = ring.select([named('queue_.*', '=~')], 0, 10, 5);
  assert.equal(one, first[0], 'series are shared between those who ask differently');
  assert.notEqual(ask(9), first);
  put(writer, 2, [queue('a')], [3]);
  assert.deepEqual(plainSamples(ask()[0]!), [
    [1, 1],
    [2, 3],
  ]);
});

test('a ring whose writer was ended inside a row cannot be read, until its successor makes it whole', () => {
  const { buffers, writer, ring } = ringFor();
  put(writer, 1, [queue('a')], [1]);
  assert.equal(only(ring, 'queue_waiting', 0, 9).length, 1);
  Atomics.add(new Int32Array(buffers.control), ringControl.SEQUENCE, 1);
  assert.throws(() => ring.select([named('queue_waiting')], 0, 9), /cannot be read/);
  put(new RingWriter(buffers), 2, [queue('a')], [2]);
  assert.equal(only(ring, 'queue_waiting', 0, 9).length, 2);
});

test('a select is what a naive model gives, whatever comes, goes and jumps', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = randomNumbers(seed);
    const slots = 5 + Math.floor(random() * 30);
    const { writer, ring } = ringFor(slots, 12);
    const rows: ModelRow[] = [];
    let timeMs = 10_000;
    let shift = 0;
    for (let step = 0; step < 200; step++) {
      timeMs += random() < 0.03 ? -Math.floor(random() * 40) : 1 + Math.floor(random() * 4);
      if (random() < 0.02) shift++;
      const points: PointKey[] = [];
      const values: number[] = [];
      for (let i = 0; i < 8; i++) {
        if (random() < 0.3) continue;
        points.push(queue(`${(i + shift * 3) % 40}`));
        values.push(random() < 0.2 ? Number.NaN : Math.floor(random() * 100));
      }
      const admitted = writer.admit(buildLayout(points));
      const section = { layout: admitted.layout, values: Float64Array.from(values) };
      writer.write(timeMs, [{ columns: admitted.columns, section }]);
      writer.release(admitted);
      const held = points.flatMap(({ tags }, i) =>
        admitted.columns[i]! >= 0 && !Number.isNaN(values[i]) ? [[tags.queue!, values[i]!] as const] : [],
      );
      rows.push({ timeMs, values: new Map(held) });
      if (rows.length > slots) rows.shift();
      const startMs = timeMs - Math.floor(random() * 100);
      const endMs = startMs + Math.floor(random() * 120);
      const staleAfterRows = random() < 0.3 ? Number.POSITIVE_INFINITY : Math.floor(random() * 8);
      const found = ring.select([named('queue_waiting')], startMs, endMs, staleAfterRows);
      const got = new Map(found.map((series) => [series.labels.queue!, plainSamples(series)]));
      assert.equal(got.size, found.length);
      for (let name = 0; name < 40; name++) {
        const expected = modelSamples(rows, `${name}`, startMs, endMs, staleAfterRows);
        assert.deepEqual(got.get(`${name}`) ?? [], expected, `seed ${seed}, step ${step}, queue ${name}`);
      }
    }
  }
});

test('a select beside a busy writer is that of one moment', async (context) => {
  const buffers: RingBuffers = { ...createRingBuffers(2000), slots: 61 };
  const filename = fileURLToPath(new URL('./busy-metric-writer.ts', import.meta.url));
  const pool = new Piscina({ filename, maxThreads: 1 });
  context.after(() => pool.destroy());
  const ring = new MetricRing(buffers);
  let done = false;
  const writing = pool.run({ buffers, rows: 10_000 }).finally(() => {
    done = true;
  });
  let selects = 0;
  while (!done) {
    for (let i = 0; i < 20; i++) {
      const newestMs = ring.newestMs();
      const found = ring.select([named('m_v')], 0, 1e9, 5);
      if (found.length === 0) continue;
      selects++;
      const firstMs = Math.min(...found.map(({ timestampsMs }) => timestampsMs[0]!));
      const lastMs = Math.max(...found.map(({ timestampsMs }) => timestampsMs.at(-1)!));
      assert.ok(Number.isNaN(newestMs) || lastMs >= newestMs, `${lastMs} after ${newestMs}`);
      assert.ok(lastMs - firstMs < buffers.slots, `${firstMs} to ${lastMs}`);
      const rows = Array.from({ length: lastMs - firstMs + 1 }, (_, row) => busyRow(firstMs + row));
      for (const series of found) {
        const expected = modelSamples(rows, series.labels.i!, 0, 1e9, 5);
        assert.deepEqual(plainSamples(series), expected);
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writing;
  assert.ok(selects > 0);
});

/** Each row has some series, so that the first and the last of a select are known. */
function busyRow(row: number): ModelRow {
  const values = Array.from({ length: busySeries }, (_, i) => [`${i}`, busyValue(i, row)] as const);
  return { timeMs: row, values: new Map(values.filter(([, value]) => !Number.isNaN(value))) };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { createRingBuffers, ringControl, ringLimits } from '../../../workers/contract/ring-cells.ts';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { RingReader } from '../../../workers/ring/ring-reader.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';
import '../../support/watchdog.ts';

const point = (measurement: string, name: string, fields = ['a', 'b']): PointKey => ({
  measurement,
  tags: { name },
  fields,
});

function put(writer: RingWriter, points: PointKey[], timeMs: number, values: number[]): void {
  const admitted = writer.admit(buildLayout(points));
  const section = { layout: admitted.layout, values: Float64Array.from(values) };
  writer.write(timeMs, [{ columns: admitted.columns, section }]);
  writer.release(admitted);
}

test('all buffers of a ring together take at most 64 MB and hold 15 minutes, whatever the interval', () => {
  for (const intervalMs of [250, 500, 2000, 60_000]) {
    const buffers = createRingBuffers(intervalMs);
    const { control, times, values, directory, names } = buffers;
    const bytes = [control, times, values, directory, names].reduce(
      (sum, buffer) => sum + buffer.byteLength,
      0,
    );
    assert.ok(bytes <= 64 * 1024 * 1024, `${bytes}`);
    assert.ok(buffers.slots * intervalMs >= 15 * 60_000);
  }
});

test('a reader sees what was written, and gaps stay gaps', () => {
  const buffers = createRingBuffers(60_000);
  const writer = new RingWriter(buffers);
  const reader = new RingReader(buffers);
  assert.equal(reader.newestTimeMs(), undefined);
  put(writer, [point('m', 'x')], 1000, [1, 2]);
  put(writer, [point('m', 'y')], 2000, [3, 4]);
  put(writer, [point('m', 'x')], 3000, [5, Number.NaN]);
  const [a, b] = reader.seriesOf('m');
  assert.deepEqual(a, { measurement: 'm', tags: { name: 'x' }, field: 'a', column: 0 });
  assert.deepEqual([...reader.samples(a!.column, 0, 9000)!.timestampsMs], [1000, 3000]);
  assert.deepEqual([...reader.samples(a!.column, 0, 9000)!.values], [1, 5]);
  assert.deepEqual([...reader.samples(b!.column, 0, 9000)!.values], [2]);
  assert.deepEqual([...reader.newest([0, 1])!.values], [5, Number.NaN]);
});

test('old rows give way after a window', () => {
  const buffers = createRingBuffers(60_000);
  const writer = new RingWriter(buffers);
  for (let i = 0; i < 40; i++) put(writer, [point('m', 'x')], i, [i, i]);
  const samples = new RingReader(buffers).samples(0, 0, 100)!;
  assert.equal(samples.values.length, buffers.slots);
  assert.equal(samples.values.at(-1), 39);
  assert.equal(samples.values[0], 40 - buffers.slots);
});

test('a replaced writer finds the columns and the history of the one before', () => {
  const buffers = createRingBuffers(60_000);
  put(new RingWriter(buffers), [point('m', 'x'), point('m', 'é"\\')], 1, [1, 2, 3, 4]);
  put(new RingWriter(buffers), [point('m', 'é"\\'), point('m', 'z')], 2, [5, 6, 7, 8]);
  const reader = new RingReader(buffers);
  assert.deepEqual(
    reader.seriesOf('m').map(({ tags, field }) => tags.name + field),
    ['xa', 'xb', 'é"\\a', 'é"\\b', 'za', 'zb'],
  );
  assert.deepEqual([...reader.samples(2, 0, 9)!.values], [3, 5]);
});

test('a writer that was ended inside a row makes readers give up, and its successor makes the ring whole', () => {
  const buffers = createRingBuffers(60_000);
  put(new RingWriter(buffers), [point('m', 'x')], 1, [1, 2]);
  Atomics.add(new Int32Array(buffers.control), ringControl.SEQUENCE, 1);
  const reader = new RingReader(buffers);
  assert.equal(reader.newest([0]), undefined);
  put(new RingWriter(buffers), [point('m', 'x')], 2, [3, 4]);
  assert.deepEqual([...reader.newest([0])!.values], [3]);
});

test('a measurement has at most 2,000 tag sets; the rest is refused until others were gone for a window', () => {
  const buffers = createRingBuffers(60_000);
  const writer = new RingWriter(buffers);
  const many = Array.from({ length: ringLimits.seriesPerMeasurement + 5 }, (_, i) =>
    point('m', `n${i}`, ['a']),
  );
  const admitted = writer.admit(buildLayout([...many, point('other', 'x', ['a'])]));
  assert.equal(admitted.layout.points.length, ringLimits.seriesPerMeasurement + 1);
  assert.deepEqual([...admitted.refused], [2000, 2001, 2001, 2002, 2002, 2003, 2003, 2004, 2004, 2005]);
  assert.equal(admitted.pick!.at(-1), ringLimits.seriesPerMeasurement + 5);
  writer.release(admitted);
  assert.equal(
    writer.admit(buildLayout([point('m', 'new', ['a'])])).refused.length,
    2,
    'they may still come back',
  );
  for (let i = 0; i <= buffers.slots; i++) put(writer, [point('other', 'x', ['a'])], i, [1]);
  assert.equal(writer.admit(buildLayout([point('m', 'new', ['a'])])).refused.length, 0);
});

test('points for which the ring has no columns are let in without them', () => {
  const buffers = { ...createRingBuffers(60_000), columns: 3 };
  const writer = new RingWriter(buffers);
  const admitted = writer.admit(buildLayout([point('m', 'x'), point('m', 'y')]));
  assert.deepEqual([...admitted.columns], [0, 1, -1, -1]);
  assert.equal(admitted.withoutColumn, 2);
  assert.equal(admitted.refused.length, 0);
  const section = { layout: admitted.layout, values: Float64Array.of(1, 2, 3, 4) };
  writer.write(1, [{ columns: admitted.columns, section }]);
  const reader = new RingReader(buffers);
  assert.deepEqual([...reader.newest([0, 1])!.values], [1, 2]);
  assert.equal(reader.seriesOf('m').length, 2);
});

test('an expired series leaves nothing behind in the column that another one gets', () => {
  const buffers = { ...createRingBuffers(60_000), columns: 2 };
  const writer = new RingWriter(buffers);
  const reader = new RingReader(buffers);
  put(writer, [point('m', 'old')], 1, [1, 2]);
  assert.equal(reader.seriesOf('m')[0]!.tags.name, 'old');
  for (let i = 0; i <= buffers.slots; i++) writer.write(2 + i, []);
  put(writer, [point('m', 'new')], 100, [7, 8]);
  const series = reader.seriesOf('m');
  assert.deepEqual(
    series.map(({ tags }) => tags.name),
    ['new', 'new'],
  );
  const values = series.map(({ column }) => [...reader.samples(column, 0, 1000)!.values]);
  assert.deepEqual(values.flat().sort(), [7, 8]);
});

test('reads beside a busy writer are never torn', async () => {
  const buffers = createRingBuffers(60_000);
  const filename = fileURLToPath(new URL('./busy-writer.ts', import.meta.url));
  const pool = new Piscina({ filename, maxThreads: 1 });
  const reader = new RingReader(buffers);
  let done = false;
  const writing = pool.run(buffers).finally(() => {
    done = true;
  });
  let reads = 0;
  while (!done) {
    for (let i = 0; i < 1000; i++) {
      const row = reader.newest([0, 1]);
      if (!row) continue;
      reads++;
      assert.equal(row.values[0]! + row.values[1]!, 0);
      assert.equal(row.values[0], row.timeMs);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(reads > 0);
  await writing;
  await pool.destroy();
});

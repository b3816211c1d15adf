import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, BytesError, ByteWriter } from '../../../workers/sketch/bytes.ts';
import { decodeChunk, encodeChunk, mergeSamples } from '../../../workers/store/chunk.ts';
import { readValues, scaleOf, writeValues } from '../../../workers/store/value-codec.ts';
import { randomNumbers } from './random.ts';

const random = randomNumbers(7);
const whole = (size: number) => Math.floor((random() - 0.5) * size);

/** Kinds of columns: each gives the next value. */
const kinds: Record<string, () => () => number> = {
  constants: () => {
    const value = [5, -0, 0, 1e300, Number.MIN_VALUE, -7.25][Math.floor(random() * 6)]!;
    return () => value;
  },
  counters: () => {
    let value = whole(1e12);
    return () => (value += Math.floor(random() * 50));
  },
  percents: () => () => Math.round(random() * 10_000) / 100,
  thousandths: () => () => whole(1e9) / 1000,
  'long runs': () => {
    let value = 3;
    return () => {
      if (random() < 0.01) value = whole(1e6);
      return value;
    };
  },
  'numbers near the limit of whole ones': () => () => whole(2 ** 50) + (random() < 0.5 ? 2 ** 49 : 0),
  fractions: () => () => (random() - 0.5) * 1e3,
  'any bits': () => {
    const view = new DataView(new ArrayBuffer(8));
    return () => {
      view.setUint32(0, random() * 2 ** 32);
      view.setUint32(4, random() * 2 ** 32);
      const value = view.getFloat64(0);
      return Number.isNaN(value) ? 1.5 : value;
    };
  },
  'zeros of both signs': () => () => (random() < 0.5 ? 0 : -0),
  'the ends of the range': () => () =>
    [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, Infinity, -Infinity, 0][
      Math.floor(random() * 6)
    ]!,
};

for (const [name, kind] of Object.entries(kinds)) {
  test(`columns of ${name} come back bit for bit`, () => {
    for (let round = 0; round < 200; round++) {
      const next = kind();
      const values = Float64Array.from({ length: 1 + Math.floor(random() * 300) }, next);
      const writer = new ByteWriter();
      writeValues(writer, values, values.length, scaleOf(values, values.length));
      const reader = new ByteReader(writer.copy());
      const again = new Float64Array(values.length);
      readValues(reader, again, values.length);
      assert.deepEqual(new BigUint64Array(again.buffer), new BigUint64Array(values.buffer));
      assert.ok(reader.ended);
    }
  });
}

test('percents of two decimals take less than two bytes each', () => {
  let percent = 30;
  const values = Float64Array.from({ length: 1800 }, () => {
    percent = Math.min(100, Math.max(0, percent + (random() - 0.5) * 2));
    return Math.round(percent * 100) / 100;
  });
  const writer = new ByteWriter();
  writeValues(writer, values, values.length, scaleOf(values, values.length));
  assert.ok(writer.length < values.length * 2, `${writer.length} bytes`);
});

test('a steady counter takes a few bytes, whatever its length', () => {
  const values = Float64Array.from({ length: 1800 }, (_, i) => 1e9 + i * 4096);
  const writer = new ByteWriter();
  writeValues(writer, values, values.length, scaleOf(values, values.length));
  assert.ok(writer.length < 20, `${writer.length} bytes`);
});

test('chunks of uneven times come back as they were', () => {
  const hourStartMs = 3_600_000 * 480_000;
  for (let round = 0; round < 100; round++) {
    let time = hourStartMs;
    const timesMs = Float64Array.from({ length: 1 + Math.floor(random() * 500) }, () => {
      time += 1 + Math.floor(random() * 5000 * (random() < 0.7 ? 0 : 1));
      return time;
    });
    const values = timesMs.map(() => whole(100));
    const bytes = encodeChunk({ timesMs, values }, hourStartMs, scaleOf(values, values.length));
    assert.deepEqual(decodeChunk(bytes, hourStartMs), { timesMs, values });
  }
});

test('a chunk that is cut is refused', () => {
  const samples = { timesMs: Float64Array.from([1, 2, 5]), values: Float64Array.from([1, 2.5, 7]) };
  const bytes = encodeChunk(samples, 0, 10);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeChunk(bytes.subarray(0, length), 0), BytesError, `${length} bytes`);
  }
});

test('merging keeps the order of times, and the newer value where both have one', () => {
  const older = { timesMs: Float64Array.from([1, 3, 5, 9]), values: Float64Array.from([10, 30, 50, 90]) };
  const newer = { timesMs: Float64Array.from([0, 3, 6]), values: Float64Array.from([1, 31, 61]) };
  assert.deepEqual(mergeSamples(older, newer), {
    timesMs: Float64Array.from([0, 1, 3, 5, 6, 9]),
    values: Float64Array.from([1, 10, 31, 50, 61, 90]),
  });
});

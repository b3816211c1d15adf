import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, BytesError, ByteWriter } from '../../../workers/sketch/bytes.ts';
import { bucketKey, bucketMiddle, readBuckets, Sketch } from '../../../workers/sketch/sketch.ts';
import { randomNumbers } from '../store/random.ts';

function bucketsOf(sketch: Sketch): [number, number][] {
  const buckets: [number, number][] = [];
  sketch.eachBucket((key, count) => buckets.push([key, count]));
  return buckets;
}

function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * values.length)) - 1]!;
}

test('every quantile of values of either sign is within 0.8 % of the exact one', () => {
  const random = randomNumbers(1);
  for (let round = 0; round < 50; round++) {
    const values = Array.from({ length: 1 + Math.floor(random() * 500) }, () => {
      const size = Math.exp((random() - 0.5) * 60);
      return random() < 0.1 ? 0 : (random() - 0.4) * size;
    });
    const sketch = new Sketch();
    for (const value of values) sketch.add(value);
    for (const q of [0, 0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
      const exact = exactQuantile(values, q);
      assert.ok(
        Math.abs(sketch.quantile(q) - exact) <= Math.abs(exact) * 0.008,
        `q ${q}: ${sketch.quantile(q)} for ${exact}`,
      );
    }
  }
});

test('a merged sketch is the sketch of all values', () => {
  const random = randomNumbers(2);
  const [a, b, both] = [new Sketch(), new Sketch(), new Sketch()];
  for (let i = 0; i < 1000; i++) {
    const value = (random() - 0.5) * 1e6;
    (i % 3 === 0 ? a : b).add(value);
    both.add(value);
  }
  a.merge(b);
  assert.deepEqual(bucketsOf(a), bucketsOf(both));
  assert.equal(a.count, 1000);
});

test('what is written is read again, from any base', () => {
  const random = randomNumbers(3);
  for (const base of [0, 65_000, -70_000]) {
    const sketch = new Sketch();
    for (let i = 0; i < 300; i++) sketch.add((random() - 0.5) * 1000, 1 + Math.floor(random() * 3));
    sketch.add(0, 7);
    const writer = new ByteWriter();
    const first = sketch.write(writer, base);
    const again = new Sketch();
    assert.equal(readBuckets(new ByteReader(writer.copy()), base, again), first);
    assert.deepEqual(bucketsOf(again), bucketsOf(sketch));
  }
});

test('the ends of the float64 range have buckets', () => {
  for (const value of [Number.MAX_VALUE, -Number.MAX_VALUE, 2.3e-308]) {
    const middle = bucketMiddle(bucketKey(value));
    assert.ok(Math.abs(middle - value) <= Math.abs(value) * 0.016, `${middle} for ${value}`);
  }
});

test('zero of either sign is one bucket of its own', () => {
  const sketch = new Sketch();
  sketch.add(0);
  sketch.add(-0);
  assert.deepEqual(bucketsOf(sketch), [[0, 2]]);
  assert.equal(sketch.quantile(0.5), 0);
});

test('a value that is not finite is not counted', () => {
  const sketch = new Sketch();
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) sketch.add(value);
  assert.equal(sketch.count, 0);
});

test('the quantile of nothing is not known', () => {
  assert.ok(Number.isNaN(new Sketch().quantile(0.5)));
});

test('a cleared sketch starts anew', () => {
  const sketch = new Sketch();
  for (const value of [1e-9, 5, -1e12]) sketch.add(value);
  sketch.clear();
  sketch.add(3);
  assert.deepEqual(bucketsOf(sketch), [[bucketKey(3), 1]]);
});

test('bytes that end too early are refused', () => {
  const sketch = new Sketch();
  for (let i = 1; i < 100; i++) sketch.add(i);
  const writer = new ByteWriter();
  sketch.write(writer);
  const cut = writer.copy().subarray(0, 20);
  assert.throws(() => readBuckets(new ByteReader(cut), 0, new Sketch()), BytesError);
});

test('whole numbers up to 2^53 go through a varint', () => {
  const writer = new ByteWriter();
  const numbers = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 45 + 3, 2 ** 53];
  for (const number of numbers) writer.varint(number);
  for (const number of [0, 1, -1, -64, 64, 2 ** 50, -(2 ** 50)]) writer.signed(number);
  const reader = new ByteReader(writer.copy());
  for (const number of numbers) assert.equal(reader.varint(), number);
  for (const number of [0, 1, -1, -64, 64, 2 ** 50, -(2 ** 50)]) assert.equal(reader.signed(), number);
  assert.ok(reader.ended);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Uniques } from '../../../workers/events/uniques.ts';
import { hashed, hashText } from '../../../workers/events/user-hash.ts';
import { ByteReader, BytesError, ByteWriter } from '../../../workers/sketch/bytes.ts';
import { randomNumbers } from '../store/random.ts';

const hourMs = 3_600_000;
const startMs = 1_800_000_000_000;

function add(uniques: Uniques, thing: string, timeMs: number): void {
  hashText(thing);
  uniques.add(hashed.high, hashed.low, timeMs);
}

function written(uniques: Uniques): Uint8Array {
  const writer = new ByteWriter();
  uniques.write(writer);
  return writer.copy();
}

function assertNear(estimate: number, exact: number, tolerance: number): void {
  assert.ok(Math.abs(estimate - exact) <= exact * tolerance + 0.5, `${estimate} for ${exact}`);
}

test('the estimate of 0 to 10^6 things is within three standard errors, and nearly exact for a few hundred', () => {
  for (const name of ['user-', 'u', '']) {
    const uniques = new Uniques();
    assert.equal(uniques.estimate(hourMs, startMs), 0);
    let count = 0;
    for (const size of [1, 2, 10, 100, 300, 1000, 5000, 10_000, 20_000, 100_000, 1_000_000]) {
      for (; count < size; count++) add(uniques, name + count.toString(16), startMs);
      assertNear(uniques.estimate(hourMs, startMs), size, size <= 300 ? 0.02 : 0.05);
    }
  }
});

test('the mean error over many sets is far below that of one: there is no bias', () => {
  for (const size of [500, 4000, 12_000, 30_000]) {
    let sum = 0;
    const rounds = 40;
    for (let round = 0; round < rounds; round++) {
      const uniques = new Uniques();
      for (let i = 0; i < size; i++) add(uniques, `${round}/${i}`, startMs);
      sum += uniques.estimate(hourMs, startMs);
    }
    assertNear(sum / rounds, size, 0.01);
  }
});

test('any window of up to 24 hours counts the things whose newest time is in it', () => {
  const random = randomNumbers(7);
  const uniques = new Uniques();
  const newest = new Map<string, number>();
  for (let i = 0; i < 60_000; i++) {
    const thing = `t${Math.floor(random() ** 3 * 20_000)}`;
    const timeMs = startMs + Math.floor((i / 60_000) * 24 * hourMs);
    add(uniques, thing, timeMs);
    newest.set(thing, timeMs);
  }
  const nowMs = startMs + 24 * hourMs;
  for (const windowMs of [60_000, 300_000, 1_800_000, hourMs, 6 * hourMs, 24 * hourMs]) {
    const exact = [...newest.values()].filter((timeMs) => timeMs >= nowMs - windowMs).length;
    assertNear(uniques.estimate(windowMs, nowMs), exact, 0.05);
  }
  assert.equal(uniques.estimate(hourMs, nowMs + 2 * hourMs), 0);
});

test('an older time never replaces a newer one', () => {
  const uniques = new Uniques();
  add(uniques, 'a', startMs);
  add(uniques, 'a', startMs - hourMs);
  assert.equal(Math.round(uniques.estimate(60_000, startMs)), 1);
});

test('what is written is read again and answers every window alike; a second writing is the same', () => {
  const random = randomNumbers(8);
  for (const size of [0, 1, 50, 3000, 200_000]) {
    const uniques = new Uniques();
    for (let i = 0; i < size; i++) add(uniques, `${i}`, startMs + Math.floor(random() * 24 * hourMs));
    const bytes = written(uniques);
    const again = Uniques.read(new ByteReader(bytes));
    const nowMs = startMs + 24 * hourMs;
    for (const windowMs of [60_000, 300_000, hourMs, 23 * hourMs])
      assert.equal(again.estimate(windowMs, nowMs), uniques.estimate(windowMs, nowMs));
    assert.deepEqual(written(again), bytes);
  }
});

test('what is older than 24 hours is not written', () => {
  const uniques = new Uniques();
  for (let i = 0; i < 1000; i++) add(uniques, `old${i}`, startMs);
  add(uniques, 'new', startMs + 25 * hourMs);
  assert.ok(written(uniques).length < 20);
});

test('things of the future become of now when the clock jumped back', () => {
  const uniques = new Uniques();
  add(uniques, 'a', startMs + 5 * hourMs);
  add(uniques, 'b', startMs - 60_000);
  uniques.clamp(startMs);
  assert.equal(Math.round(uniques.estimate(1000, startMs)), 1);
  assert.equal(Math.round(uniques.estimate(120_000, startMs)), 2);
  assert.equal(Math.round(uniques.estimate(300_000, startMs + 301_000)), 0);
});

test('bytes that hold something else are refused', () => {
  const uniques = new Uniques();
  for (let i = 0; i < 100; i++) add(uniques, `${i}`, startMs + i * 1000);
  const bytes = written(uniques);
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => Uniques.read(new ByteReader(bytes.subarray(0, length))), BytesError);
  const random = randomNumbers(9);
  for (let round = 0; round < 2000; round++) {
    const mutated = bytes.slice();
    mutated[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    try {
      Uniques.read(new ByteReader(mutated));
    } catch (error) {
      assert.ok(error instanceof BytesError || error instanceof RangeError, String(error));
    }
  }
});

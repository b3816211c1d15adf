import { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { readDifferences, readValues, writeDifferences, writeValues } from './value-codec.ts';

/** Samples of one series, oldest first. */
export interface Samples {
  /** Milliseconds since 1970, growing. */
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

export const noSamples: Samples = { timesMs: new Float64Array(0), values: new Float64Array(0) };

const writer = new ByteWriter();
let offsets = new Float64Array(4096);

/**
 * An hour of one series: the number of samples, their times as second differences from the start of the hour,
 * their values. `scale` is what `scaleOf` says of the values.
 */
export function encodeChunk(samples: Samples, hourStartMs: number, scale: number): Uint8Array {
  const count = samples.values.length;
  if (offsets.length < count) offsets = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) offsets[i] = samples.timesMs[i]! - hourStartMs;
  writer.clear();
  writer.varint(count);
  writeDifferences(writer, offsets, count, 2);
  if (count > 0) writeValues(writer, samples.values, count, scale);
  return writer.copy();
}

/** Samples that are done with before the next chunk is read can share memory: fresh pages cost as much as decoding. */
export class SamplesScratch {
  #timesMs = new Float64Array(0);
  #values = new Float64Array(0);

  take(count: number): Samples {
    if (this.#values.length < count) {
      this.#timesMs = new Float64Array(count);
      this.#values = new Float64Array(count);
    }
    return { timesMs: this.#timesMs.subarray(0, count), values: this.#values.subarray(0, count) };
  }
}

/** Throws `BytesError` when the bytes are not a chunk. With `scratch` the samples are good until its next use. */
export function decodeChunk(bytes: Uint8Array, hourStartMs: number, scratch = new SamplesScratch()): Samples {
  const reader = new ByteReader(bytes);
  // A series cannot have more than a sample a millisecond: a larger number is damage, not a reason to allocate.
  const count = Math.min(reader.varint(), 3_600_000);
  const { timesMs, values } = scratch.take(count);
  readDifferences(reader, timesMs, count, 2, 1, hourStartMs);
  if (count > 0) readValues(reader, values, count);
  return { timesMs, values };
}

/** Both in order of time; where both have a time, the newer one's value stands. */
export function mergeSamples(older: Samples, newer: Samples): Samples {
  if (older.values.length === 0) return newer;
  if (newer.values.length === 0) return older;
  const timesMs = new Float64Array(older.values.length + newer.values.length);
  const values = new Float64Array(timesMs.length);
  let count = 0;
  for (let o = 0, n = 0; o < older.values.length || n < newer.values.length; count++) {
    const oldTime = o < older.values.length ? older.timesMs[o]! : Number.POSITIVE_INFINITY;
    const newTime = n < newer.values.length ? newer.timesMs[n]! : Number.POSITIVE_INFINITY;
    timesMs[count] = Math.min(oldTime, newTime);
    values[count] = newTime <= oldTime ? newer.values[n]! : older.values[o]!;
    if (oldTime <= newTime) o++;
    if (newTime <= oldTime) n++;
  }
  return { timesMs: timesMs.subarray(0, count), values: values.subarray(0, count) };
}

/** The samples from `startMs` up to and without `endMs`. */
export function cutSamples(samples: Samples, startMs: number, endMs: number): Samples {
  const from = firstAtOrAfter(samples.timesMs, startMs);
  const to = firstAtOrAfter(samples.timesMs, endMs);
  if (from === 0 && to === samples.values.length) return samples;
  return { timesMs: samples.timesMs.subarray(from, to), values: samples.values.subarray(from, to) };
}

function firstAtOrAfter(timesMs: Float64Array, timeMs: number): number {
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timesMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

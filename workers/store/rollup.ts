import { ByteReader, BytesError, ByteWriter } from '../sketch/bytes.ts';
import { BucketWriter, bucketKey, readBuckets, Sketch } from '../sketch/sketch.ts';
import type { Samples } from './chunk.ts';
import { readPacked, writePacked } from './packed.ts';
import { minuteMs } from './schema.ts';
import { readValues, scaleOf, writeValues } from './value-codec.ts';

/** Rollups of some minutes of an hour, or of some hours of a day, in the order of time. */
export interface Rollups {
  /** Minute of the hour, or hour of the day. */
  readonly slots: readonly number[];
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  readonly minima: Float64Array;
  readonly maxima: Float64Array;
}

/** Where the histogram of a slot is wanted; null: nowhere. */
export type SketchOf = (slot: number) => Sketch | null;

/**
 * Makes the two rollups of an hour of a series: the row of its minutes, and its part of the day's row. One object
 * serves all series of a compaction, so that it makes little garbage.
 *
 * A minute row: number of minutes; of each its minute as difference and its count; sums, minima, maxima as value
 * columns; then, packed, the buckets of each minute whose minimum is not its
 * maximum, see `BucketWriter`, each based on the first bucket of the one before.
 */
export class RollupEncoder {
  readonly #writer = new ByteWriter();
  readonly #buckets = new ByteWriter();
  readonly #hour = new Sketch();
  #keys = new Int32Array(64);
  readonly #sums = new Float64Array(60);
  readonly #minima = new Float64Array(60);
  readonly #maxima = new Float64Array(60);

  /** `samples` lie in the hour and are not empty; `scale` is what `scaleOf` says of their values. */
  encode(samples: Samples, hourStartMs: number, scale: number): { minutes: Uint8Array; hour: Uint8Array } {
    const { timesMs, values } = samples;
    const bucketWriter = new BucketWriter(this.#buckets, 0);
    const counts: number[] = [];
    const slots: number[] = [];
    this.#buckets.clear();
    this.#hour.clear();
    for (let from = 0; from < values.length; ) {
      const slot = Math.floor((timesMs[from]! - hourStartMs) / minuteMs);
      const endMs = hourStartMs + (slot + 1) * minuteMs;
      let to = from + 1;
      while (to < values.length && timesMs[to]! < endMs) to++;
      this.#addMinute(values, from, to, slots.length, scale, bucketWriter);
      slots.push(slot);
      counts.push(to - from);
      from = to;
    }
    return {
      minutes: this.#minuteRow(slots, counts),
      hour: this.#hourEntry(slots.length, values.length, scale),
    };
  }

  #addMinute(
    values: Float64Array,
    from: number,
    to: number,
    i: number,
    scale: number,
    out: BucketWriter,
  ): void {
    let sum = 0;
    let minimum = values[from]!;
    let maximum = minimum;
    for (let v = from; v < to; v++) {
      const value = values[v]!;
      sum += value;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    }
    this.#sums[i] = rounded(sum, scale);
    this.#minima[i] = minimum;
    this.#maxima[i] = maximum;
    if (minimum === maximum) this.#hour.add(minimum, to - from);
    else this.#addBuckets(values, from, to, out);
  }

  #addBuckets(values: Float64Array, from: number, to: number, out: BucketWriter): void {
    const count = to - from;
    if (this.#keys.length < count) this.#keys = new Int32Array(count * 2);
    const keys = this.#keys;
    for (let i = 0; i < count; i++) keys[i] = bucketKey(values[from + i]!);
    sortFirst(keys, count);
    let distinct = 1;
    for (let i = 1; i < count; i++) if (keys[i] !== keys[i - 1]) distinct++;
    out.begin(distinct);
    for (let i = 0; i < count; ) {
      const key = keys[i]!;
      const start = i++;
      while (i < count && keys[i] === key) i++;
      out.bucket(key, i - start);
      this.#hour.addBucket(key, i - start);
    }
  }

  #minuteRow(slots: readonly number[], counts: readonly number[]): Uint8Array {
    const writer = this.#writer;
    const n = slots.length;
    writer.clear();
    writer.varint(n);
    slots.forEach((slot, i) => {
      writer.varint(slot - (slots[i - 1] ?? 0));
      writer.varint(counts[i]!);
    });
    for (const column of [this.#sums, this.#minima, this.#maxima]) {
      writeValues(writer, column, n, scaleOf(column, n));
    }
    writePacked(writer, this.#buckets.view());
    return writer.copy();
  }

  /** Count, sum, minimum, maximum, and the buckets where there is more than one value. */
  #hourEntry(minutes: number, count: number, scale: number): Uint8Array {
    let sum = 0;
    let minimum = this.#minima[0]!;
    let maximum = this.#maxima[0]!;
    for (let i = 0; i < minutes; i++) {
      sum += this.#sums[i]!;
      minimum = Math.min(minimum, this.#minima[i]!);
      maximum = Math.max(maximum, this.#maxima[i]!);
    }
    const writer = this.#writer;
    writer.clear();
    writer.varint(count);
    writer.float64(rounded(sum, scale));
    writer.float64(minimum);
    writer.float64(maximum);
    if (minimum !== maximum) this.#hour.write(writer, bucketKey(minimum));
    return writer.copy();
  }
}

/** A minute has some 30 values: inserting is several times faster than the general sort. */
function sortFirst(keys: Int32Array, count: number): void {
  if (count > 64) {
    keys.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const key = keys[i]!;
    let place = i;
    for (; place > 0 && keys[place - 1]! > key; place--) keys[place] = keys[place - 1]!;
    keys[place] = key;
  }
}

/** Adding decimal fractions leaves noise in the last digits; where all were multiples of 1/scale, so is the sum. */
function rounded(sum: number, scale: number): number {
  if (scale === 0) return sum;
  const scaled = Math.round(sum * scale);
  return Math.abs(scaled) <= Number.MAX_SAFE_INTEGER ? scaled / scale : sum;
}

/** Reads a minute row. Throws `BytesError` or RangeError when the bytes are not such. */
export function readMinutes(bytes: Uint8Array, sketchOf: SketchOf | null): Rollups {
  const reader = new ByteReader(bytes);
  const n = reader.varint();
  if (n > 60) throw new BytesError('an hour of more than 60 minutes');
  const slots: number[] = [];
  const counts = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    slots.push((slots[i - 1] ?? 0) + reader.varint());
    counts[i] = reader.varint();
  }
  const [sums, minima, maxima] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  for (const column of [sums, minima, maxima]) if (n > 0) readValues(reader, column, n);
  if (sketchOf) {
    const buckets = new ByteReader(readPacked(reader));
    let base = 0;
    for (let i = 0; i < n; i++) {
      const sketch = sketchOf(slots[i]!);
      if (minima[i] === maxima[i]) sketch?.add(minima[i]!, counts[i]!);
      else base = readBuckets(buckets, base, sketch);
    }
  }
  return { slots, counts, sums, minima, maxima };
}

/** A day's row is, for each hour that has values: hour of the day, length of its entry, the entry. */
export function readDay(bytes: Uint8Array, sketchOf: SketchOf | null): Rollups {
  const entries = dayEntries(bytes);
  const n = entries.length;
  const counts = new Float64Array(n);
  const [sums, minima, maxima] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  entries.forEach(({ slot, entry }, i) => {
    const reader = new ByteReader(entry);
    counts[i] = reader.varint();
    sums[i] = reader.float64();
    minima[i] = reader.float64();
    maxima[i] = reader.float64();
    const sketch = sketchOf?.(slot) ?? null;
    if (!sketch) return;
    if (minima[i] === maxima[i]) sketch.add(minima[i]!, counts[i]!);
    else {
      sketch.expect(minima[i]!, maxima[i]!);
      readBuckets(reader, bucketKey(minima[i]!), sketch);
    }
  });
  return { slots: entries.map(({ slot }) => slot), counts, sums, minima, maxima };
}

/** A day's row with the entry of one hour put in, or in place of the one before. An unreadable row begins anew. */
export function putHour(row: Uint8Array | undefined, slot: number, entry: Uint8Array): Uint8Array {
  const entries = readableEntries(row).filter((other) => other.slot !== slot);
  entries.push({ slot, entry });
  entries.sort((a, b) => a.slot - b.slot);
  const writer = new ByteWriter();
  for (const each of entries) {
    writer.varint(each.slot);
    writer.varint(each.entry.length);
    writer.append(each.entry);
  }
  return writer.copy();
}

interface DayEntry {
  readonly slot: number;
  readonly entry: Uint8Array;
}

/** Entries of a day's row. Throws `BytesError` when the bytes are not such. */
export function dayEntries(bytes: Uint8Array): DayEntry[] {
  const entries: DayEntry[] = [];
  const reader = new ByteReader(bytes);
  while (!reader.ended) {
    const slot = reader.varint();
    entries.push({ slot, entry: reader.take(reader.varint()) });
  }
  return entries;
}

function readableEntries(row: Uint8Array | undefined): DayEntry[] {
  try {
    return row ? dayEntries(row) : [];
  } catch {
    return [];
  }
}

import type { DurationHistograms } from '../contract/events.ts';
import { ByteReader, type ByteWriter } from '../sketch/bytes.ts';
import { BucketWriter, readBuckets, Sketch } from '../sketch/sketch.ts';
import { readPacked } from './packed.ts';

/** Durations of one series, or of several merged, in microseconds. */
export class DurationSums {
  sumUs = 0;
  maxUs = 0;
  readonly sketch = new Sketch();

  get count(): number {
    return this.sketch.count;
  }
}

/** Where the durations of a series are wanted; null: nowhere. */
export type SumsOf = (seriesId: number) => DurationSums | null;

/**
 * Writes a block: for each series its id as difference to the one before, the sum and the maximum in whole
 * microseconds, and its buckets, see `BucketWriter`, each based on the first bucket of the series before.
 */
export class BlockWriter {
  readonly #writer: ByteWriter;
  readonly #buckets: BucketWriter;
  #lastId = 0;

  constructor(writer: ByteWriter) {
    this.#writer = writer;
    this.#buckets = new BucketWriter(writer, 0);
  }

  sums(seriesId: number, { sumUs, maxUs, sketch }: DurationSums): void {
    this.#begin(seriesId, sumUs, maxUs);
    let distinct = 0;
    sketch.eachBucket(() => distinct++);
    this.#buckets.begin(distinct);
    sketch.eachBucket((key, count) => this.#buckets.bucket(key, count));
  }

  /** Series `i` of a tick. Nothing is written when it has no value. */
  series(seriesId: number, histograms: DurationHistograms, i: number): void {
    const { starts, buckets, counts } = histograms;
    const n = sortBuckets(buckets, counts, starts[i]!, starts[i + 1]!);
    if (n === 0) return;
    this.#begin(seriesId, histograms.sums[i]!, histograms.maxima[i]!);
    this.#buckets.begin(n);
    for (let b = 0; b < n; b++) {
      const key = Math.floor(sorted[b]! / countSpan);
      this.#buckets.bucket(key, sorted[b]! - key * countSpan);
    }
  }

  #begin(seriesId: number, sumUs: number, maxUs: number): void {
    this.#writer.signed(seriesId - this.#lastId);
    this.#writer.varint(Math.round(sumUs));
    this.#writer.varint(Math.round(maxUs));
    this.#lastId = seriesId;
  }
}

/** A bucket and its count as one number, so that they sort together: keys are below 2^17, counts below 2^32. */
const countSpan = 2 ** 32;
let sorted = new Float64Array(256);

/** Puts the buckets that hold something into `sorted`, in order and each once; returns how many there are. */
function sortBuckets(buckets: Uint32Array, counts: Uint32Array, from: number, to: number): number {
  if (sorted.length < to - from) sorted = new Float64Array((to - from) * 2);
  let n = 0;
  let isSorted = true;
  for (let b = from; b < to; b++) {
    if (counts[b] === 0) continue;
    sorted[n] = buckets[b]! * countSpan + counts[b]!;
    if (n > 0 && Math.floor(sorted[n - 1]! / countSpan) >= buckets[b]!) isSorted = false;
    n++;
  }
  if (isSorted) return n;
  sorted.subarray(0, n).sort();
  let distinct = 0;
  for (let b = 1; b < n; b++) {
    const isSame = Math.floor(sorted[b]! / countSpan) === Math.floor(sorted[distinct]! / countSpan);
    if (isSame) sorted[distinct]! += sorted[b]! % countSpan;
    else sorted[++distinct] = sorted[b]!;
  }
  return distinct + 1;
}

/** Adds the wanted series of a block; what cannot be read of it is not known. */
export function addBlock(bytes: Uint8Array, sumsOf: SumsOf): void {
  try {
    readBlock(new ByteReader(bytes), sumsOf);
  } catch {
    // Damaged histograms are lost; those of other blocks need not be.
  }
}

/** The same for a block that is packed. */
export function addPackedBlock(bytes: Uint8Array, sumsOf: SumsOf): void {
  try {
    readBlock(new ByteReader(readPacked(new ByteReader(bytes))), sumsOf);
  } catch {
    // As above.
  }
}

function readBlock(reader: ByteReader, sumsOf: SumsOf): void {
  let id = 0;
  let base = 0;
  while (!reader.ended) {
    id += reader.signed();
    base = readDurations(reader, base, sumsOf(id));
  }
}

/**
 * Reads what stands behind the id of a series in a block, and returns its first bucket. Throws `BytesError` or
 * RangeError when the bytes are not such.
 */
export function readDurations(reader: ByteReader, base: number, into: DurationSums | null): number {
  const sumUs = reader.varint();
  const maxUs = reader.varint();
  if (into) {
    into.sumUs += sumUs;
    if (maxUs > into.maxUs) into.maxUs = maxUs;
  }
  return readBuckets(reader, base, into?.sketch ?? null);
}

/** What `readDurations` reads, by itself. */
export function writeDurations(writer: ByteWriter, { sumUs, maxUs, sketch }: DurationSums): void {
  writer.varint(Math.round(sumUs));
  writer.varint(Math.round(maxUs));
  sketch.write(writer);
}

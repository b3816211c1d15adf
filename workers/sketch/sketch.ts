import type { ByteReader, ByteWriter } from './bytes.ts';

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Keys of finite values lie between −maxKey and maxKey. */
const maxKey = 0x1ffbf;

/**
 * The bucket of a finite value: 0 for zero, positive for positive values, in the order of the values. It is the
 * sign, exponent and first six bits of the fraction of the float64 itself: 64 linear buckets an octave, each 1/64
 * to 1/128 of its value wide.
 */
export function bucketKey(value: number): number {
  float[0] = value;
  const high = words[1]!;
  const magnitude = (high & 0x7fffffff) >>> 14;
  return high >= 0x80000000 ? -magnitude : magnitude;
}

/** The middle of a bucket: at most 0.8 % from every value in it. */
export function bucketMiddle(key: number): number {
  if (key === 0) return 0;
  const magnitude = Math.abs(key);
  words[0] = 0;
  words[1] = magnitude << 14;
  const low = float[0]!;
  words[1] = (magnitude + 1) << 14;
  const high = float[0]!;
  const middle = Number.isFinite(high) ? low + (high - low) / 2 : low;
  return key < 0 ? -middle : middle;
}

/** Buckets that a sketch keeps when it is cleared: it may serve values of quite another size next. */
const keptBuckets = 1024;

/** Counts of the buckets of one sign, dense between the lowest and the highest one seen. */
class BucketRange {
  first = 0;
  counts = new Float64Array(0);

  add(magnitude: number, count: number): void {
    const index = magnitude - this.first;
    if (index < 0 || index >= this.counts.length) this.cover(magnitude, magnitude);
    this.counts[magnitude - this.first]! += count;
  }

  clear(): void {
    if (this.counts.length > keptBuckets) this.counts = new Float64Array(0);
    else this.counts.fill(0);
  }

  /** Makes room for the magnitudes from `low` to `high`, and for some on either side. */
  cover(low: number, high: number): void {
    const empty = this.counts.length === 0;
    const last = this.first + this.counts.length - 1;
    if (!empty && low >= this.first && high <= last) return;
    // What grows again and again grows by more each time.
    const slack = Math.max(64, this.counts.length);
    const first = Math.max(1, Math.min(empty ? low : this.first, low - slack));
    const end = Math.max(empty ? high : last, high + slack) + 1;
    const counts = new Float64Array(end - first);
    if (!empty) counts.set(this.counts, this.first - first);
    this.first = first;
    this.counts = counts;
  }
}

/**
 * A mergeable histogram of any float64 values: log-2 octaves of 64 linear buckets for either sign and one for
 * zero. A quantile is within 0.8 % of the value at its rank. Non-finite values are not counted.
 */
export class Sketch {
  #count = 0;
  #zeros = 0;
  readonly #negative = new BucketRange();
  readonly #positive = new BucketRange();

  get count(): number {
    return this.#count;
  }

  add(value: number, count = 1): void {
    if (Number.isFinite(value)) this.addBucket(bucketKey(value), count);
  }

  /** Adds the values from index `from` up to and without `to`. */
  addAll(values: Float64Array, from: number, to: number): void {
    // The upper half of a float64 is all that a bucket depends on, see `bucketKey`.
    const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    let added = 0;
    for (let i = from; i < to; i++) {
      const high = halves[2 * i + 1]!;
      const magnitude = (high & 0x7fffffff) >>> 14;
      if (magnitude > maxKey) continue;
      added++;
      if (magnitude === 0) this.#zeros++;
      else (high < 0 ? this.#negative : this.#positive).add(magnitude, 1);
    }
    this.#count += added;
  }

  /** Makes room at once for values of which these are the least and the greatest. */
  expect(minimum: number, maximum: number): void {
    const [low, high] = [bucketKey(minimum), bucketKey(maximum)];
    if (low > 0) this.#positive.cover(low, high);
  }

  addBucket(key: number, count: number): void {
    this.#count += count;
    if (key > 0) this.#positive.add(key, count);
    else if (key < 0) this.#negative.add(-key, count);
    else this.#zeros += count;
  }

  merge(other: Sketch): void {
    other.eachBucket((key, count) => this.addBucket(key, count));
  }

  /** Empties it, and keeps its memory unless that is much. */
  clear(): void {
    this.#count = 0;
    this.#zeros = 0;
    this.#negative.clear();
    this.#positive.clear();
  }

  /** Every bucket that holds something, in the order of values. */
  eachBucket(visit: (key: number, count: number) => void): void {
    const { first: low, counts: negative } = this.#negative;
    for (let i = negative.length - 1; i >= 0; i--) if (negative[i]! > 0) visit(-(low + i), negative[i]!);
    if (this.#zeros > 0) visit(0, this.#zeros);
    const { first: high, counts: positive } = this.#positive;
    for (let i = 0; i < positive.length; i++) if (positive[i]! > 0) visit(high + i, positive[i]!);
  }

  /** The value at rank ⌈q · count⌉, q from 0 to 1; NaN when there is none. */
  quantile(q: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    const { first: low, counts: negative } = this.#negative;
    for (let i = negative.length - 1; i >= 0; i--) {
      seen += negative[i]!;
      if (seen >= rank) return bucketMiddle(-(low + i));
    }
    seen += this.#zeros;
    if (seen >= rank) return 0;
    const { first: high, counts: positive } = this.#positive;
    let i = 0;
    while (i < positive.length - 1 && seen + positive[i]! < rank) seen += positive[i++]!;
    return bucketMiddle(high + i);
  }

  /** Writes its buckets; `base` is a key near the first one, known to who reads. Returns the first key. */
  write(writer: ByteWriter, base = 0): number {
    const buckets = new BucketWriter(writer, base);
    let distinct = 0;
    this.eachBucket(() => distinct++);
    buckets.begin(distinct);
    this.eachBucket((key, count) => buckets.bucket(key, count));
    return buckets.firstKey;
  }
}

/**
 * The stored form: number of buckets, first key less `base`, then for each bucket one number
 * `2 · (distance to the bucket before − 1) + (count > 1)`, followed by `count − 2` where that is so. Most buckets
 * of a minute take one byte.
 */
export class BucketWriter {
  readonly #writer: ByteWriter;
  #base: number;
  #last = 0;
  #begun = false;
  firstKey: number;

  constructor(writer: ByteWriter, base: number) {
    this.#writer = writer;
    this.#base = base;
    this.firstKey = base;
  }

  begin(distinct: number): void {
    this.#writer.varint(distinct);
    this.#begun = false;
  }

  /** Keys must grow. */
  bucket(key: number, count: number): void {
    if (!this.#begun) {
      this.#begun = true;
      this.firstKey = key;
      this.#writer.signed(key - this.#base);
      this.#base = key;
      this.#last = key - 1;
    }
    this.#writer.varint((key - this.#last - 1) * 2 + (count > 1 ? 1 : 0));
    if (count > 1) this.#writer.varint(count - 2);
    this.#last = key;
  }
}

/**
 * Reads what `Sketch.write` or `BucketWriter` wrote, and adds it to `sketch` unless that is null. Returns the
 * first key. Throws `BytesError` when the bytes end, RangeError when they hold no buckets.
 */
export function readBuckets(reader: ByteReader, base: number, sketch: Sketch | null): number {
  const distinct = reader.varint();
  if (distinct === 0) return base;
  const first = base + reader.signed();
  let last = first - 1;
  for (let i = 0; i < distinct; i++) {
    const token = reader.varint();
    last += Math.floor(token / 2) + 1;
    const count = token % 2 === 1 ? reader.varint() + 2 : 1;
    if (Math.abs(last) > maxKey) throw new RangeError(`no such bucket: ${last}`);
    sketch?.addBucket(last, count);
  }
  return first;
}

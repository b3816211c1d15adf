import { eventLimits } from '../contract/window-cells.ts';
import { bucketMiddle } from '../sketch/sketch.ts';
import { sketchKey } from './duration-bucket.ts';

const bucketsEach = 1 << eventLimits.bucketBits;

/** The quantiles that are told of durations. */
export const toldQuantiles = [0.5, 0.95, 0.99] as const;

/**
 * Writes `toldQuantiles` in milliseconds to `out` from `at` on: of each the value at rank ⌈q · count⌉, within 0.8 %.
 * The entries `from` up to and without `end` are in the order of buckets. NaN where there are none.
 */
export function writeQuantiles(
  buckets: Uint32Array,
  counts: Uint32Array,
  from: number,
  end: number,
  maxUs: number,
  out: Float64Array,
  at: number,
): void {
  let count = 0;
  for (let i = from; i < end; i++) count += counts[i]!;
  let seen = 0;
  let i = from;
  for (let q = 0; q < toldQuantiles.length; q++) {
    const rank = Math.max(1, Math.ceil(toldQuantiles[q]! * count));
    while (i < end && seen + counts[i]! < rank) seen += counts[i++]!;
    // Durations are whole: the middle of a bucket that holds one of them is that one.
    const valueUs = i < end ? Math.floor(bucketMiddle(sketchKey(buckets[i]!))) : Number.NaN;
    out[at + q] = Math.min(valueUs, maxUs) / 1000;
  }
}

/** Mean in milliseconds to a tenth of a microsecond; NaN of nothing. */
export function meanMs(sumUs: number, timed: number): number {
  return timed === 0 ? Number.NaN : Math.round((sumUs / timed) * 10) / 10_000;
}

/** Durations of several series together. */
export class MergedDurations {
  readonly #counts = new Uint32Array(bucketsEach);
  #lowest = bucketsEach;
  #highest = -1;

  add(bucket: number, count: number): void {
    this.#counts[bucket]! += count;
    if (bucket < this.#lowest) this.#lowest = bucket;
    if (bucket > this.#highest) this.#highest = bucket;
  }

  clear(): void {
    if (this.#highest >= 0) this.#counts.fill(0, this.#lowest, this.#highest + 1);
    this.#lowest = bucketsEach;
    this.#highest = -1;
  }

  /** Appends the entries in the order of buckets; gives where they end. */
  write(buckets: Uint32Array, counts: Uint32Array, at: number): number {
    let end = at;
    for (let bucket = this.#lowest; bucket <= this.#highest; bucket++) {
      if (this.#counts[bucket] === 0) continue;
      buckets[end] = bucket;
      counts[end++] = this.#counts[bucket]!;
    }
    return end;
  }
}

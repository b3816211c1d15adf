import { currentCell, type EventBuffers, eventLimits, seriesInAll } from '../contract/window-cells.ts';
import { durationBucket } from './duration-bucket.ts';

const { bucketBits } = eventLimits;
const bucketsEach = 1 << bucketBits;
const { UNTIMED, ERRORS, SLOW, TIMED, SUM_US, MAX_US } = currentCell;

/** Sparse histograms of a tick, those of each series in the order of buckets. Valid until the next `group`. */
export interface GroupedDurations {
  /** Where the entries of each series begin and end. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly buckets: Uint32Array;
  readonly counts: Uint32Array;
}

/**
 * The current tick of every series: sums in cells, and a histogram with all its buckets, of which only the touched
 * pages are memory. What runs per event is here and allocates nothing.
 */
export class CurrentTick {
  /** Cells as in `currentCell`. */
  readonly cells: Float64Array;
  readonly #histograms: Uint32Array;
  readonly #starts = new Uint32Array(seriesInAll);
  readonly #ends = new Uint32Array(seriesInAll);
  #buckets = new Uint32Array(bucketsEach);
  #counts = new Uint32Array(bucketsEach);

  /** Takes over buffers as they are. */
  constructor(buffers: EventBuffers) {
    this.cells = new Float64Array(buffers.current);
    this.#histograms = new Uint32Array(buffers.histograms);
  }

  /** Counts an event that has no duration. */
  count(series: number, failed: number): void {
    const row = series << 3;
    this.cells[row + UNTIMED]!++;
    if (failed !== 0) this.cells[row + ERRORS]!++;
  }

  /** Counts an event that took so many whole microseconds, from 1 to below 2³². */
  countTimed(series: number, failed: number, durationUs: number, slowUs: number): void {
    const { cells } = this;
    const row = series << 3;
    this.#histograms[(series << bucketBits) | durationBucket(durationUs)]!++;
    if (failed !== 0) cells[row + ERRORS]!++;
    if (durationUs > slowUs) cells[row + SLOW]!++;
    if (durationUs > cells[row + MAX_US]!) cells[row + MAX_US] = durationUs;
    cells[row + SUM_US]! += durationUs;
  }

  /** True when the series has events. */
  isActive(series: number): boolean {
    const row = series << 3;
    return this.cells[row + UNTIMED]! > 0 || this.cells[row + MAX_US]! > 0;
  }

  /** Events of a series that was grouped, timed or not. */
  countOf(series: number): number {
    const row = series << 3;
    return this.cells[row + UNTIMED]! + this.cells[row + TIMED]!;
  }

  /** The durations of these series, which are those that have events; counts them. */
  group(active: readonly number[]): GroupedDurations {
    let end = 0;
    for (const series of active) {
      if (end + bucketsEach > this.#buckets.length) this.#grow();
      this.#starts[series] = end;
      if (this.cells[(series << 3) + MAX_US]! > 0) end = this.#gather(series, end);
      this.#ends[series] = end;
    }
    return { starts: this.#starts, ends: this.#ends, buckets: this.#buckets, counts: this.#counts };
  }

  #gather(series: number, from: number): number {
    const histograms = this.#histograms;
    const first = series << bucketBits;
    const highest = durationBucket(this.cells[(series << 3) + MAX_US]!);
    let end = from;
    let timed = 0;
    for (let bucket = 0; bucket <= highest; bucket++) {
      const count = histograms[first + bucket]!;
      if (count === 0) continue;
      this.#buckets[end] = bucket;
      this.#counts[end++] = count;
      timed += count;
    }
    this.cells[(series << 3) + TIMED] = timed;
    return end;
  }

  #grow(): void {
    const [buckets, counts] = [this.#buckets, this.#counts];
    this.#buckets = new Uint32Array(buckets.length * 2);
    this.#counts = new Uint32Array(counts.length * 2);
    this.#buckets.set(buckets);
    this.#counts.set(counts);
  }

  /** Begins the next tick; `active` are the series that were grouped. */
  clear(active: readonly number[]): void {
    for (const series of active) {
      for (let entry = this.#starts[series]!; entry < this.#ends[series]!; entry++)
        this.#histograms[(series << bucketBits) | this.#buckets[entry]!] = 0;
      this.#starts[series] = 0;
      this.#ends[series] = 0;
      this.cells.fill(0, series << 3, (series + 1) << 3);
    }
  }
}

import {
  type EventBuffers,
  eventControl,
  eventLimits,
  eventTotal,
  seriesCell,
  seriesInAll,
} from '../contract/window-cells.ts';
import { durationBucket } from './duration-bucket.ts';

const { bucketBits, leastSlots, mostSlots } = eventLimits;
const bucketsEach = 1 << bucketBits;

/** Sparse histograms of a tick, grouped by series, each in the order of buckets. Valid until the next `group`. */
export interface GroupedDurations {
  /** Where the entries of each series begin; one more than there are series. */
  readonly starts: Uint32Array;
  readonly buckets: Uint32Array;
  readonly counts: Uint32Array;
}

/** Neighbouring buckets of many series lie far apart: two rounds of multiplication and shift, as in MurmurHash3. */
function hashOf(name: number): number {
  const mixed = Math.imul(name ^ (name >>> 11), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1);
}

/**
 * The current tick of every series: sums in cells, durations in one hash table whose keys are series and bucket
 * together (open addressing, linear probing). What runs per event is here and allocates nothing.
 */
export class CurrentTick {
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #histogram: Int32Array;
  /** Cells as in `seriesCell`. */
  readonly cells: Float64Array;
  #mask = 0;
  #shift = 0;
  #used = 0;
  readonly #starts = new Uint32Array(seriesInAll + 1);
  readonly #next = new Uint32Array(seriesInAll + 1);
  readonly #scratch = new Uint32Array(bucketsEach);
  #buckets = new Uint32Array(leastSlots);
  #counts = new Uint32Array(leastSlots);

  /** Takes over buffers as they are. */
  constructor(buffers: EventBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#totals = new Float64Array(buffers.totals);
    this.#histogram = new Int32Array(buffers.histogram);
    this.cells = new Float64Array(buffers.current);
    this.#useSlots(this.#control[eventControl.HISTOGRAM_SLOTS]! || leastSlots);
    this.#used = this.#control[eventControl.HISTOGRAM_USED]!;
  }

  /** Counts an event that has no duration; `failed` is 0 or 1. */
  count(series: number, failed: number): void {
    const row = series << 3;
    this.cells[row]!++;
    this.cells[row + 1]! += failed;
  }

  /** Counts an event that took so many whole microseconds, below 2³². */
  countTimed(series: number, failed: number, durationUs: number, isSlow: boolean): void {
    const { cells } = this;
    const row = series << 3;
    cells[row]!++;
    cells[row + 1]! += failed;
    if (isSlow) cells[row + 2]!++;
    cells[row + 3]!++;
    cells[row + 4]! += durationUs;
    if (durationUs > cells[row + 5]!) cells[row + 5] = durationUs;
    const name = ((series << bucketBits) | durationBucket(durationUs)) + 1;
    const slot = (hashOf(name) >>> this.#shift) << 1;
    if (this.#histogram[slot] === name) this.#histogram[slot + 1]!++;
    else this.#place(name, 1);
  }

  #place(name: number, count: number): void {
    const histogram = this.#histogram;
    let slot = hashOf(name) >>> this.#shift;
    for (;;) {
      const found = histogram[slot << 1]!;
      if (found === name) {
        histogram[(slot << 1) | 1]! += count;
        return;
      }
      if (found === 0) break;
      slot = (slot + 1) & this.#mask;
    }
    if (this.#used * 2 > this.#mask) {
      if (!this.#grow()) {
        this.#totals[eventTotal.UNPLACED]! += count;
        return;
      }
      slot = hashOf(name) >>> this.#shift;
      while (histogram[slot << 1] !== 0) slot = (slot + 1) & this.#mask;
    }
    histogram[slot << 1] = name;
    histogram[(slot << 1) | 1] = count;
    this.#used++;
    this.#control[eventControl.HISTOGRAM_USED] = this.#used;
  }

  #useSlots(slots: number): void {
    this.#control[eventControl.HISTOGRAM_SLOTS] = slots;
    this.#mask = slots - 1;
    this.#shift = Math.clz32(slots) + 1;
  }

  #grow(): boolean {
    const slots = this.#mask + 1;
    // The largest table is filled three quarters.
    if (slots >= mostSlots) return this.#used < slots * 0.75;
    const old = this.#histogram.slice(0, slots * 2);
    this.#histogram.fill(0, 0, slots * 2);
    this.#used = 0;
    this.#useSlots(slots * 2);
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) this.#place(old[at]!, old[at + 1]!);
    return true;
  }

  /** The durations of the tick by series. */
  group(): GroupedDurations {
    const end = (this.#mask + 1) * 2;
    const histogram = this.#histogram;
    const starts = this.#starts.fill(0);
    if (this.#used === 0) return { starts, buckets: this.#buckets, counts: this.#counts };
    for (let at = 0; at < end; at += 2) {
      const name = histogram[at]!;
      if (name !== 0) starts[((name - 1) >>> bucketBits) + 1]!++;
    }
    for (let series = 0; series < seriesInAll; series++) starts[series + 1]! += starts[series]!;
    if (this.#buckets.length < this.#used) {
      this.#buckets = new Uint32Array(this.#used * 2);
      this.#counts = new Uint32Array(this.#used * 2);
    }
    const next = this.#next;
    next.set(starts);
    for (let at = 0; at < end; at += 2) {
      const name = histogram[at]! - 1;
      if (name < 0) continue;
      const place = next[name >>> bucketBits]!++;
      this.#buckets[place] = name & (bucketsEach - 1);
      this.#counts[place] = histogram[at + 1]!;
    }
    for (let series = 0; series < seriesInAll; series++) this.#order(starts[series]!, starts[series + 1]!);
    return { starts, buckets: this.#buckets, counts: this.#counts };
  }

  /** Puts entries of one series into the order of buckets: spread over all buckets, then read from the lowest. */
  #order(from: number, end: number): void {
    if (end - from < 2) return;
    const buckets = this.#buckets;
    const counts = this.#counts;
    const scratch = this.#scratch;
    let lowest = bucketsEach;
    let highest = 0;
    for (let i = from; i < end; i++) {
      const bucket = buckets[i]!;
      scratch[bucket] = counts[i]!;
      if (bucket < lowest) lowest = bucket;
      if (bucket > highest) highest = bucket;
    }
    let place = from;
    for (let bucket = lowest; bucket <= highest; bucket++) {
      if (scratch[bucket] === 0) continue;
      buckets[place] = bucket;
      counts[place++] = scratch[bucket]!;
      scratch[bucket] = 0;
    }
  }

  /** Begins the next tick. A table that was hardly used becomes smaller. */
  clear(series: readonly number[]): void {
    for (const one of series) this.cells.fill(0, one * seriesCell.LENGTH, (one + 1) * seriesCell.LENGTH);
    const slots = this.#mask + 1;
    this.#histogram.fill(0, 0, slots * 2);
    if (slots > leastSlots && this.#used * 8 < slots) this.#useSlots(slots / 2);
    this.#used = 0;
    this.#control[eventControl.HISTOGRAM_USED] = 0;
  }
}

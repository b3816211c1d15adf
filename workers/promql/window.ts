import type { LabelledSamples } from './evaluation.ts';

const staleHigh = 0x7ff00000;
const staleLow = 2;

/** Whether the NaN at this place is the marker of a series that ended. */
export function isStaleAt(values: Float64Array, index: number): boolean {
  const words = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return words[1] === staleHigh && words[0] === staleLow;
}

/** A series without its markers of staleness, which range vectors leave out. */
export function withoutStaleness(series: LabelledSamples): LabelledSamples {
  const { timestampsMs, values } = series;
  const kept: number[] = [];
  let isClean = true;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isNaN(value) || !isStaleAt(values, index)) {
      if (!isClean) kept.push(index);
      continue;
    }
    if (isClean) for (let earlier = 0; earlier < index; earlier++) kept.push(earlier);
    isClean = false;
  }
  if (isClean) return series;
  return {
    labels: series.labels,
    timestampsMs: Float64Array.from(kept, (index) => timestampsMs[index]!),
    values: Float64Array.from(kept, (index) => values[index]!),
  };
}

/** The first index whose time is later; times ascend. */
export function indexAfter(timesMs: Float64Array, timeMs: number, from = 0, to = timesMs.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timesMs[middle]! <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Extension = 'anchored' | 'smoothed' | undefined;

/**
 * The samples of a range at one step: those at `from` to before `to`, in the range that is open on its left. It
 * slides over a series: steps are to be visited in the order of time.
 */
export class Window {
  readonly rangeMs: number;
  readonly extension: Extension;
  readonly #before: number;
  readonly #after: number;
  timestampsMs: Float64Array = new Float64Array(0);
  values: Float64Array = new Float64Array(0);
  from = 0;
  to = 0;
  /** The bounds of the range itself; an extension brings samples from beyond them. */
  startMs = 0;
  endMs = 0;
  /** The time of evaluation, to which offsets and `@` do not apply. */
  timeMs = 0;
  #resets: number[] | undefined;
  #nextReset = 0;

  constructor(rangeMs: number, extension: Extension, lookbackMs: number) {
    this.rangeMs = rangeMs;
    this.extension = extension;
    this.#before = extension === undefined ? 0 : lookbackMs;
    this.#after = extension === 'smoothed' ? lookbackMs : 0;
  }

  open(series: LabelledSamples): void {
    this.timestampsMs = series.timestampsMs;
    this.values = series.values;
    this.from = -1;
    this.to = 0;
    this.#resets = undefined;
    this.#nextReset = 0;
  }

  slide(endMs: number, timeMs: number): void {
    const times = this.timestampsMs;
    this.timeMs = timeMs;
    this.endMs = endMs;
    this.startMs = endMs - this.rangeMs;
    const firstMs = this.startMs - this.#before;
    const lastMs = endMs + this.#after;
    if (this.from < 0) {
      this.from = indexAfter(times, firstMs);
      this.to = indexAfter(times, lastMs, this.from);
      return;
    }
    while (this.to < times.length && times[this.to]! <= lastMs) this.to++;
    while (this.from < this.to && times[this.from]! <= firstMs) this.from++;
  }

  /** How many samples there are. */
  get count(): number {
    return this.to - this.from;
  }

  /** What a counter's resets inside of the window took away, added to a sum in the order of time. */
  withResets(sum: number): number {
    this.#resets ??= resetsOf(this.values);
    const resets = this.#resets;
    while (this.#nextReset < resets.length && resets[this.#nextReset]! <= this.from) this.#nextReset++;
    let total = sum;
    for (let index = this.#nextReset; index < resets.length && resets[index]! < this.to; index++) {
      total += this.values[resets[index]! - 1]!;
    }
    return total;
  }
}

function resetsOf(values: Float64Array): number[] {
  const resets: number[] = [];
  for (let index = 1; index < values.length; index++) {
    if (values[index]! < values[index - 1]!) resets.push(index);
  }
  return resets;
}

import {
  currentCell,
  durationBoundOf,
  durationTotalCell,
  type EventBuffers,
  eventLimits,
} from '../contract/window-cells.ts';
import type { CurrentTick, GroupedDurations } from './current-tick.ts';

const { BUCKETS, SUM_US, LENGTH } = durationTotalCell;

const boundOfBucket = Uint8Array.from({ length: 1 << eventLimits.bucketBits }, (_, bucket) =>
  durationBoundOf(bucket),
);

/** The one writer of the durations of each series since the start. */
export class DurationTotals {
  readonly #cells: Float64Array;

  /** Takes over buffers as they are. */
  constructor(buffers: EventBuffers) {
    this.#cells = new Float64Array(buffers.durationTotals);
  }

  /** Adds a tick; `series` are those that had events. */
  add(series: readonly number[], tick: CurrentTick, durations: GroupedDurations): void {
    const { starts, ends, buckets, counts } = durations;
    const cells = this.#cells;
    for (const one of series) {
      const row = one * LENGTH;
      const end = ends[one]!;
      for (let i = starts[one]!; i < end; i++)
        cells[row + BUCKETS + boundOfBucket[buckets[i]!]!]! += counts[i]!;
      cells[row + SUM_US]! += tick.cells[one * currentCell.LENGTH + currentCell.SUM_US]!;
    }
  }
}

/** Another series takes the place. */
export function clearDurationTotals(cells: Float64Array, series: number): void {
  cells.fill(0, series * LENGTH, (series + 1) * LENGTH);
}

/** Adds those of one series to those of another. */
export function addDurationTotals(cells: Float64Array, from: number, to: number): void {
  for (let cell = 0; cell < LENGTH; cell++) cells[to * LENGTH + cell]! += cells[from * LENGTH + cell]!;
}

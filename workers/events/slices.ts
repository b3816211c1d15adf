import { eventTotal, sliceCell } from '../contract/window-cells.ts';

/** Closed ticks of a window, from `first` up to and without `end`. */
export interface SlicePlace {
  readonly first: number;
  readonly end: number;
  /** How long they are together: less than was asked for where the log does not go back so far. */
  readonly spanMs: number;
}

/** The closed ticks of the last `windowMs`: those of which at least half lies in it. */
export function slicesOf(
  slices: Float64Array,
  mostSlices: number,
  totals: Float64Array,
  windowMs: number,
): SlicePlace {
  const end = totals[eventTotal.SLICES]!;
  const oldest = totals[eventTotal.OLDEST_SLICE]!;
  const cell = (slice: number, name: number) => slices[(slice % mostSlices) * sliceCell.LENGTH + name]!;
  if (end <= oldest) return { first: end, end, spanMs: 0 };
  const endMs = cell(end - 1, sliceCell.END_MS);
  let first = end;
  while (first > oldest) {
    const middleMs = (cell(first - 1, sliceCell.BEGIN_MS) + cell(first - 1, sliceCell.END_MS)) / 2;
    if (middleMs <= endMs - windowMs) break;
    first--;
  }
  return { first, end, spanMs: first === end ? 0 : endMs - cell(first, sliceCell.BEGIN_MS) };
}

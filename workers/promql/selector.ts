import { type Evaluation, type LabelledSamples, timeAt } from './evaluation.ts';
import { type Frame, FrameBuilder, type Grid } from './frame.ts';
import { interpolated } from './interpolation.ts';
import type { VectorSelector } from './nodes.ts';
import { indexAfter, isStaleAt, withoutStaleness } from './window.ts';

/**
 * What `read` gives of the sample that counts at each step of a grid: the last at or before it, younger than the
 * look-back, unless the series ended there. NaN where there is none.
 */
export function instantSamples(
  series: LabelledSamples,
  grid: Grid,
  lookbackMs: number,
  read: (index: number) => number,
): Float64Array {
  const result = new Float64Array(grid.steps).fill(Number.NaN);
  const cursor = new InstantCursor(series, lookbackMs);
  for (let step = 0; step < grid.steps; step++) {
    const index = cursor.indexAt(timeAt(grid, step));
    if (index >= 0) result[step] = read(index);
  }
  return result;
}

/** Finds the sample that counts at ascending times. */
class InstantCursor {
  readonly #series: LabelledSamples;
  readonly #lookbackMs: number;
  #next = -1;

  constructor(series: LabelledSamples, lookbackMs: number) {
    this.#series = series;
    this.#lookbackMs = lookbackMs;
  }

  /** The index of the sample, or −1. */
  indexAt(timeMs: number): number {
    const { timestampsMs, values } = this.#series;
    if (this.#next < 0) this.#next = indexAfter(timestampsMs, timeMs);
    else while (this.#next < timestampsMs.length && timestampsMs[this.#next]! <= timeMs) this.#next++;
    const index = this.#next - 1;
    if (index < 0 || timestampsMs[index]! <= timeMs - this.#lookbackMs) return -1;
    const value = values[index]!;
    return Number.isNaN(value) && isStaleAt(values, index) ? -1 : index;
  }
}

/** A selector's values at every step, or the times of its samples in seconds. */
export function selectedFrame(
  evaluation: Evaluation,
  selector: VectorSelector,
  grid: Grid,
  what: 'values' | 'timestamps',
): Frame {
  const { lookbackMs } = evaluation;
  const offsetMs = evaluation.offsetMs(selector);
  const fixedMs = evaluation.fixedTimeMs(selector);
  const startMs = (fixedMs ?? grid.startMs) - offsetMs;
  const endMs = (fixedMs ?? timeAt(grid, grid.steps - 1)) - offsetMs;
  const isSmoothed = selector.extension === 'smoothed' && what === 'values';
  const { steps } = grid;
  const stepMs = fixedMs === undefined && steps > 1 ? grid.stepMs : 0;
  const series = evaluation.series(
    selector.matchers,
    startMs - lookbackMs + 1,
    isSmoothed ? endMs + lookbackMs : endMs,
    selector.span,
    isSmoothed || what === 'timestamps' ? undefined : { firstMs: startMs, stepMs, rangeMs: 0, func: '' },
  );
  const builder = new FrameBuilder(steps, series.length, (values) => evaluation.touch(values, selector.span));
  for (const one of series) {
    const at = builder.nextRow;
    const count = isSmoothed
      ? fillSmoothed(one, startMs, stepMs, lookbackMs, builder, at, steps)
      : fillInstant(one, startMs, stepMs, lookbackMs, builder, at, steps, what);
    if (count > 0) builder.add(one.labels);
    else evaluation.touch(0, selector.span);
  }
  return builder.frame();
}

function fillInstant(
  series: LabelledSamples,
  startMs: number,
  stepMs: number,
  lookbackMs: number,
  { values, present }: FrameBuilder,
  at: number,
  steps: number,
  what: 'values' | 'timestamps',
): number {
  const cursor = new InstantCursor(series, lookbackMs);
  let count = 0;
  for (let step = 0; step < steps; step++) {
    const index = cursor.indexAt(startMs + step * stepMs);
    if (index < 0) continue;
    values[at + step] = what === 'values' ? series.values[index]! : series.timestampsMs[index]! / 1000;
    present[at + step] = 1;
    count++;
  }
  return count;
}

/** `smoothed`: between the samples around a step by interpolation, after the last one its value. */
function fillSmoothed(
  series: LabelledSamples,
  startMs: number,
  stepMs: number,
  lookbackMs: number,
  { values, present }: FrameBuilder,
  at: number,
  steps: number,
): number {
  const clean = withoutStaleness(series);
  const { timestampsMs: times } = clean;
  let count = 0;
  for (let step = 0; step < steps; step++) {
    const timeMs = startMs + step * stepMs;
    const before = indexAfter(times, timeMs) - 1;
    if (before < 0 || times[before]! <= timeMs - lookbackMs) continue;
    const isBetween = before + 1 < times.length && times[before + 1]! <= timeMs + lookbackMs;
    const isExact = times[before] === timeMs || !isBetween;
    values[at + step] = isExact ? clean.values[before]! : interpolated(clean, before, timeMs, false);
    present[at + step] = 1;
    count++;
  }
  return count;
}

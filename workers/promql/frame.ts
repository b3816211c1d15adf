import type { Labels } from './labels.ts';

/** The times at which an expression is evaluated. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

/**
 * An instant vector at every step of a grid: a row a series, a column a step, in one piece. `values[row * steps +
 * step]` counts where `present` has a 1 at the same place; NaN is a value.
 */
export interface Frame {
  readonly steps: number;
  readonly labels: Labels[];
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

const noValues = new Float64Array(0);
const nonePresent = new Uint8Array(0);

export function emptyFrame(steps: number): Frame {
  return { steps, labels: [], values: noValues, present: nonePresent };
}

export function frameOf(labels: Labels[], steps: number): Frame {
  const size = labels.length * steps;
  return { steps, labels, values: new Float64Array(size), present: new Uint8Array(size) };
}

/** A frame of one row that has a value at every step. */
export function singleRow(labels: Labels, values: Float64Array): Frame {
  return { steps: values.length, labels: [labels], values, present: new Uint8Array(values.length).fill(1) };
}

/** Values for which room is made before there are rows for them. */
const maxReserved = 1_000_000;

/** Grows row by row: rows that stay empty are given back. */
export class FrameBuilder {
  readonly #steps: number;
  readonly #labels: Labels[] = [];
  readonly #count: (values: number) => void;
  #values: Float64Array;
  #present: Uint8Array;

  /** @param count called with the number of values that each row takes, before it is added; may refuse it */
  constructor(steps: number, expectedRows: number, count: (values: number) => void) {
    this.#steps = steps;
    this.#count = count;
    this.#values = new Float64Array(
      Math.max(1, Math.min(expectedRows, Math.ceil(maxReserved / steps))) * steps,
    );
    this.#present = new Uint8Array(this.#values.length);
  }

  get values(): Float64Array {
    return this.#values;
  }

  get present(): Uint8Array {
    return this.#present;
  }

  /** Where the values of the next row go; a row counts once it is added. */
  get nextRow(): number {
    const at = this.#labels.length * this.#steps;
    if (at + this.#steps > this.#values.length) this.#grow(at + this.#steps);
    return at;
  }

  add(labels: Labels): number {
    this.#count(this.#steps);
    const at = this.nextRow;
    this.#labels.push(labels);
    return at;
  }

  frame(): Frame {
    const size = this.#labels.length * this.#steps;
    const isFull = size === this.#values.length;
    return {
      steps: this.#steps,
      labels: this.#labels,
      values: isFull ? this.#values : this.#values.subarray(0, size),
      present: isFull ? this.#present : this.#present.subarray(0, size),
    };
  }

  #grow(needed: number): void {
    const size = Math.max(needed, this.#values.length * 2);
    const values = new Float64Array(size);
    const present = new Uint8Array(size);
    values.set(this.#values);
    present.set(this.#present);
    this.#values = values;
    this.#present = present;
  }
}

/** Without the rows that have no value at any step. */
export function withoutEmptyRows(frame: Frame): Frame {
  const { steps, labels, present } = frame;
  const kept: number[] = [];
  for (let row = 0; row < labels.length; row++) if (hasValue(present, row * steps, steps)) kept.push(row);
  if (kept.length === labels.length) return frame;
  return kept.length === 0 ? emptyFrame(steps) : withRows(frame, kept);
}

function hasValue(present: Uint8Array, from: number, steps: number): boolean {
  for (let at = from; at < from + steps; at++) if (present[at] === 1) return true;
  return false;
}

/**
 * Makes one row of those with the same labels, as Prometheus does when names fall away.
 *
 * @returns undefined when two of them have a value at the same step
 */
export function withMergedRows(frame: Frame): Frame | undefined {
  const { steps, labels, values, present } = frame;
  if (labels.length < 2) return frame;
  const rowOf = new Map<string, number>();
  let hasTwins = false;
  for (let row = 0; row < labels.length; row++) {
    const { key } = labels[row]!;
    const first = rowOf.get(key);
    if (first === undefined) {
      rowOf.set(key, row);
      continue;
    }
    hasTwins = true;
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] !== 1) continue;
      const to = first * steps + step;
      if (present[to] === 1) return undefined;
      values[to] = values[from]!;
      present[to] = 1;
      present[from] = 0;
    }
  }
  return hasTwins ? withoutEmptyRows(frame) : frame;
}

/** The same value at every step, from a frame of one step. */
export function repeated(frame: Frame, steps: number): Frame {
  const result = frameOf(frame.labels, steps);
  for (let row = 0; row < frame.labels.length; row++) {
    if (frame.present[row] !== 1) continue;
    result.values.fill(frame.values[row]!, row * steps, (row + 1) * steps);
    result.present.fill(1, row * steps, (row + 1) * steps);
  }
  return result;
}

/** The rows in another order, or some of them. */
export function withRows(frame: Frame, rows: readonly number[]): Frame {
  const { steps, labels, values, present } = frame;
  const result = frameOf(
    rows.map((row) => labels[row]!),
    steps,
  );
  rows.forEach((row, index) => {
    result.values.set(values.subarray(row * steps, (row + 1) * steps), index * steps);
    result.present.set(present.subarray(row * steps, (row + 1) * steps), index * steps);
  });
  return result;
}

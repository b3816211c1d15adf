import type { Evaluation } from './evaluation.ts';
import { type Frame, withoutEmptyRows, withRows } from './frame.ts';
import type { Group } from './grouping.ts';
import { labelsHash } from './labels-hash.ts';
import type { Aggregate } from './nodes.ts';

/**
 * `topk`, `bottomk`, `limitk` and `limit_ratio`: some of the series of every group, as they are. An instant query
 * has them in order, the highest or lowest of a group first.
 */
export function rankedFrame(
  evaluation: Evaluation,
  expr: Aggregate,
  frame: Frame,
  groups: readonly Group[],
  param: Float64Array,
): Frame {
  const { op } = expr;
  if (op === 'limit_ratio') {
    if (param.every((ratio) => ratio === 0)) return withRows(frame, []);
    if (param.some(Number.isNaN)) evaluation.fail('Ratio value is NaN', expr.param!.span);
    return sampledFrame(frame, param);
  }
  // NaN is looked for only where some step asks for anything.
  if (!param.some((count) => count >= 1) && !param.every(Number.isNaN)) return withRows(frame, []);
  refuseCounts(evaluation, expr, param);
  const present = new Uint8Array(frame.present.length);
  const order: number[] = [];
  for (let step = 0; step < frame.steps; step++) {
    const count = Math.min(Math.trunc(param[step]!), frame.labels.length);
    if (count < 1) continue;
    for (const { rows } of groups) {
      for (const row of chosen(frame, rows, step, count, op)) {
        present[row * frame.steps + step] = 1;
        if (frame.steps === 1) order.push(row);
      }
    }
  }
  const masked = { ...frame, present };
  return frame.steps === 1 ? withRows(masked, order) : withoutEmptyRows(masked);
}

function refuseCounts(evaluation: Evaluation, expr: Aggregate, counts: Float64Array): void {
  const { span } = expr.param!;
  if (counts.some(Number.isNaN)) evaluation.fail('Parameter value is NaN', span);
  for (const count of counts) {
    if (count <= -(2 ** 63)) evaluation.fail(`Scalar value ${count} underflows int64`, span);
    if (count >= 2 ** 63) evaluation.fail(`Scalar value ${count} overflows int64`, span);
  }
}

/** The rows of a group that stay at a step, in order. */
function chosen(
  frame: Frame,
  rows: readonly number[],
  step: number,
  count: number,
  op: Aggregate['op'],
): number[] {
  const { steps, values, present } = frame;
  const there = rows.filter((row) => present[row * steps + step] === 1);
  if (op === 'limitk') return there.slice(0, count);
  const heap = new RowHeap(values, steps, step, op === 'topk' ? 1 : -1);
  for (const row of there) heap.offer(row, count);
  return heap.sorted();
}

/**
 * Keeps the best rows, the worst of them on top: a binary heap as Go's container/heap keeps it, so that among equal
 * values the same ones stay as in Prometheus. NaN is worse than anything.
 */
class RowHeap {
  readonly #values: Float64Array;
  readonly #steps: number;
  readonly #step: number;
  readonly #sign: 1 | -1;
  readonly #rows: number[] = [];

  constructor(values: Float64Array, steps: number, step: number, sign: 1 | -1) {
    this.#values = values;
    this.#steps = steps;
    this.#step = step;
    this.#sign = sign;
  }

  offer(row: number, count: number): void {
    if (this.#rows.length < count) {
      this.#rows.push(row);
      this.#up(this.#rows.length - 1);
      return;
    }
    const top = this.#value(this.#rows[0]!);
    const value = this.#value(row);
    if (!(top < value || (Number.isNaN(top) && !Number.isNaN(value)))) return;
    this.#rows[0] = row;
    this.#down();
  }

  /** Best first. */
  sorted(): number[] {
    return [...this.#rows].sort((a, b) => (this.#isWorse(b, a) ? -1 : this.#isWorse(a, b) ? 1 : 0));
  }

  /** Negated for `bottomk`, whose best is the lowest. */
  #value(row: number): number {
    return this.#sign * this.#values[row * this.#steps + this.#step]!;
  }

  #isWorse(a: number, b: number): boolean {
    const value = this.#value(a);
    return Number.isNaN(value) ? !Number.isNaN(this.#value(b)) : value < this.#value(b);
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(this.#rows[at]!, this.#rows[parent]!)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#rows.length) return;
      if (child + 1 < this.#rows.length && this.#isWorse(this.#rows[child + 1]!, this.#rows[child]!)) child++;
      if (!this.#isWorse(this.#rows[child]!, this.#rows[at]!)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #swap(a: number, b: number): void {
    const row = this.#rows[a]!;
    this.#rows[a] = this.#rows[b]!;
    this.#rows[b] = row;
  }
}

/** A share of the series, the same ones for the same labels; a negative share is the rest. */
function sampledFrame(frame: Frame, ratios: Float64Array): Frame {
  const { steps, labels } = frame;
  const present = frame.present.slice();
  labels.forEach((own, row) => {
    const offset = Number(labelsHash(own)) / 2 ** 64;
    for (let step = 0; step < steps; step++) {
      const ratio = Math.max(-1, Math.min(1, ratios[step]!));
      const isIn = ratio >= 0 ? ratio !== 0 && offset < ratio : offset >= 1 + ratio;
      if (!isIn) present[row * steps + step] = 0;
    }
  });
  return withoutEmptyRows({ ...frame, present });
}

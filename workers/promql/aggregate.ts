import type { Evaluation } from './evaluation.ts';
import { decimalText, lostIn, meanOf, quantileOf } from './floats.ts';
import { type Frame, FrameBuilder, frameOf, withoutEmptyRows } from './frame.ts';
import { type Group, groupLabels, groupsOf } from './grouping.ts';
import { isLabelName } from './label-name.ts';
import type { Aggregate } from './nodes.ts';
import { rankedFrame } from './ranking.ts';

/** Aggregates a vector; `param` is the number or text before it. */
export function aggregateFrame(
  evaluation: Evaluation,
  expr: Aggregate,
  frame: Frame,
  param: Float64Array | string | undefined,
): Frame {
  evaluation.touch(frame.values.length, expr.span);
  if (typeof param === 'string') return countedValues(evaluation, expr, frame, param);
  const groups = groupsOf(frame, expr);
  switch (expr.op) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
    case 'limit_ratio':
      return rankedFrame(evaluation, expr, frame, groups, param!);
  }
  const result = frameOf(
    groups.map(({ labels }) => labels),
    frame.steps,
  );
  const fill = fills[expr.op as keyof typeof fills];
  groups.forEach((group, index) => {
    fill(frame, group, result, index * frame.steps, param);
  });
  return withoutEmptyRows(result);
}

/** Fills the row of a group that begins at `to`. */
type Fill = (frame: Frame, group: Group, result: Frame, to: number, q: Float64Array | undefined) => void;

/** Goes on from a group's earlier values: `state` is the result so far, of a first value the value itself. */
function folding(first: (value: number) => number, next: (state: number, value: number) => number): Fill {
  return ({ steps, values, present }, { rows }, result, to) => {
    for (const row of rows) {
      for (let step = 0; step < steps; step++) {
        const from = row * steps + step;
        if (present[from] !== 1) continue;
        const at = to + step;
        result.values[at] =
          result.present[at] === 1 ? next(result.values[at]!, values[from]!) : first(values[from]!);
        result.present[at] = 1;
      }
    }
  };
}

/** Compensated sums (Neumaier). */
const sum: Fill = ({ steps, values, present }, { rows }, result, to) => {
  const lost = new Float64Array(steps);
  for (const row of rows) {
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] !== 1) continue;
      const at = to + step;
      const value = values[from]!;
      if (result.present[at] === 0) {
        result.values[at] = value;
        result.present[at] = 1;
        continue;
      }
      const before = result.values[at]!;
      const total = before + value;
      const isInfinite = total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY;
      lost[step] = isInfinite ? 0 : lost[step]! + lostIn(before, value, total);
      result.values[at] = total;
    }
  }
  for (let step = 0; step < steps; step++) result.values[to + step]! += lost[step]!;
};

/** Calculates from all of a group's values at one step. */
function gathering(
  calculate: (values: Float64Array, step: number, q: Float64Array | undefined) => number,
): Fill {
  return ({ steps, values, present }, { rows }, result, to, q) => {
    const scratch = new Float64Array(rows.length);
    for (let step = 0; step < steps; step++) {
      let count = 0;
      for (const row of rows) {
        const from = row * steps + step;
        if (present[from] === 1) scratch[count++] = values[from]!;
      }
      if (count === 0) continue;
      result.values[to + step] = calculate(scratch.subarray(0, count), step, q);
      result.present[to + step] = 1;
    }
  };
}

/** Welford's algorithm, without compensation as in Prometheus. */
function varianceOf(values: Float64Array): number {
  let mean = values[0]!;
  let squares = Number.isFinite(mean) ? 0 : Number.NaN;
  for (let index = 1; index < values.length; index++) {
    const difference = values[index]! - mean;
    mean += difference / (index + 1);
    squares += difference * (values[index]! - mean);
  }
  return squares / values.length;
}

const same = (value: number) => value;
const one = () => 1;

const fills = {
  sum,
  avg: gathering((values) => meanOf(values, 0, values.length)),
  min: folding(same, (state, value) => (state > value || Number.isNaN(state) ? value : state)),
  max: folding(same, (state, value) => (state < value || Number.isNaN(state) ? value : state)),
  count: folding(one, (state) => state + 1),
  group: folding(one, one),
  stdvar: gathering(varianceOf),
  stddev: gathering((values) => Math.sqrt(varianceOf(values))),
  quantile: gathering((values, step, q) => quantileOf(q![step]!, values)),
} satisfies Record<string, Fill>;

/** `count_values`: a row for every value of a group, named by the value. */
function countedValues(evaluation: Evaluation, expr: Aggregate, frame: Frame, label: string): Frame {
  if (!isLabelName(label)) evaluation.fail(`invalid label name ${JSON.stringify(label)}`, expr.param!.span);
  const grouping = expr.without ? expr.grouping : [...expr.grouping, label];
  const { steps, labels, values, present } = frame;
  const builder = new FrameBuilder(steps, labels.length, (count) => evaluation.touch(count, expr.span));
  const rows = new Map<string, number>();
  for (let row = 0; row < labels.length; row++) {
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (present[from] !== 1) continue;
      const valued = labels[row]!.with(label, decimalText(values[from]!));
      const group = groupLabels(valued, { ...expr, grouping }).unmarked;
      const at = rows.get(group.key) ?? builder.add(group);
      rows.set(group.key, at);
      builder.values[at + step]! += 1;
      builder.present[at + step] = 1;
    }
  }
  return builder.frame();
}

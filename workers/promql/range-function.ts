import { type Evaluation, type LabelledSamples, timeAt } from './evaluation.ts';
import { emptyFrame, type Frame, FrameBuilder, frameOf, type Grid } from './frame.ts';
import type { PromqlFunction } from './functions/function.ts';
import { absentLabels } from './functions/presence.ts';
import type { Call, Expr, MatrixSelector } from './nodes.ts';
import { Window, withoutStaleness } from './window.ts';

/** The samples that a range vector is cut from. */
export interface RangeSource {
  readonly series: readonly LabelledSamples[];
  readonly rangeMs: number;
  readonly offsetMs: number;
  readonly fixedMs: number | undefined;
  readonly extension: 'anchored' | 'smoothed' | undefined;
  readonly argument: Expr;
}

/** The raw samples of `selector[range]` for every step of a grid. */
export function selectedRange(
  evaluation: Evaluation,
  matrix: MatrixSelector,
  grid: Grid,
  func = '',
): RangeSource {
  const { selector } = matrix;
  const { extension } = selector;
  const rangeMs = evaluation.durationMs(matrix.range);
  const offsetMs = evaluation.offsetMs(selector);
  const fixedMs = evaluation.fixedTimeMs(selector);
  const beforeMs = extension === undefined ? 0 : evaluation.lookbackMs;
  const afterMs = extension === 'smoothed' ? evaluation.lookbackMs : 0;
  const startMs = (fixedMs ?? grid.startMs) - offsetMs - rangeMs - beforeMs + 1;
  const endMs = (fixedMs ?? timeAt(grid, grid.steps - 1)) - offsetMs + afterMs;
  const stepMs = fixedMs === undefined && grid.steps > 1 ? grid.stepMs : 0;
  const hints = {
    ...{ firstMs: (fixedMs ?? grid.startMs) - offsetMs, stepMs, rangeMs },
    func: extension === undefined ? func : '',
  };
  const series = evaluation
    .series(selector.matchers, startMs, endMs, matrix.span, hints)
    .map(withoutStaleness);
  return { series, rangeMs, offsetMs, fixedMs, extension, argument: matrix };
}

const extended: Readonly<Record<'anchored' | 'smoothed', readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** Applies a function of a range to every series at every step; the window slides over the samples. */
export function rangeFunctionFrame(
  evaluation: Evaluation,
  call: Call,
  rangeFunction: PromqlFunction & { kind: 'window' },
  source: RangeSource,
  scalars: readonly Float64Array[],
  grid: Grid,
): Frame {
  const { extension } = source;
  if (extension !== undefined && !extended[extension].includes(call.name)) {
    const takers = extended[extension].join(', ');
    evaluation.fail(
      `${extension} modifier can only be used with: ${takers} - not with ${call.name}`,
      call.span,
    );
  }
  const builder = new FrameBuilder(grid.steps, source.series.length, (values) =>
    evaluation.touch(values, call.span),
  );
  const window = new Window(source.rangeMs, extension, evaluation.lookbackMs);
  const names = new Set<string>();
  let hasTwins = false;
  for (const series of source.series) {
    window.open(series);
    const count = fillRow(evaluation, call, rangeFunction, source, window, scalars, grid, builder);
    if (count === 0) {
      evaluation.touch(0, call.span);
      continue;
    }
    const labels = rangeFunction.keepsName ? series.labels : evaluation.withoutName(series.labels);
    builder.add(labels);
    hasTwins ||= names.size === names.add(labels.key).size;
  }
  const frame = builder.frame();
  if (call.name === 'absent_over_time') return absentFrame(frame, source.argument, grid.steps);
  if (hasTwins) evaluation.fail('vector cannot contain metrics with the same labelset', call.span);
  return frame;
}

/** So many samples may go through a function before the query is asked whether it is cancelled. */
const samplesBetweenChecks = 1_000_000;

function fillRow(
  evaluation: Evaluation,
  call: Call,
  { run }: PromqlFunction & { kind: 'window' },
  { offsetMs, fixedMs }: RangeSource,
  window: Window,
  scalars: readonly Float64Array[],
  grid: Grid,
  builder: FrameBuilder,
): number {
  const at = builder.nextRow;
  const { values, present } = builder;
  let count = 0;
  let unchecked = 0;
  for (let step = 0; step < grid.steps; step++) {
    const timeMs = timeAt(grid, step);
    window.slide((fixedMs ?? timeMs) - offsetMs, timeMs);
    if (window.from === window.to) continue;
    unchecked += window.count;
    if (unchecked > samplesBetweenChecks) {
      evaluation.touch(0, call.span);
      unchecked = 0;
    }
    const value = run(window, step, scalars);
    if (value === undefined) continue;
    values[at + step] = value;
    present[at + step] = 1;
    count++;
  }
  return count;
}

/** 1 where no series has anything in its range. */
function absentFrame({ labels, present }: Frame, argument: Expr, steps: number): Frame {
  const result = frameOf([absentLabels(argument)], steps);
  let count = 0;
  for (let step = 0; step < steps; step++) {
    if (labels.some((_, row) => present[row * steps + step] === 1)) continue;
    result.values[step] = 1;
    result.present[step] = 1;
    count++;
  }
  return count === 0 ? emptyFrame(steps) : result;
}

import { typeOf } from './check.ts';
import { Evaluation, type EvaluationOptions, type LabelledSamples, type Select } from './evaluation.ts';
import { Evaluator } from './evaluator.ts';
import { type Frame, type Grid, withoutEmptyRows } from './frame.ts';
import { compareLabels, Labels } from './labels.ts';
import type { Expr } from './nodes.ts';
import { parseExpression } from './parse/parser.ts';
import { PromqlError } from './promql-error.ts';
import { samplesOf } from './range-samples.ts';

export {
  type EvaluationOptions,
  labelsOf,
  type SampleSeries,
  type Select,
  type SelectHints,
} from './evaluation.ts';
export { functionNames } from './functions/table.ts';
export { Labels } from './labels.ts';
export { labelTest } from './matcher.ts';
export type { Expr, Matcher, ValueType } from './nodes.ts';
export { parseExpression } from './parse/parser.ts';
export { PromqlError, type PromqlErrorKind, type Span } from './promql-error.ts';
export { isStaleAt } from './window.ts';
export { typeOf };

export interface VectorSample {
  readonly labels: Record<string, string>;
  readonly timeMs: number;
  readonly value: number;
}

export interface MatrixSeries {
  readonly labels: Record<string, string>;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

export type MatrixResult = { readonly type: 'matrix'; readonly series: MatrixSeries[] };

export type QueryResult =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly samples: VectorSample[] }
  | MatrixResult;

/**
 * The value of an expression at one time, as Prometheus 3.14 answers it for float samples, its experimental
 * functions and modifiers included. Samples of a vector come in the order of evaluation, series of a matrix by
 * their labels.
 *
 * @throws PromqlError when the expression is refused, cannot be evaluated, or goes over a limit
 */
export function evaluateInstant(
  expr: string,
  timeMs: number,
  select: Select,
  options: EvaluationOptions = {},
): QueryResult {
  const parsed = parseExpression(expr);
  const evaluation = new Evaluation(expr, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, select, options);
  const evaluator = new Evaluator(evaluation);
  if (typeOf(parsed) === 'matrix') return matrixOf(evaluator.rangeVector(parsed, timeMs));
  const value = evaluator.result(parsed, { startMs: timeMs, stepMs: 1, steps: 1 });
  if (typeof value === 'string') return { type: 'string', value };
  if (value instanceof Float64Array) return { type: 'scalar', value: value[0]! };
  return { type: 'vector', samples: samplesAt(value, timeMs) };
}

/** An instant vector: the labels of each value. */
export interface InstantVector {
  readonly labels: readonly Labels[];
  readonly values: Float64Array;
}

const scalarLabels: readonly Labels[] = [Labels.none];

/**
 * What a rule gives at one time, from an expression that is parsed already: a scalar is a sample without labels.
 *
 * @param source the text of the expression, for the places in errors
 * @throws PromqlError when it cannot be evaluated, goes over a limit, or gives neither vector nor scalar
 */
export function evaluateVector(
  expr: Expr,
  source: string,
  timeMs: number,
  select: Select,
  options: EvaluationOptions = {},
): InstantVector {
  const evaluation = new Evaluation(source, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, select, options);
  const type = typeOf(expr);
  if (type !== 'vector' && type !== 'scalar') {
    evaluation.fail('rule result is not a vector or scalar', { from: 0, to: source.length });
  }
  const value = new Evaluator(evaluation).result(expr, { startMs: timeMs, stepMs: 1, steps: 1 });
  if (value instanceof Float64Array) return { labels: scalarLabels, values: value };
  return withoutEmptyRows(value as Frame);
}

function samplesAt({ labels, values, present }: Frame, timeMs: number): VectorSample[] {
  const samples: VectorSample[] = [];
  for (let row = 0; row < labels.length; row++) {
    if (present[row] === 1) samples.push({ labels: labels[row]!.toRecord(), timeMs, value: values[row]! });
  }
  return samples;
}

/**
 * The values of an expression from `startMs` on, every `stepMs`, not after `endMs`; series sorted by their labels. A
 * scalar is a series without labels.
 *
 * @throws PromqlError as `evaluateInstant`, and for an expression that is neither scalar nor instant vector
 */
export function evaluateRange(
  expr: string,
  startMs: number,
  endMs: number,
  stepMs: number,
  select: Select,
  options: EvaluationOptions = {},
): MatrixResult {
  const parsed = parseExpression(expr);
  const whole = { from: 0, to: expr.length };
  const type = typeOf(parsed);
  if (type !== 'vector' && type !== 'scalar') {
    const taken = 'must be Scalar or instant Vector';
    const name = type === 'matrix' ? 'range vector' : type;
    throw new PromqlError(
      'parse',
      `invalid expression type "${name}" for range query, ${taken}`,
      expr,
      whole,
    );
  }
  if (!(stepMs > 0)) throw new PromqlError('limit', 'zero or negative query resolution step', expr, whole);
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  const maxSteps = options.maxSteps ?? 11_000;
  if (steps > maxSteps) {
    throw new PromqlError(
      'limit',
      `exceeded maximum resolution of ${maxSteps} points per series`,
      expr,
      whole,
    );
  }
  if (!(steps > 0)) return { type: 'matrix', series: [] };
  const evaluation = new Evaluation(expr, { startMs, endMs, stepMs }, select, options);
  const grid: Grid = { startMs, stepMs, steps };
  const value = new Evaluator(evaluation).result(parsed, grid) as Frame | Float64Array;
  if (!(value instanceof Float64Array)) return matrixOf(samplesOf(value, grid));
  const timestampsMs = Float64Array.from(value, (_, step) => startMs + step * stepMs);
  return matrixOf([{ labels: Labels.none, timestampsMs, values: value }]);
}

function matrixOf(series: LabelledSamples[]): MatrixResult {
  const there = series.filter(({ values }) => values.length > 0);
  there.sort((a, b) => compareLabels(a.labels, b.labels));
  return {
    type: 'matrix',
    series: there.map(({ labels, timestampsMs, values }) => ({
      labels: labels.toRecord(),
      // Results own their memory: they do not pin what they were cut from.
      timestampsMs: timestampsMs.slice(),
      values: values.slice(),
    })),
  };
}

import { timeAt } from '../evaluation.ts';
import { type Frame, frameOf, singleRow } from '../frame.ts';
import { Labels } from '../labels.ts';
import { type Expr, unwrapped } from '../nodes.ts';
import { type FunctionCall, frameArg, scalarArg, unnamed } from './function.ts';

/** 1 where the argument has nothing. */
export function absent(call: FunctionCall): Frame {
  const { steps, labels, present } = frameArg(call, 0);
  const result = frameOf([absentLabels(call.expr.args[0]!)], steps);
  for (let step = 0; step < steps; step++) {
    let isThere = false;
    for (let row = 0; row < labels.length && !isThere; row++) isThere = present[row * steps + step] === 1;
    if (isThere) continue;
    result.values[step] = 1;
    result.present[step] = 1;
  }
  return result;
}

/** The labels that a selector asks for with `=`, once each. */
export function absentLabels(argument: Expr): Labels {
  const expr = unwrapped(argument);
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind !== 'selector') return Labels.none;
  let labels = Labels.none;
  const seen = new Set<string>();
  for (const { name, op, value } of selector.matchers) {
    if (name === '__name__') continue;
    const isFirst = op === '=' && !seen.has(name);
    labels = labels.with(name, isFirst ? value : '');
    if (isFirst) seen.add(name);
  }
  return labels;
}

/** The value of a vector's only series, NaN where there are none or several. */
export function scalar(call: FunctionCall): Float64Array {
  const { steps, labels, values, present } = frameArg(call, 0);
  const result = new Float64Array(steps).fill(Number.NaN);
  const counts = new Uint32Array(steps);
  for (let row = 0; row < labels.length; row++) {
    for (let step = 0; step < steps; step++) {
      const at = row * steps + step;
      if (present[at] !== 1) continue;
      result[step] = counts[step]!++ === 0 ? values[at]! : Number.NaN;
    }
  }
  return result;
}

export function vector(call: FunctionCall): Frame {
  return singleRow(Labels.none, scalarArg(call, 0).slice());
}

/** Seconds; of a selector's own samples the evaluator knows the times and does not come here. */
export function timestamp(call: FunctionCall): Frame {
  const { grid } = call;
  const { steps, labels, present } = frameArg(call, 0);
  const result = frameOf(labels, steps);
  result.present.set(present);
  for (let at = 0; at < result.values.length; at++) result.values[at] = timeAt(grid, at % steps) / 1000;
  return unnamed(call, result);
}

export function time(call: FunctionCall): Float64Array {
  return Float64Array.from({ length: call.grid.steps }, (_, step) => timeAt(call.grid, step) / 1000);
}

function constant(call: FunctionCall, value: number): Float64Array {
  return new Float64Array(call.grid.steps).fill(value);
}

export const pi = (call: FunctionCall) => constant(call, Math.PI);
export const queryStart = (call: FunctionCall) => constant(call, call.evaluation.query.startMs / 1000);
export const queryEnd = (call: FunctionCall) => constant(call, call.evaluation.query.endMs / 1000);

export function queryRange(call: FunctionCall): Float64Array {
  const { startMs, endMs } = call.evaluation.query;
  return constant(call, (endMs - startMs) / 1000);
}

export function queryStep(call: FunctionCall): Float64Array {
  const { startMs, endMs, stepMs } = call.evaluation.query;
  return constant(call, startMs === endMs ? 0 : stepMs / 1000);
}

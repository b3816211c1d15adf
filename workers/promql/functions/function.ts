import type { Evaluation } from '../evaluation.ts';
import { type Frame, frameOf, type Grid } from '../frame.ts';
import type { Labels } from '../labels.ts';
import { relabelledRows, unnamedRows } from '../naming.ts';
import type { Call, ValueType } from '../nodes.ts';
import type { Window } from '../window.ts';

export type Value = Frame | Float64Array | string;

/** A call whose arguments are evaluated. */
export interface FunctionCall {
  readonly evaluation: Evaluation;
  readonly grid: Grid;
  readonly expr: Call;
  readonly values: readonly Value[];
}

/** The value of a range at one step; undefined where there is none. `scalars` are the other arguments. */
export type WindowFunction = (
  window: Window,
  step: number,
  scalars: readonly Float64Array[],
) => number | undefined;

/** What a function takes: the last argument `variadic` more times (−1 any number), or not at all when it is 1. */
export interface Signature {
  readonly args: readonly ValueType[];
  readonly variadic?: number;
  readonly returns: ValueType;
}

export type PromqlFunction = Signature &
  (
    | { readonly kind: 'call'; readonly run: (call: FunctionCall) => Frame | Float64Array }
    | { readonly kind: 'window'; readonly run: WindowFunction; readonly keepsName?: boolean }
  );

export function frameArg(call: FunctionCall, index: number): Frame {
  return call.values[index] as Frame;
}

export function scalarArg(call: FunctionCall, index: number): Float64Array {
  return call.values[index] as Float64Array;
}

export function textArg(call: FunctionCall, index: number): string {
  return call.values[index] as string;
}

/** Gives the rows other labels; rows that are the same then become one, or the query fails. */
export function relabelled(call: FunctionCall, frame: Frame, labels: Labels[]): Frame {
  return relabelledRows(call.evaluation, frame, labels, call.expr.span);
}

/** The rows without the metric's name. */
export function unnamed(call: FunctionCall, frame: Frame): Frame {
  return unnamedRows(call.evaluation, frame, call.expr.span);
}

/** Applies a calculation to every value of the first argument. */
export function mapped(call: FunctionCall, calculate: (value: number, step: number) => number): Frame {
  const { steps, labels, values, present } = frameArg(call, 0);
  const result = frameOf(labels, steps);
  for (let row = 0; row < labels.length; row++) {
    for (let step = 0; step < steps; step++) {
      const at = row * steps + step;
      if (present[at] !== 1) continue;
      result.values[at] = calculate(values[at]!, step);
      result.present[at] = 1;
    }
  }
  return unnamed(call, result);
}

import { maxOf, minOf } from '../floats.ts';
import type { Frame } from '../frame.ts';
import { emptyFrame } from '../frame.ts';
import { type FunctionCall, frameArg, mapped, scalarArg } from './function.ts';

/** A function of one number, over every value of a vector. */
export function elementwise(calculate: (value: number) => number): (call: FunctionCall) => Frame {
  return (call) => mapped(call, calculate);
}

export const radians = elementwise((value) => (value * Math.PI) / 180);
export const degrees = elementwise((value) => (value * 180) / Math.PI);
export const signum = elementwise((value) => (value < 0 ? -1 : value > 0 ? 1 : value));

export function clamp(call: FunctionCall): Frame {
  return clamped(call, scalarArg(call, 1), scalarArg(call, 2));
}

export function clampMin(call: FunctionCall): Frame {
  return clamped(call, scalarArg(call, 1), undefined);
}

export function clampMax(call: FunctionCall): Frame {
  return clamped(call, undefined, scalarArg(call, 1));
}

function clamped(call: FunctionCall, min: Float64Array | undefined, max: Float64Array | undefined): Frame {
  const low = (step: number) => min?.[step] ?? Number.NEGATIVE_INFINITY;
  const high = (step: number) => max?.[step] ?? Number.POSITIVE_INFINITY;
  const frame = frameArg(call, 0);
  const present = frame.present.map((is, at) => (high(at % frame.steps) < low(at % frame.steps) ? 0 : is));
  return mapped({ ...call, values: [{ ...frame, present }] }, (value, step) =>
    maxOf(low(step), minOf(high(step), value)),
  );
}

/** To the nearest multiple, halves up. */
export function round(call: FunctionCall): Frame {
  const nearest = call.values.length > 1 ? scalarArg(call, 1) : undefined;
  return mapped(call, (value, step) => {
    // The inverse loses less than dividing by the multiple.
    const inverse = 1 / (nearest?.[step] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
}

function extremeOf(choose: (a: number, b: number) => number): (call: FunctionCall) => Float64Array {
  return (call) => {
    const right = scalarArg(call, 1);
    return scalarArg(call, 0).map((value, step) => choose(value, right[step]!));
  };
}

export const maxOfTwo = extremeOf(maxOf);
export const minOfTwo = extremeOf(minOf);

/** Functions of native histograms, which floats never are. */
export function ofNoFloat(call: FunctionCall): Frame {
  return emptyFrame(call.grid.steps);
}

import { KahanSum } from '../floats.ts';
import type { Window } from '../window.ts';
import type { WindowFunction } from './function.ts';

/** Least squares over the window: the slope a second, and the value at `interceptMs` (promql/functions.go). */
function regression(window: Window, interceptMs: number): { slope: number; intercept: number } {
  const { values, timestampsMs, from, to } = window;
  const first = values[from]!;
  let isConstant = true;
  const x = new KahanSum();
  const y = new KahanSum();
  const xy = new KahanSum();
  const x2 = new KahanSum();
  for (let index = from; index < to; index++) {
    const value = values[index]!;
    if (index > from && value !== first) isConstant = false;
    const seconds = (timestampsMs[index]! - interceptMs) / 1e3;
    x.add(seconds);
    y.add(value);
    xy.add(seconds * value);
    x2.add(seconds * seconds);
  }
  if (isConstant) {
    if (Math.abs(first) === Number.POSITIVE_INFINITY) return { slope: Number.NaN, intercept: Number.NaN };
    return { slope: 0, intercept: first };
  }
  const count = to - from;
  const covariance = xy.total - (x.total * y.total) / count;
  const variance = x2.total - (x.total * x.total) / count;
  const slope = covariance / variance;
  return { slope, intercept: y.total / count - (slope * x.total) / count };
}

export const deriv: WindowFunction = (window) =>
  window.count < 2 ? undefined : regression(window, window.timestampsMs[window.from]!).slope;

export const predictLinear: WindowFunction = (window, step, [seconds]) => {
  if (window.count < 2) return undefined;
  const { slope, intercept } = regression(window, window.timeMs);
  return slope * seconds![step]! + intercept;
};

/** Holt's linear method; both factors lie between 0 and 1. */
export const doubleExponentialSmoothing: WindowFunction = (window, step, [smoothing, trend]) => {
  const { values, from, to } = window;
  const smoothingFactor = factor('smoothing', smoothing![step]!);
  const trendFactor = factor('trend', trend![step]!);
  if (to - from < 2) return undefined;
  let before = 0;
  let smoothed = values[from]!;
  let slope = values[from + 1]! - values[from]!;
  for (let index = from + 1; index < to; index++) {
    if (index > from + 1) slope = trendFactor * (smoothed - before) + (1 - trendFactor) * slope;
    const next = smoothingFactor * values[index]! + (1 - smoothingFactor) * (smoothed + slope);
    before = smoothed;
    smoothed = next;
  }
  return smoothed;
};

function factor(name: string, value: number): number {
  if (value <= 0 || value >= 1) {
    throw new RangeError(`invalid ${name} factor. Expected: 0 < ${name[0]}f < 1, got: ${value.toFixed(6)}`);
  }
  return value;
}

import { interpolated } from '../interpolation.ts';
import type { Window } from '../window.ts';
import { indexAfter } from '../window.ts';
import type { WindowFunction } from './function.ts';

/**
 * The increase over the range, extrapolated to its bounds where the samples come close to them, and for a counter
 * not below zero (promql/functions.go, extrapolatedRate).
 */
function extrapolated(window: Window, isCounter: boolean, isRate: boolean): number | undefined {
  if (window.extension !== undefined) return extended(window, isCounter, isRate);
  const { from, to, timestampsMs, values } = window;
  if (to - from < 2) return undefined;
  const firstMs = timestampsMs[from]!;
  const lastMs = timestampsMs[to - 1]!;
  const first = values[from]!;
  let increase = values[to - 1]! - first;
  if (isCounter) increase = window.withResets(increase);

  const sampledSeconds = (lastMs - firstMs) / 1000;
  const averageSeconds = sampledSeconds / (to - from - 1);
  const threshold = averageSeconds * 1.1;
  let startSeconds = (firstMs - window.startMs) / 1000;
  let endSeconds = (window.endMs - lastMs) / 1000;
  if (startSeconds >= threshold) startSeconds = averageSeconds / 2;
  if (isCounter && increase > 0 && first >= 0) {
    const zeroSeconds = sampledSeconds * (first / increase);
    if (zeroSeconds < startSeconds) startSeconds = zeroSeconds;
  }
  if (endSeconds >= threshold) endSeconds = averageSeconds / 2;

  let factor = sampledSeconds === 0 ? 1 : (sampledSeconds + startSeconds + endSeconds) / sampledSeconds;
  if (isRate) factor /= window.rangeMs / 1000;
  return increase * factor;
}

/** `anchored` and `smoothed`: from the values at the bounds themselves (promql/functions.go, extendedRate). */
function extended(window: Window, isCounter: boolean, isRate: boolean): number | undefined {
  const { from, timestampsMs: times, values, startMs, endMs } = window;
  const isSmoothed = window.extension === 'smoothed';
  let last = window.to - 1;
  if (last < from) return undefined;
  let first = Math.max(from, indexAfter(times, startMs, from, last) - 1);
  if (isSmoothed) last = indexAfter(times, endMs - 1, from, last);
  if (times[last]! <= startMs) return undefined;
  if (isSmoothed && times[first]! > endMs) return undefined;

  const isCutLeft = isSmoothed && times[first]! < startMs;
  const isCutRight = isSmoothed && last > from && times[last]! > endMs;
  const left = isCutLeft ? interpolated(window, first, startMs, isCounter) : values[first]!;
  const right = isCutRight ? interpolated(window, last - 1, endMs, isCounter) : values[last]!;
  let increase = right - left;
  if (isCounter) {
    if (times[first]! <= startMs) first++;
    if (times[last]! >= endMs) last--;
    increase += resetsBetween(left, right, values, first, last);
  }
  return isRate ? increase / (window.rangeMs / 1000) : increase;
}

function resetsBetween(
  left: number,
  right: number,
  values: Float64Array,
  first: number,
  last: number,
): number {
  let correction = 0;
  let previous = left;
  for (let index = first; index <= last; index++) {
    if (values[index]! < previous) correction += previous;
    previous = values[index]!;
  }
  return right < previous ? correction + previous : correction;
}

export const rate: WindowFunction = (window) => extrapolated(window, true, true);
export const increase: WindowFunction = (window) => extrapolated(window, true, false);
export const delta: WindowFunction = (window) => extrapolated(window, false, false);

/** From the last two samples only. */
function instantaneous(window: Window, isRate: boolean): number | undefined {
  if (window.count < 2) return undefined;
  const { to, timestampsMs, values } = window;
  const intervalMs = timestampsMs[to - 1]! - timestampsMs[to - 2]!;
  if (intervalMs === 0) return undefined;
  const last = values[to - 1]!;
  const before = values[to - 2]!;
  if (!isRate) return last - before;
  return (last < before ? last : last - before) / (intervalMs / 1000);
}

export const irate: WindowFunction = (window) => instantaneous(window, true);
export const idelta: WindowFunction = (window) => instantaneous(window, false);

/** The first sample to compare with: with `anchored` the last one at or before the start of the range. */
function firstCompared(window: Window): number | undefined {
  if (window.extension !== 'anchored') return window.from;
  const after = indexAfter(window.timestampsMs, window.startMs, window.from, window.to);
  return after === window.to ? undefined : Math.max(window.from, after - 1);
}

function countedBetween(
  window: Window,
  differs: (before: number, now: number) => boolean,
): number | undefined {
  const first = firstCompared(window);
  if (first === undefined) return undefined;
  let count = 0;
  for (let index = first + 1; index < window.to; index++) {
    if (differs(window.values[index - 1]!, window.values[index]!)) count++;
  }
  return count;
}

export const resets: WindowFunction = (window) => countedBetween(window, (before, now) => now < before);

export const changes: WindowFunction = (window) =>
  countedBetween(window, (before, now) => now !== before && !(Number.isNaN(now) && Number.isNaN(before)));

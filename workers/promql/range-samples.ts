import type { LabelledSamples } from './evaluation.ts';
import type { Frame, Grid } from './frame.ts';
import { interpolated } from './interpolation.ts';
import type { RangeSource } from './range-function.ts';
import { indexAfter } from './window.ts';

/** The rows of a frame as series of samples, those of a subquery. */
export function samplesOf({ steps, labels, values, present }: Frame, grid: Grid): LabelledSamples[] {
  return labels.map((own, row) => {
    const from = row * steps;
    const timestampsMs = new Float64Array(steps);
    const kept = new Float64Array(steps);
    let count = 0;
    for (let step = 0; step < steps; step++) {
      if (present[from + step] !== 1) continue;
      timestampsMs[count] = grid.startMs + step * grid.stepMs;
      kept[count++] = values[from + step]!;
    }
    return { labels: own, timestampsMs: timestampsMs.subarray(0, count), values: kept.subarray(0, count) };
  });
}

/** The samples in the range before a time, as a query for a range vector itself answers them. */
export function rangeSamples(source: RangeSource, timeMs: number): LabelledSamples[] {
  const endMs = (source.fixedMs ?? timeMs) - source.offsetMs;
  const startMs = endMs - source.rangeMs;
  return source.series
    .map((series) =>
      source.extension === undefined
        ? cut(series, indexAfter(series.timestampsMs, startMs), indexAfter(series.timestampsMs, endMs))
        : extended(series, startMs, endMs, source.extension === 'smoothed'),
    )
    .filter(({ values }) => values.length > 0);
}

function cut(series: LabelledSamples, from: number, to: number): LabelledSamples {
  const { labels, timestampsMs, values } = series;
  return { labels, timestampsMs: timestampsMs.subarray(from, to), values: values.subarray(from, to) };
}

/** With a sample at either bound, as `anchored` and `smoothed` see it (promql/engine.go, extendFloats). */
function extended(
  series: LabelledSamples,
  startMs: number,
  endMs: number,
  isSmoothed: boolean,
): LabelledSamples {
  const { labels, timestampsMs: times, values } = series;
  let last = times.length - 1;
  let first = Math.max(0, indexAfter(times, startMs, 0, Math.max(0, last)) - 1);
  if (isSmoothed) last = indexAfter(times, endMs - 1, 0, Math.max(0, last));
  if (last < 0 || times[last]! <= startMs) return cut(series, 0, 0);
  const isCutLeft = isSmoothed && times[first]! < startMs;
  const isCutRight = isSmoothed && last > 0 && times[last]! > endMs;
  const left = isCutLeft ? interpolated(series, first, startMs, false) : values[first]!;
  const right = isCutRight ? interpolated(series, last - 1, endMs, false) : values[last]!;
  if (times[first]! <= startMs) first++;
  if (times[last]! >= endMs) last--;
  return {
    labels,
    timestampsMs: Float64Array.from([startMs, ...times.subarray(first, last + 1), endMs]),
    values: Float64Array.from([left, ...values.subarray(first, last + 1), right]),
  };
}

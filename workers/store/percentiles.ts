import type { PercentilesResult, PercentilesRow, PercentilesTask } from '../contract/percentiles.ts';
import type { Sketch } from '../sketch/sketch.ts';
import type { DurationReader } from './duration-reader.ts';

/** Durations in microseconds. */
interface Durations {
  readonly count: number;
  readonly sumUs: number;
  readonly maxUs: number;
  readonly sketch: Sketch;
}

/**
 * Durations in steps, merged from histograms and never averaged; percentiles are within 0.8 %. Of more groups than the
 * limit those with the most durations, or those behind the first `skip`. Throws RangeError for an empty range.
 */
export function readPercentiles(durations: DurationReader, task: PercentilesTask): PercentilesResult {
  const { measurement, by, tags, startMs, endMs, stepMs, limit, skip } = task;
  if (!(endMs > startMs)) throw new RangeError(`from ${startMs} to ${endMs} ms`);
  const query = { filter: { measurement, tags }, by };
  let groups = durations.groups(query);
  let omitted = 0;
  if (groups.length > limit || skip > 0) {
    const totals = durations.read({ ...query, startMs, endMs }).sort((a, b) => b.count - a.count);
    const chosen = new Set(totals.slice(skip, skip + limit).map(({ key }) => key));
    groups = groups.filter(({ key }) => chosen.has(key));
    omitted = Math.max(0, totals.length - skip - limit);
  }
  const series = groups.map((group) => ({ tags: group.tags, count: 0, rows: [] as PercentilesRow[] }));
  durations.eachStep(groups, { startMs, endMs, stepMs }, (group, step, sums) => {
    const one = series[group]!;
    one.count += sums.count;
    one.rows.push({ timeMs: startMs + step * stepMs, count: sums.count, ...figuresOf(sums) });
  });
  return { series: series.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count), omitted };
}

/** Milliseconds. */
export function figuresOf({ count, sumUs, maxUs, sketch }: Durations) {
  // The middle of the highest bucket may lie above the highest value.
  const quantileMs = (q: number) => Math.min(sketch.quantile(q), maxUs) / 1000;
  return {
    avgMs: sumUs / count / 1000,
    p50Ms: quantileMs(0.5),
    p95Ms: quantileMs(0.95),
    p99Ms: quantileMs(0.99),
    maxMs: maxUs / 1000,
  };
}

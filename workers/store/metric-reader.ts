import type { SampleSeries } from '../promql/evaluation.ts';
import type { Matcher } from '../promql/nodes.ts';
import { type Metric, MetricIndex, metricLabels } from '../ring/metric-index.ts';
import type { Samples } from './chunk.ts';
import type { Reader, StoredSeries } from './reader.ts';
import { minuteMs } from './schema.ts';
import { withStaleMarkers } from './stale-gaps.ts';

export interface StoredMetric extends Metric {
  readonly id: number;
  /** Others write it: no tick has it, so none goes on without it. */
  readonly isWritten: boolean;
}

/**
 * The stored past as PromQL sees it: the field `f` of the measurement `m` is the metric `m_f` with the tags as labels,
 * the field `recorded` the metric `m`. Before `rawFromMs`, where single samples are kept no longer, a minute is one
 * sample in its last millisecond: the mean of a gauge, the maximum of a counter (`…_total`), which only grows.
 */
export class MetricReader {
  /** It may be moved on with time. */
  rawFromMs: number;
  readonly #reader: Reader;
  #series: readonly StoredSeries[] = [];
  #metrics = new Map<StoredSeries, StoredMetric>();
  #index = new MetricIndex<StoredMetric>([]);

  constructor(reader: Reader, rawFromMs: number) {
    this.#reader = reader;
    this.rawFromMs = rawFromMs;
  }

  /**
   * Series that all matchers fit, with samples from `startMs` to `endMs`, both included; without samples, none. Of
   * single samples, a series that more than `staleAfterTicks` ticks of the range went on without ended at the first
   * of them.
   */
  select(
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    staleAfterTicks = Number.POSITIVE_INFINITY,
  ): SampleSeries[] {
    return this.#read(this.#current().find(matchers), startMs, endMs, staleAfterTicks);
  }

  /** As `select`, of the series that others write only. */
  selectWritten(matchers: readonly Matcher[], startMs: number, endMs: number): SampleSeries[] {
    const metrics = this.#current().find(matchers);
    return this.#read(
      metrics.filter(({ isWritten }) => isWritten),
      startMs,
      endMs,
      Number.POSITIVE_INFINITY,
    );
  }

  #read(
    metrics: readonly StoredMetric[],
    startMs: number,
    endMs: number,
    staleAfterTicks: number,
  ): SampleSeries[] {
    if (metrics.length === 0) return [];
    const rawFromMs = Math.max(startMs, Math.ceil(this.rawFromMs / minuteMs) * minuteMs);
    const raw = rawFromMs <= endMs ? this.#raw(metrics, rawFromMs, endMs + 1, staleAfterTicks) : undefined;
    const rolled =
      startMs < rawFromMs ? this.#minutes(metrics, startMs, Math.min(rawFromMs, endMs)) : undefined;
    return metrics
      .map(({ labels }, i) => ({
        labels,
        timestampsMs: joined(rolled?.[i]?.timesMs, raw?.[i]?.timesMs),
        values: joined(rolled?.[i]?.values, raw?.[i]?.values),
      }))
      .filter(({ values }) => values.length > 0);
  }

  /** Every series that all matchers fit, with or without samples. */
  find(matchers: readonly Matcher[]): readonly StoredMetric[] {
    return this.#current().find(matchers);
  }

  /** Times of the ticks from `startMs` up to and without `endMs`, ascending. */
  tickTimes(startMs: number, endMs: number): Float64Array {
    return this.#reader.tickTimes(startMs, endMs);
  }

  #raw(metrics: readonly StoredMetric[], startMs: number, endMs: number, staleAfterTicks: number): Samples[] {
    const ids = metrics.map(({ id }) => id);
    const samples = this.#reader.read(ids, startMs, endMs);
    if (staleAfterTicks === Number.POSITIVE_INFINITY) return samples;
    const ticksMs = this.tickTimes(startMs, endMs);
    return samples.map((each, i) =>
      metrics[i]!.isWritten ? each : withStaleMarkers(each, ticksMs, staleAfterTicks),
    );
  }

  #minutes(metrics: readonly StoredMetric[], startMs: number, endMs: number) {
    const range = {
      startMs: Math.floor(startMs / minuteMs) * minuteMs,
      endMs: Math.ceil(endMs / minuteMs) * minuteMs,
      stepMs: minuteMs,
    };
    const ids = metrics.map(({ id }) => id);
    return this.#reader.buckets(ids, range).map(({ counts, sums, maxima }, i) => {
      const isCounter = metrics[i]!.labels.__name__!.endsWith('_total');
      const timesMs: number[] = [];
      const values: number[] = [];
      counts.forEach((count, step) => {
        if (count === 0) return;
        // Its last millisecond: the next one may have a single sample.
        timesMs.push(range.startMs + (step + 1) * minuteMs - 1);
        values.push(isCounter ? maxima[step]! : sums[step]! / count);
      });
      return { timesMs, values };
    });
  }

  /** Series come and go; the labels of those that stay are the same objects. */
  #current(): MetricIndex<StoredMetric> {
    const series = this.#reader.series();
    if (series === this.#series) return this.#index;
    const known = this.#metrics;
    this.#metrics = new Map(series.map((one) => [one, known.get(one) ?? metricOf(one)]));
    this.#index = new MetricIndex(this.#metrics.values());
    this.#series = series;
    return this.#index;
  }
}

function metricOf({ id, measurement, field, tags, isWritten }: StoredSeries): StoredMetric {
  return { id, isWritten, labels: metricLabels(measurement, field, tags) };
}

function joined(before: readonly number[] = [], after: Float64Array = new Float64Array(0)): Float64Array {
  if (before.length === 0) return after;
  const all = new Float64Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}

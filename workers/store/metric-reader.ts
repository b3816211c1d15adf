import { labelTest } from '../promql/matcher.ts';
import type { Reader, StoredSeries } from './reader.ts';
import { minuteMs } from './schema.ts';

/** A label's condition, as PromQL writes it. */
export interface MetricMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export interface MetricSamples {
  /** `__name__` and the tags. */
  readonly labels: Record<string, string>;
  /** Milliseconds since 1970, growing. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

interface Metric {
  readonly id: number;
  readonly labels: Record<string, string>;
}

/**
 * The stored past as PromQL sees it: the field `f` of the measurement `m` is the metric `m_f` with the tags as labels.
 * Before `rawFromMs`, where single samples are kept no longer, a minute is one sample in its last millisecond: the mean of a gauge,
 * the maximum of a counter (`…_total`), which only grows.
 */
export class MetricReader {
  readonly #reader: Reader;
  readonly #rawFromMs: number;
  #metrics: readonly Metric[] | undefined;

  constructor(reader: Reader, rawFromMs: number) {
    this.#reader = reader;
    this.#rawFromMs = rawFromMs;
  }

  /** The names of all metrics, sorted. */
  names(): string[] {
    return [...new Set(this.#all().map(({ labels }) => labels.__name__!))].sort();
  }

  /** Series that all matchers fit, with samples from `startMs` to `endMs`, both included; without samples, none. */
  select(matchers: readonly MetricMatcher[], startMs: number, endMs: number): MetricSamples[] {
    const tests = matchers.map((matcher) => ({ name: matcher.name, fits: labelTest(matcher) }));
    const found = this.#all().filter(({ labels }) =>
      tests.every(({ name, fits }) => fits(Object.hasOwn(labels, name) ? labels[name]! : '')),
    );
    return this.#samplesOf(found, startMs, endMs).filter(({ values }) => values.length > 0);
  }

  #samplesOf(metrics: readonly Metric[], startMs: number, endMs: number): MetricSamples[] {
    const ids = metrics.map(({ id }) => id);
    const rawFromMs = Math.max(startMs, Math.ceil(this.#rawFromMs / minuteMs) * minuteMs);
    const raw = rawFromMs <= endMs ? this.#reader.read(ids, rawFromMs, endMs + 1) : undefined;
    const rolled =
      startMs < rawFromMs ? this.#minutes(metrics, startMs, Math.min(rawFromMs, endMs)) : undefined;
    return metrics.map(({ labels }, i) => ({
      labels,
      timestampsMs: joined(rolled?.[i]?.timesMs, raw?.[i]?.timesMs),
      values: joined(rolled?.[i]?.values, raw?.[i]?.values),
    }));
  }

  #minutes(metrics: readonly Metric[], startMs: number, endMs: number) {
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

  #all(): readonly Metric[] {
    this.#metrics ??= this.#reader.series().map(metricOf);
    return this.#metrics;
  }
}

function metricOf({ id, measurement, field, tags }: StoredSeries): Metric {
  const labels = Object.assign(Object.create(null) as Record<string, string>, tags);
  labels.__name__ = `${measurement}_${field}`;
  return { id, labels };
}

function joined(before: readonly number[] = [], after: Float64Array = new Float64Array(0)): Float64Array {
  if (before.length === 0) return after;
  const all = new Float64Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}

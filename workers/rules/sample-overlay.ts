import type { LabelSet } from '../contract/alerts.ts';
import { labelsOf, labelTest, type Matcher, type SampleSeries, type Select } from '../promql/index.ts';
import { MetricIndex } from '../ring/metric-index.ts';

/** The newest sample of a series that a rule makes. */
export interface NewestSample {
  /** With the metric's name; without a prototype. */
  readonly labels: Record<string, string>;
  readonly timeMs: number;
  readonly value: number;
  /** The series ended there: the value does not count. */
  readonly isEnded: boolean;
}

/** Labels of a sample of a metric. */
export function seriesLabels(metric: string, labels: LabelSet): Record<string, string> {
  const record: Record<string, string> = Object.assign(Object.create(null), labels);
  record.__name__ = metric;
  return record;
}

/** The series that a rule makes of a metric. */
export interface MadeSeries {
  /** Grows when series come or go; their samples may change without that. */
  readonly version: number;
  newest(): Iterable<NewestSample>;
}

/**
 * What rules made last, seen before it is stored: rules of a group see what those before them made in the same
 * evaluation.
 */
export class SampleOverlay {
  readonly #metrics: ReadonlyMap<string, MadeMetric>;

  constructor(made: ReadonlyMap<string, readonly MadeSeries[]>) {
    this.#metrics = new Map([...made].map(([name, sources]) => [name, new MadeMetric(sources)]));
  }

  over(stored: Select): Select {
    return (matchers, startMs, endMs) => {
      const found = stored(matchers, startMs, endMs);
      const newest = new Map<string, NewestSample>();
      for (const metric of this.#named(matchers)) {
        for (const sample of metric.find(matchers)) {
          if (sample.timeMs < startMs || sample.timeMs > endMs) continue;
          newest.set(labelsOf(sample.labels).key, sample);
        }
      }
      return newest.size === 0 ? found : withNewest(found, newest);
    };
  }

  #named(matchers: readonly Matcher[]): MadeMetric[] {
    const exact = matchers.find(({ name, op }) => name === '__name__' && op === '=');
    if (exact !== undefined) {
      const metric = this.#metrics.get(exact.value);
      return metric === undefined ? [] : [metric];
    }
    const tests = matchers.filter(({ name }) => name === '__name__').map(labelTest);
    return [...this.#metrics]
      .filter(([name]) => tests.every((test) => test(name)))
      .map(([, metric]) => metric);
  }
}

/** All series of a metric, found by their labels. */
class MadeMetric {
  readonly #sources: readonly MadeSeries[];
  #version = -1;
  #index = new MetricIndex<NewestSample>([]);

  constructor(sources: readonly MadeSeries[]) {
    this.#sources = sources;
  }

  find(matchers: readonly Matcher[]): readonly NewestSample[] {
    let version = 0;
    for (const source of this.#sources) version += source.version;
    if (version !== this.#version) {
      this.#index = new MetricIndex(this.#sources.flatMap((source) => [...source.newest()]));
      this.#version = version;
    }
    return this.#index.find(matchers);
  }
}

function withNewest(found: SampleSeries[], newest: Map<string, NewestSample>): SampleSeries[] {
  const merged = found.map((series) => {
    const { key } = labelsOf(series.labels);
    const sample = newest.get(key);
    if (sample === undefined) return series;
    newest.delete(key);
    return withSample(series, sample);
  });
  for (const sample of newest.values()) {
    merged.push(
      withSample(
        { labels: sample.labels, timestampsMs: new Float64Array(0), values: new Float64Array(0) },
        sample,
      ),
    );
  }
  return merged;
}

/** With the sample at its end, in place of one of the same time; a stored one that is newer counts more. */
function withSample({ labels, timestampsMs, values }: SampleSeries, sample: NewestSample): SampleSeries {
  const { length } = timestampsMs;
  const lastMs = length === 0 ? Number.NEGATIVE_INFINITY : timestampsMs[length - 1]!;
  if (lastMs > sample.timeMs) return { labels, timestampsMs, values };
  const kept = lastMs === sample.timeMs ? length - 1 : length;
  const times = new Float64Array(kept + 1);
  times.set(timestampsMs.subarray(0, kept));
  times[kept] = sample.timeMs;
  const all = new Float64Array(kept + 1);
  all.set(values.subarray(0, kept));
  all[kept] = sample.value;
  if (sample.isEnded) new BigUint64Array(all.buffer)[kept] = 0x7ff0_0000_0000_0002n;
  return { labels, timestampsMs: times, values: all };
}

import { ringLimits } from '../contract/ring-cells.ts';
import type { SampleSeries } from '../promql/evaluation.ts';
import type { Matcher } from '../promql/index.ts';
import { indexAfter } from '../promql/window.ts';
import { type Metric, MetricIndex } from '../ring/metric-index.ts';
import type { MetricRing } from '../ring/metric-ring.ts';
import type { MetricReader } from '../store/metric-reader.ts';
import { withStaleMarkers } from '../store/stale-gaps.ts';

/** Longer ranges than the ring will hold are for the store alone. */
const pastMs = ringLimits.windowMs;

/** What the store has of one metric before the ring began. */
interface Past {
  readonly fromMs: number;
  readonly ticksMs: Float64Array;
  readonly index: MetricIndex<PastMetric>;
}

interface PastMetric extends Metric, SampleSeries {
  readonly key: string;
}

/**
 * Joins a ring that began lately with the minutes before from the store. Those do not change any more: each metric is
 * read once, not at each evaluation, until the ring has all that is asked for.
 */
export class RecentPast {
  readonly #ring: MetricRing;
  readonly #keys = new WeakMap<object, string>();
  readonly #pasts = new Map<string, Past>();
  #beganMs = Number.NaN;

  constructor(ring: MetricRing) {
    this.#ring = ring;
  }

  /** As `MetricRing.select`; undefined when the ring is not young, or the range goes too far back or names no metric. */
  select(
    reader: () => MetricReader,
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    staleAfterRows: number,
  ): SampleSeries[] | undefined {
    const name = matchers.find((one) => one.name === '__name__' && one.op === '=')?.value;
    const beganMs = this.#ring.beganMs();
    if (beganMs !== this.#beganMs) this.#pasts.clear();
    this.#beganMs = beganMs;
    if (name === undefined || !(startMs >= beganMs - pastMs) || endMs < beganMs) return undefined;
    let past = this.#pasts.get(name);
    if (!past || past.fromMs > startMs) {
      past = this.#read(reader(), name, startMs);
      this.#pasts.set(name, past);
    }
    return this.#joined(past, matchers, startMs, endMs, staleAfterRows);
  }

  #read(reader: MetricReader, name: string, fromMs: number): Past {
    const found = reader.select([{ name: '__name__', op: '=', value: name }], fromMs, this.#beganMs - 1);
    const metrics = found.map((series) => ({ ...series, key: this.#keyOf(series.labels) }));
    const ticksMs = reader.tickTimes(fromMs, this.#beganMs);
    return { fromMs, ticksMs, index: new MetricIndex(metrics) };
  }

  #joined(
    { index, ticksMs }: Past,
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    staleAfterRows: number,
  ): SampleSeries[] {
    const before = new Map(index.find(matchers).map((metric) => [metric.key, metric]));
    const allTicksMs = concatenated(
      ticksMs.subarray(indexAfter(ticksMs, startMs - 1)),
      this.#ring.rowTimes(this.#beganMs, endMs),
    );
    const joined = this.#ring.select(matchers, this.#beganMs, endMs).map((series) => {
      const key = this.#keyOf(series.labels);
      const past = before.get(key);
      before.delete(key);
      return past ? followed(cut(past, startMs), series) : series;
    });
    for (const past of before.values()) joined.push(cut(past, startMs));
    return joined.flatMap(({ labels, timestampsMs, values }) => {
      if (values.length === 0) return [];
      const marked = withStaleMarkers({ timesMs: timestampsMs, values }, allTicksMs, staleAfterRows);
      return [{ labels, timestampsMs: marked.timesMs, values: marked.values }];
    });
  }

  #keyOf(labels: Record<string, string>): string {
    let key = this.#keys.get(labels);
    if (key === undefined) {
      key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
      this.#keys.set(labels, key);
    }
    return key;
  }
}

function cut({ labels, timestampsMs, values }: SampleSeries, startMs: number): SampleSeries {
  const from = indexAfter(timestampsMs, startMs - 1);
  return { labels, timestampsMs: timestampsMs.subarray(from), values: values.subarray(from) };
}

function followed(before: SampleSeries, after: SampleSeries): SampleSeries {
  return {
    labels: after.labels,
    timestampsMs: concatenated(before.timestampsMs, after.timestampsMs),
    values: concatenated(before.values, after.values),
  };
}

function concatenated(before: Float64Array, after: Float64Array): Float64Array {
  const all = new Float64Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}

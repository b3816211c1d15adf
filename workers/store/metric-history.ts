import type { Tags } from '../point/point.ts';
import type { SampleSeries, SelectHints } from '../promql/evaluation.ts';
import type { Matcher } from '../promql/nodes.ts';
import type { StepRange } from './buckets.ts';
import type { Samples } from './chunk.ts';
import { type DurationMetricName, durationMetricName, durationSteps } from './duration-metrics.ts';
import type { MetricReader, StoredMetric } from './metric-reader.ts';
import type { Buckets, Reader } from './reader.ts';
import { hourMs, minuteMs } from './schema.ts';
import { withStaleMarkers } from './stale-gaps.ts';

/** What a store keeps, and how it is read. */
export interface HistoryLimits {
  /** Single samples go back to here, minutes to there; hours as far as there is anything. */
  readonly rawFromMs: number;
  readonly minutesFromMs: number;
  /** Time between two ticks, to know what a range will cost before it is read. */
  readonly intervalMs: number;
  /** A series that more ticks in a row came without has ended. */
  readonly staleAfterTicks: number;
  /** Tags that every series of the agent has. */
  readonly commonTags: Tags;
  /** Told how many samples will be read, before they are; may throw. */
  readonly touch: (samples: number) => void;
}

/** Values wanted so far apart are those of whole minutes or hours: single samples would cost 30 times as much. */
const minuteStepMs = 5 * minuteMs;
const hourStepMs = hourMs;
/** Ranges so long in queries over so much are of minutes or hours, where the function is as good for it. */
const minuteRange = { rangeMs: hourMs, stepMs: minuteMs, spanMs: 48 * hourMs };
const hourRange = { rangeMs: 7 * 24 * hourMs, stepMs: hourMs, spanMs: 60 * 24 * hourMs };
/** In one read, in samples or steps. */
const mostAtOnce = 1_000_000;

type Take = 'mean' | 'minimum' | 'maximum' | 'sum';

/** What a function wants of a minute; those that are not here count or compare single samples. */
const takes: Readonly<Record<string, Take>> = {
  avg_over_time: 'mean',
  delta: 'mean',
  deriv: 'mean',
  increase: 'mean',
  last_over_time: 'mean',
  max_over_time: 'maximum',
  min_over_time: 'minimum',
  predict_linear: 'mean',
  present_over_time: 'mean',
  absent_over_time: 'mean',
  rate: 'mean',
  sum_over_time: 'sum',
};

const increases: ReadonlySet<string> = new Set(['rate', 'increase', 'irate']);

/** A part of a range in one resolution: up to and without `endMs`. */
interface Part {
  readonly startMs: number;
  readonly endMs: number;
  /** 0: single samples. */
  readonly stepMs: number;
}

/**
 * Selects from the stored past for queries: single samples, or means of minutes and hours where single samples are kept no
 * longer or values are wanted far apart. Of a counter (`…_total`) the maximum stands for the mean, because it only grows.
 * A minute or hour counts where a value is wanted after its end; in ranges it is one sample in its last millisecond.
 * Histograms of durations are there as `http_duration_seconds_bucket` and the like, for `rate` and `increase`.
 */
export class MetricHistory {
  /** A function that looks at single samples was given minutes or hours for want of them. */
  isCoarse = false;
  /** A histogram of durations was asked for otherwise than for its increase. */
  isAbsolute = false;
  readonly #reader: Reader;
  readonly #metrics: MetricReader;
  readonly #limits: HistoryLimits;

  constructor(reader: Reader, metrics: MetricReader, limits: HistoryLimits) {
    this.#reader = reader;
    this.#metrics = metrics;
    this.#limits = limits;
  }

  /** As `Select` of workers/promql. */
  select(
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    hints: SelectHints | undefined,
  ): SampleSeries[] {
    const oldestMs = this.#reader.oldestMs();
    const name = durationMetricName(matchers);
    if (name) return this.#durations(name, matchers, Math.max(startMs, oldestMs), endMs, hints);
    const metrics = this.#metrics.find(matchers);
    if (metrics.length === 0 || !(endMs >= oldestMs)) return [];
    const parts = this.#parts(Math.max(startMs, oldestMs), endMs, hints);
    const isRange = hints === undefined || hints.rangeMs > 0;
    if (isRange && hints && takes[hints.func] === undefined && parts.some(({ stepMs }) => stepMs > 0))
      this.isCoarse = true;
    const each = parts.reduce((sum, part) => sum + this.#samplesOf(part), 0);
    const group = Math.max(1, Math.floor(mostAtOnce / Math.max(1, each)));
    const found: SampleSeries[] = [];
    for (let from = 0; from < metrics.length; from += group) {
      const some = metrics.slice(from, from + group);
      this.#limits.touch(0);
      let samples = 0;
      for (const one of this.#read(some, parts, hints)) {
        samples += one.values.length;
        if (one.values.length > 0) found.push(one);
      }
      this.#limits.touch(samples);
    }
    return found;
  }

  /** How much they count in all is not kept, only how much in each minute. */
  #durations(
    name: DurationMetricName,
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    hints: SelectHints | undefined,
  ): SampleSeries[] {
    const { commonTags, touch } = this.#limits;
    if (hints && increases.has(hints.func)) {
      const { rangeMs } = hints;
      if (!(endMs >= startMs)) return [];
      const sampled = this.#sampledProcesses(durationSteps({ startMs, endMs, rangeMs }));
      const range = { startMs, endMs, rangeMs };
      return this.#reader.durationMetrics({ name, matchers, ...range, sampled, commonTags, touch });
    }
    this.isAbsolute = true;
    return [];
  }

  /** How often each process that loads the library was sampled in each step. */
  #sampledProcesses(range: StepRange): Map<string, Float64Array> {
    const metrics = this.#metrics.find([{ name: '__name__', op: '=', value: 'service_instances' }]);
    const found = new Map<string, Float64Array>();
    if (metrics.length === 0 || range.endMs <= range.startMs) return found;
    const ids = metrics.map(({ id }) => id);
    this.#reader.buckets(ids, range).forEach(({ counts }, i) => {
      const process = metrics[i]!.labels.process ?? '';
      const known = found.get(process);
      if (known)
        counts.forEach((count, step) => {
          known[step]! += count;
        });
      else found.set(process, counts);
    });
    return found;
  }

  /** Coarse to fine, oldest first. */
  #parts(startMs: number, endMs: number, hints: SelectHints | undefined): Part[] {
    const wantedMs = resolutionOf(startMs, endMs, hints);
    const hourEndMs = Math.floor(endMs / hourMs) * hourMs;
    const { rawFromMs, minutesFromMs } = this.#limits;
    const rawMs = Math.max(Math.ceil(rawFromMs / minuteMs) * minuteMs, wantedMs > 0 ? hourEndMs : 0);
    const fineMs = Math.max(
      Math.ceil(minutesFromMs / hourMs) * hourMs,
      wantedMs === hourMs ? hourEndMs : 0,
      Math.floor(Math.min(rawMs, endMs) / hourMs) * hourMs - mostAtOnce * minuteMs * 0.9,
    );
    // What counts at the first time ended before it.
    const floor = (ms: number) => Math.floor((startMs - ms) / ms) * ms;
    const parts: Part[] = [];
    let fromMs = startMs;
    const add = (untilMs: number, stepMs: number) => {
      const stopMs = Math.min(untilMs, endMs + 1);
      if (fromMs >= stopMs) return;
      const first = stepMs > 0 && fromMs === startMs ? floor(stepMs) : fromMs;
      parts.push({
        startMs: first,
        endMs: stepMs > 0 ? Math.ceil(stopMs / stepMs) * stepMs : stopMs,
        stepMs,
      });
      fromMs = stopMs;
    };
    add(Math.min(fineMs, rawMs), hourMs);
    add(rawMs, minuteMs);
    add(endMs + 1, 0);
    return parts;
  }

  #samplesOf({ startMs, endMs, stepMs }: Part): number {
    return Math.ceil((endMs - startMs) / (stepMs || this.#limits.intervalMs));
  }

  #read(
    metrics: readonly StoredMetric[],
    parts: readonly Part[],
    hints: SelectHints | undefined,
  ): SampleSeries[] {
    const ids = metrics.map(({ id }) => id);
    const read = parts.map((part) =>
      part.stepMs === 0 ? this.#raw(metrics, ids, part, hints) : this.#rolled(metrics, ids, part, hints),
    );
    return metrics.map(({ labels }, i) => {
      const { timesMs, values } = joined(read.map((samples) => samples[i]!));
      return { labels, timestampsMs: timesMs, values };
    });
  }

  #raw(
    metrics: readonly StoredMetric[],
    ids: readonly number[],
    { startMs, endMs }: Part,
    hints: SelectHints | undefined,
  ): Samples[] {
    const samples = this.#reader.read(ids, startMs, endMs);
    // A range takes no notice of ends.
    if (hints === undefined || hints.rangeMs > 0) return samples;
    const ticksMs = this.#reader.tickTimes(startMs, endMs);
    const { staleAfterTicks } = this.#limits;
    return samples.map((each, i) =>
      metrics[i]!.isWritten ? each : withStaleMarkers(each, ticksMs, staleAfterTicks),
    );
  }

  #rolled(
    metrics: readonly StoredMetric[],
    ids: readonly number[],
    part: Part,
    hints: SelectHints | undefined,
  ): Samples[] {
    return this.#reader.buckets(ids, part).map((buckets, i) => {
      const isCounter = metrics[i]!.labels.__name__!.endsWith('_total');
      const take = isCounter ? 'maximum' : (takes[hints?.func ?? ''] ?? 'mean');
      return hints === undefined || hints.rangeMs > 0
        ? atEnds(buckets, part, take)
        : atSteps(buckets, part, take, hints);
    });
  }
}

/** The coarsest that is as good: 0 for single samples. */
function resolutionOf(startMs: number, endMs: number, hints: SelectHints | undefined): number {
  if (hints === undefined) return 0;
  const { stepMs, rangeMs, func } = hints;
  if (rangeMs === 0) return stepMs >= hourStepMs ? hourMs : stepMs >= minuteStepMs ? minuteMs : 0;
  if (takes[func] === undefined) return 0;
  const fits = (least: typeof minuteRange) =>
    rangeMs >= least.rangeMs && (stepMs === 0 || stepMs >= least.stepMs) && endMs - startMs >= least.spanMs;
  return fits(hourRange) ? hourMs : fits(minuteRange) ? minuteMs : 0;
}

function takenFrom({ counts, sums, minima, maxima }: Buckets, bucket: number, take: Take): number {
  switch (take) {
    case 'mean':
      return sums[bucket]! / counts[bucket]!;
    case 'sum':
      return sums[bucket]!;
    case 'minimum':
      return minima[bucket]!;
    case 'maximum':
      return maxima[bucket]!;
  }
}

/** Each minute or hour in its last millisecond: the next one may have a single sample. */
function atEnds(buckets: Buckets, { startMs, stepMs }: Part, take: Take): Samples {
  const { counts } = buckets;
  const timesMs = new Float64Array(counts.length);
  const values = new Float64Array(counts.length);
  let size = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    if (counts[bucket] === 0) continue;
    timesMs[size] = startMs + (bucket + 1) * stepMs - 1;
    values[size++] = takenFrom(buckets, bucket, take);
  }
  return { timesMs: timesMs.subarray(0, size), values: values.subarray(0, size) };
}

/** At each time that is asked for, the minute or hour that ended last. */
function atSteps(buckets: Buckets, part: Part, take: Take, { firstMs, stepMs }: SelectHints): Samples {
  const { counts } = buckets;
  const step = Math.max(1, stepMs);
  const first = Math.max(0, Math.ceil((part.startMs + part.stepMs - firstMs) / step));
  const steps = stepMs === 0 ? 1 : Math.floor((part.endMs - firstMs) / step) + 1;
  const timesMs = new Float64Array(Math.max(0, steps - first));
  const values = new Float64Array(timesMs.length);
  let size = 0;
  for (let i = first; i < steps; i++) {
    const timeMs = firstMs + i * step;
    const bucket = Math.floor((timeMs - part.startMs) / part.stepMs) - 1;
    if (timeMs > part.endMs || !(counts[bucket]! > 0)) continue;
    timesMs[size] = timeMs;
    values[size++] = takenFrom(buckets, bucket, take);
  }
  return { timesMs: timesMs.subarray(0, size), values: values.subarray(0, size) };
}

/** One behind the other; what lies before the end of the part before is left out. */
function joined(parts: readonly Samples[]): Samples {
  const [only] = parts;
  if (parts.length === 1) return only!;
  const count = parts.reduce((sum, { values }) => sum + values.length, 0);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  let size = 0;
  for (const part of parts) {
    let from = 0;
    while (size > 0 && from < part.timesMs.length && part.timesMs[from]! <= timesMs[size - 1]!) from++;
    timesMs.set(part.timesMs.subarray(from), size);
    values.set(part.values.subarray(from), size);
    size += part.values.length - from;
  }
  return { timesMs: timesMs.subarray(0, size), values: values.subarray(0, size) };
}

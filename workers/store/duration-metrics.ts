import { durationBoundOf, durationBoundsUs, type WindowMeasurement } from '../contract/window-cells.ts';
import type { Tags } from '../point/point.ts';
import type { SampleSeries } from '../promql/evaluation.ts';
import { labelTest } from '../promql/matcher.ts';
import type { Matcher } from '../promql/nodes.ts';
import type { StepRange } from './buckets.ts';
import type { DurationSums } from './duration-block.ts';
import type { DurationReader } from './duration-reader.ts';
import { hourMs, minuteMs } from './schema.ts';
import type { SeriesGroup } from './series-list.ts';

export interface DurationMetricsQuery {
  readonly name: DurationMetricName;
  readonly matchers: readonly Matcher[];
  readonly startMs: number;
  readonly endMs: number;
  /** Length of the ranges that they are wanted for. */
  readonly rangeMs: number;
  /**
   * In which of the steps of `durationSteps` each process was sampled: counts, 0 where it was not. A process that is
   * not here was sampled as long as its series are known.
   */
  readonly sampled: ReadonlyMap<string, ArrayLike<number>>;
  /** Tags that every series has. */
  readonly commonTags: Tags;
  /** Told how many samples will be made, before they are; may throw. */
  readonly touch: (samples: number) => void;
}

type Range = Pick<DurationMetricsQuery, 'startMs' | 'endMs' | 'rangeMs'>;

export interface DurationMetricName {
  readonly name: string;
  readonly measurement: WindowMeasurement;
  readonly part: 'bucket' | 'sum' | 'count';
}

/** Of ranges that are as long as this, hours are fine enough. */
const hourRangeMs = 24 * hourMs;
/** Key in workers/sketch of the first bucket: the one of 1 µs. */
const firstKey = 1023 << 6;
const beyond = durationBoundsUs.length;
const les = [...durationBoundsUs.map((us) => String(us / 1e6)), '+Inf'];

const tagsOf: Readonly<Record<WindowMeasurement, readonly string[]>> = {
  http: ['process', 'route', 'method', 'status'],
  db: ['process', 'model', 'operation'],
  socket: ['process'],
  job: ['process', 'queue', 'job'],
};

/** The parts of a name such as `http_duration_seconds_bucket`, when that is what the matchers ask for. */
export function durationMetricName(matchers: readonly Matcher[]): DurationMetricName | undefined {
  const name = matchers.find((one) => one.name === '__name__' && one.op === '=')?.value ?? '';
  const found = /^(http|db|socket|job)_duration_seconds_(bucket|sum|count)$/.exec(name);
  if (!found) return undefined;
  return {
    name,
    measurement: found[1] as WindowMeasurement,
    part: found[2] as DurationMetricName['part'],
  };
}

/** The whole minutes of a range, or its hours for long ranges. */
export function durationSteps({ startMs, endMs, rangeMs }: Range): StepRange {
  const stepMs = rangeMs >= hourRangeMs ? hourMs : minuteMs;
  const firstMs = Math.floor(startMs / stepMs) * stepMs;
  const steps = Math.max(0, Math.floor((endMs + 1 - firstMs) / stepMs));
  return { startMs: firstMs, endMs: firstMs + steps * stepMs, stepMs };
}

/**
 * The stored histograms of durations as the counters that `/metrics` has of them, for functions of their increase. They
 * have a sample at both ends of each whole minute (or hour, for long ranges) in which their process was sampled, and
 * begin with 0 at the begin of the first one in which they are known: when they, or a series that came after them,
 * counted first in the range. So there is no increase where nothing is known, and one of 0 where nothing happened.
 */
export function readDurationMetrics(durations: DurationReader, query: DurationMetricsQuery): SampleSeries[] {
  const { name, matchers, sampled, commonTags, touch } = query;
  const range = durationSteps(query);
  const { startMs, endMs, stepMs } = range;
  const steps = (endMs - startMs) / stepMs;
  if (steps <= 0) return [];
  const fits = testOf(matchers);
  const wanted = name.part === 'bucket' ? les.flatMap((le, i) => (fits('le', le) ? [i] : [])) : [-1];
  const groups = durations
    .groups({ filter: { measurement: name.measurement }, by: tagsOf[name.measurement] })
    .map((group) => ({ ...group, labels: { ...commonTags, ...group.tags, __name__: name.name } }))
    .filter(({ labels }) =>
      matchers.every((one) => one.name === 'le' || fits(one.name, labelOf(labels, one.name))),
    );
  if (name.part !== 'bucket' && !fits('le', '')) return [];
  touch(groups.length * wanted.length * (steps + 1));
  const growing = groups.map(() => new GrowingHistogram(wanted, steps));
  durations.eachStep(groups, range, (group, step, sums) => {
    growing[group]!.add(step, sums, name.part);
  });
  const timestampsMs = Float64Array.from({ length: steps + 1 }, (_, i) => startMs + i * stepMs - 1);
  const knownFrom = firstKnown(groups, growing);
  return groups.flatMap(({ labels, tags }, i) => {
    const counts = sampled.get(tags.process ?? '');
    const isKnown = (step: number) =>
      step >= knownFrom[i]! && step < steps && (counts === undefined || counts[step]! > 0);
    const kept = Int32Array.from(timestampsMs.keys()).filter((at) => isKnown(at - 1) || isKnown(at));
    return growing[i]!.series(labels, timestampsMs, kept);
  });
}

/** The step since which each group is known: ids are given in the order in which series first came. */
function firstKnown(groups: readonly SeriesGroup[], growing: readonly GrowingHistogram[]): number[] {
  const known = groups.map(() => Number.POSITIVE_INFINITY);
  const idOf = (group: number) => Math.min(...groups[group]!.series.map(({ id }) => id));
  const newestFirst = [...groups.keys()].sort((a, b) => idOf(b) - idOf(a));
  let first = Number.POSITIVE_INFINITY;
  for (const group of newestFirst) {
    first = Math.min(first, growing[group]!.firstStep);
    known[group] = first;
  }
  return known;
}

function testOf(matchers: readonly Matcher[]): (name: string, value: string) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, fits: labelTest(matcher) }));
  return (name, value) => tests.every((test) => test.name !== name || test.fits(value));
}

function labelOf(labels: Tags, name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : '';
}

/** What a series has counted at the end of each step. */
class GrowingHistogram {
  readonly #wanted: readonly number[];
  readonly #steps: number;
  readonly #counts = new Float64Array(beyond + 1);
  #total = 0;
  /** In which it counted first; Infinity when in none. */
  firstStep = Number.POSITIVE_INFINITY;
  #rows: Float64Array[] | undefined;
  #step = 0;

  /** @param wanted places of the bounds; −1 for the sum or the count */
  constructor(wanted: readonly number[], steps: number) {
    this.#wanted = wanted;
    this.#steps = steps;
  }

  add(step: number, sums: DurationSums, part: DurationMetricName['part']): void {
    this.#rows ??= this.#wanted.map(() => new Float64Array(this.#steps + 1));
    this.firstStep = Math.min(this.firstStep, step);
    this.#fillTo(step);
    if (part === 'bucket')
      sums.sketch.eachBucket((key, count) => {
        this.#counts[durationBoundOf(key - firstKey)]! += count;
      });
    else this.#total += part === 'sum' ? sums.sumUs / 1e6 : sums.count;
  }

  /** @param kept places of the samples that there are */
  series(labels: Tags, timestampsMs: Float64Array, kept: Int32Array): SampleSeries[] {
    if (!this.#rows || kept.length === 0) return [];
    this.#fillTo(this.#steps);
    const keep = (all: Float64Array) =>
      kept.length === all.length ? all : Float64Array.from(kept, (at) => all[at]!);
    const times = keep(timestampsMs);
    return this.#wanted.map((bound, i) => ({
      labels: bound < 0 ? labels : { ...labels, le: les[bound]! },
      timestampsMs: times,
      values: keep(this.#rows![i]!),
    }));
  }

  /** At the ends of the steps before `step` it has what was counted until now; the first sample is before them all. */
  #fillTo(step: number): void {
    const from = this.#step + 1;
    let below = 0;
    let next = 0;
    this.#wanted.forEach((bound, i) => {
      if (bound < 0) below = this.#total;
      else while (next <= bound) below += this.#counts[next++]!;
      if (from <= step) this.#rows![i]!.fill(below, from, step + 1);
    });
    this.#step = Math.max(this.#step, step);
  }
}

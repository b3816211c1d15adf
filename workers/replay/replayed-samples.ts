import { type Labels, labelTest, type Matcher, type SampleSeries, type Select } from '../promql/index.ts';

/** Samples before a chunk that are read with it at least: how far back a series counts. */
const lookbackMs = 5 * 60_000;

/** Marks where a series ended. As a number it would be any NaN. */
const staleBits = 0x7ff0_0000_0000_0002n;

interface Found {
  startMs: number;
  series: SampleSeries[];
}

interface MadeSeries {
  readonly labels: Record<string, string>;
  timestampsMs: number[];
  values: number[];
  /** Where in `values` the series ended. */
  ends: number[];
  /** Of the chunk before. */
  before: SampleSeries;
}

/** The stored samples of one chunk of a replay, each read once, with what rules made of them in place of what was recorded. */
export class ReplayedSamples {
  readonly #stored: Select;
  readonly #found = new Map<string, Found>();
  /** By the metric's name, then by labels. */
  readonly #made: ReadonlyMap<string, Map<string, MadeSeries>>;
  #startMs = 0;
  #endMs = 0;

  /** @param recorded names of the metrics that rules make */
  constructor(stored: Select, recorded: Iterable<string>) {
    this.#stored = stored;
    this.#made = new Map([...recorded].map((name) => [name, new Map()]));
  }

  /** Begins with the next chunk; of what rules made the last chunk stays. */
  begin(startMs: number, endMs: number): void {
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#found.clear();
    for (const series of this.#made.values()) {
      for (const [key, one] of series) {
        if (one.values.length === 0) series.delete(key);
        one.before = seriesOf(one);
        one.timestampsMs = [];
        one.values = [];
        one.ends = [];
      }
    }
  }

  /** Takes what a rule made of this chunk: its end is marked where it has a sample at one evaluation and none at the next. */
  record(
    name: string,
    labels: Labels,
    timestampsMs: Float64Array,
    values: Float64Array,
    stepMs: number,
  ): void {
    const series = this.#made.get(name)!;
    const named = labels.with('__name__', name);
    const known = series.get(named.key);
    const record = known?.labels ?? named.toRecord();
    const nothing = { labels: record, timestampsMs: new Float64Array(0), values: new Float64Array(0) };
    const one = known ?? { labels: record, timestampsMs: [], values: [], ends: [], before: nothing };
    series.set(named.key, one);
    let lastMs = one.before.timestampsMs.at(-1) ?? Number.POSITIVE_INFINITY;
    for (const [i, timeMs] of timestampsMs.entries()) {
      if (timeMs > lastMs + stepMs) this.#end(one, lastMs + stepMs);
      this.#push(one, timeMs, values[i]!);
      lastMs = timeMs;
    }
    if (lastMs + stepMs <= this.#endMs) this.#end(one, lastMs + stepMs);
  }

  readonly select: Select = (matchers, startMs, endMs) => {
    const name = matchers.find((one) => one.name === '__name__' && one.op === '=')?.value;
    const made = name === undefined ? undefined : this.#made.get(name);
    return made === undefined ? this.#read(matchers, startMs, endMs) : fitting(made.values(), matchers);
  };

  #read(matchers: Matcher[], startMs: number, endMs: number): SampleSeries[] {
    const key = JSON.stringify(matchers.map(({ name, op, value }) => [name, op, value]));
    const known = this.#found.get(key);
    if (known !== undefined && known.startMs <= startMs && endMs <= this.#endMs) return known.series;
    const fromMs = Math.min(startMs, this.#startMs - lookbackMs, known?.startMs ?? startMs);
    const series = this.#stored(matchers, fromMs, Math.max(endMs, this.#endMs));
    this.#found.set(key, { startMs: fromMs, series });
    return series;
  }

  #end(series: MadeSeries, timeMs: number): void {
    series.ends.push(series.values.length);
    this.#push(series, timeMs, Number.NaN);
  }

  #push(series: MadeSeries, timeMs: number, value: number): void {
    series.timestampsMs.push(timeMs);
    series.values.push(value);
  }
}

function fitting(made: Iterable<MadeSeries>, matchers: readonly Matcher[]): SampleSeries[] {
  const tests = matchers.map((matcher) => ({ name: matcher.name, fits: labelTest(matcher) }));
  const found: SampleSeries[] = [];
  for (const one of made) {
    if (!tests.every(({ name, fits }) => fits(one.labels[name] ?? ''))) continue;
    const own = seriesOf(one);
    found.push({
      labels: one.labels,
      timestampsMs: joined(one.before.timestampsMs, own.timestampsMs),
      values: joined(one.before.values, own.values),
    });
  }
  return found;
}

function seriesOf({ labels, timestampsMs, values, ends }: MadeSeries): SampleSeries {
  const own = Float64Array.from(values);
  const bits = new BigUint64Array(own.buffer);
  for (const place of ends) bits[place] = staleBits;
  return { labels, timestampsMs: Float64Array.from(timestampsMs), values: own };
}

function joined(before: Float64Array, after: Float64Array): Float64Array {
  const all = new Float64Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}

import type { OlderFound, OlderMatcher, OlderNeed, OlderQuery, OlderTake } from '../contract/older.ts';
import { catalogue } from '../point/catalogue.ts';
import { parseInfluxSeries } from '../point/influx-series.ts';
import { isOwnMetric, recordedField } from '../point/own-names.ts';
import type { SelectHints } from '../promql/evaluation.ts';
import type { Matcher, SampleSeries, Select } from '../promql/index.ts';
import { labelTest } from '../promql/matcher.ts';
import { metricLabels } from '../ring/metric-index.ts';
import type { Reader } from '../store/reader.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** Least step, and most steps of a series. */
const leastStepMs = 10_000;
const mostSteps = 20_000;
/** Most ways in which a name is taken apart. */
const mostNames = 8;

export interface OlderParts {
  /** What was fetched for the needs of an earlier try. */
  readonly found: readonly OlderFound[];
  /** Tags that tell this agent's points from others' in the same place. */
  readonly ownTags: Readonly<Record<string, string>>;
  readonly reader: Reader;
}

/**
 * Lets a selection go back further than the store: samples from before it that were fetched are put before its own, and
 * what was not fetched is noted in `needs`. Of a counter the largest value of a step stands, of a percentile or a maximum
 * too: an upper bound, because percentiles are never averaged; of everything else the mean, or what the function wants.
 */
export class OlderSeries {
  readonly needs: OlderNeed[] = [];
  /** What was wrong with what was fetched. */
  readonly problems = new Set<string>();
  readonly #parts: OlderParts;
  readonly #found: ReadonlyMap<string, OlderFound>;
  readonly #oldestMs: number;

  constructor(parts: OlderParts) {
    this.#parts = parts;
    this.#found = new Map(parts.found.map((one) => [one.key, one]));
    this.#oldestMs = parts.reader.oldestMs();
  }

  before(select: Select): Select {
    return (matchers, startMs, endMs, hints) => {
      const own = select(matchers, startMs, endMs, hints);
      if (startMs >= this.#oldestMs) return own;
      const older = this.#older(matchers, startMs, endMs, hints);
      return older.length === 0 ? own : joined(older, own);
    };
  }

  #older(
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    hints: SelectHints | undefined,
  ): SampleSeries[] {
    const name = matchers.find((one) => one.name === '__name__' && one.op === '=')?.value;
    if (name === undefined) {
      this.problems.add('what is older than the store is read only for selectors that name their metric');
      return [];
    }
    // The store may have begun within its first hour.
    const untilMs = Math.min(endMs + 1, Number.isNaN(this.#oldestMs) ? endMs + 1 : this.#oldestMs + hourMs);
    const step = stepOf(startMs, untilMs, hints);
    // A step that is cut would lack values.
    const fromMs = Math.floor((startMs - step.offsetMs) / step.stepMs) * step.stepMs + step.offsetMs;
    const wish = { startMs: fromMs, endMs: untilMs, ...step, take: takeOf(name, hints) };
    const key = JSON.stringify([matchers, wish]);
    const found = this.#found.get(key);
    if (found) return this.#read(found, matchers, step.stepMs);
    this.needs.push({ key, queries: this.#queries(name, matchers, wish) });
    return [];
  }

  #queries(
    name: string,
    matchers: readonly Matcher[],
    { take, ...times }: Pick<OlderQuery, 'startMs' | 'endMs' | 'stepMs' | 'offsetMs'> & { take: OlderTake },
  ): OlderQuery[] {
    const { ownTags, reader } = this.#parts;
    const ofTags: OlderMatcher[] = matchers.filter((one) => one.name !== '__name__');
    for (const [tag, value] of isOwnMetric(name) ? Object.entries(ownTags) : [])
      if (!ofTags.some((one) => one.name === tag)) ofTags.push({ name: tag, op: '=', value });
    return namesOf(name, reader).map(([measurement, field]) => ({
      measurement,
      fields: [{ field, take }],
      matchers: ofTags,
      byTags: true,
      ...times,
    }));
  }

  #read({ texts, key }: OlderFound, matchers: readonly Matcher[], stepMs: number): SampleSeries[] {
    const need = JSON.parse(key) as [readonly Matcher[], unknown];
    const name = need[0].find((one) => one.name === '__name__')!.value;
    const tests = matchers.map((matcher) => ({ name: matcher.name, fits: labelTest(matcher) }));
    try {
      return texts.flatMap((text) =>
        parseInfluxSeries(text).flatMap(({ tags, timesMs, columns }) => {
          const labels = { ...metricLabels('', recordedField, tags), __name__: name };
          if (!tests.every((test) => test.fits((labels as Record<string, string>)[test.name] ?? '')))
            return [];
          // Each step in its last millisecond: the next one begins with the next.
          return [{ labels, timestampsMs: timesMs.map((t) => t + stepMs - 1), values: columns[0]! }];
        }),
      );
    } catch (error) {
      this.problems.add(error instanceof Error ? error.message : String(error));
      return [];
    }
  }
}

/** Steps that end where values are wanted, or several to a range. */
function stepOf(startMs: number, endMs: number, hints: SelectHints | undefined) {
  const leastMs = Math.max(leastStepMs, Math.ceil((endMs - startMs) / mostSteps / 1000) * 1000);
  if (hints === undefined) return { stepMs: Math.max(minuteMs, leastMs), offsetMs: 0 };
  if (hints.rangeMs > 0) {
    const stepMs = Math.max(leastMs, Math.min(hourMs, Math.floor(hints.rangeMs / 10_000) * 1000));
    return { stepMs, offsetMs: 0 };
  }
  const stepMs = Math.max(hints.stepMs, minuteMs);
  return { stepMs, offsetMs: hints.firstMs % stepMs };
}

function takeOf(name: string, hints: SelectHints | undefined): OlderTake {
  if (/_total$|_p\d+(_|$)|_max(_|$)/.test(name)) return 'max';
  const takes: Readonly<Record<string, OlderTake>> = {
    max_over_time: 'max',
    min_over_time: 'min',
    sum_over_time: 'sum',
  };
  return takes[hints?.func ?? ''] ?? 'mean';
}

/** Measurements and fields that a metric's name may be of. */
function namesOf(name: string, reader: Reader): [measurement: string, field: string][] {
  const own = Object.entries(catalogue).find(
    ([measurement, { fields }]) =>
      name.startsWith(`${measurement}_`) && Object.hasOwn(fields, name.slice(measurement.length + 1)),
  );
  if (own) return [[own[0], name.slice(own[0].length + 1)]];
  const stored = reader
    .series()
    .find(({ measurement, field, tags }) => metricLabels(measurement, field, tags).__name__ === name);
  if (stored) return [[stored.measurement, stored.field]];
  const names: [string, string][] = [[name, recordedField]];
  for (let at = name.indexOf('_', 1); at > 0 && names.length < mostNames; at = name.indexOf('_', at + 1))
    if (at < name.length - 1) names.push([name.slice(0, at), name.slice(at + 1)]);
  return names;
}

function joined(older: readonly SampleSeries[], own: readonly SampleSeries[]): SampleSeries[] {
  const byLabels = new Map(older.map((series) => [keyOf(series.labels), series]));
  const all = own.map((series) => {
    const key = keyOf(series.labels);
    const before = byLabels.get(key);
    byLabels.delete(key);
    return before ? followed(before, series) : series;
  });
  return [...all, ...byLabels.values()];
}

function followed(before: SampleSeries, after: SampleSeries): SampleSeries {
  const firstMs = after.timestampsMs[0] ?? Number.POSITIVE_INFINITY;
  const end = before.timestampsMs.findIndex((timeMs) => timeMs >= firstMs);
  const count = end < 0 ? before.timestampsMs.length : end;
  const join = (a: Float64Array, b: Float64Array) => {
    const both = new Float64Array(count + b.length);
    both.set(a.subarray(0, count));
    both.set(b, count);
    return both;
  };
  return {
    labels: after.labels,
    timestampsMs: join(before.timestampsMs, after.timestampsMs),
    values: join(before.values, after.values),
  };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

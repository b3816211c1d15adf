import type { Alert, AlertingRule, RecordingRule, RuleGroup } from '../../../workers/contract/alerts.ts';
import { Labels, type SampleSeries, type Select } from '../../../workers/promql/index.ts';
import { type GroupOutcome, RuleBook, type RuleBookOptions } from '../../../workers/rules/rule-book.ts';
import { selectFrom } from '../promql/samples.ts';

const place = { file: 'rules.yml', line: 1, column: 1 };

export function alerting(name: string, expr: string, other: Partial<AlertingRule> = {}): AlertingRule {
  return {
    ...{ kind: 'alerting', name, expr, forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {} },
    ...{ noData: null, clear: null, place },
    ...other,
  };
}

export function recording(name: string, expr: string, labels: Record<string, string> = {}): RecordingRule {
  return { kind: 'recording', name, expr, labels, place };
}

export function group(rules: RuleGroup['rules'], other: Partial<RuleGroup> = {}): RuleGroup {
  return { file: 'rules.yml', name: 'g', intervalMs: 10_000, limit: 0, queryOffsetMs: 0, rules, ...other };
}

interface StoredSeries {
  readonly labels: Record<string, string>;
  readonly timesMs: number[];
  readonly values: (number | undefined)[];
}

/** Samples in memory to which each evaluation's are added, as a store does it. */
export class Samples {
  readonly #series = new Map<string, StoredSeries>();

  /** `undefined` ends the series. */
  add(labels: Record<string, string>, timeMs: number, value: number | undefined): void {
    const { key } = Labels.of(labels);
    const series = this.#series.get(key) ?? { labels, timesMs: [], values: [] };
    this.#series.set(key, series);
    series.timesMs.push(timeMs);
    series.values.push(value);
  }

  keep({ recorded, ended }: GroupOutcome, timeMs: number): void {
    for (const { name, labels, value } of recorded) this.add({ ...labels, __name__: name }, timeMs, value);
    for (const { name, labels } of ended) this.add({ ...labels, __name__: name }, timeMs, undefined);
  }

  get select(): Select {
    const all = [...this.#series.values()].map(({ labels, timesMs, values: kept }): SampleSeries => {
      const values = Float64Array.from(kept, (value) => value ?? 0);
      const bits = new BigUint64Array(values.buffer);
      kept.forEach((value, index) => {
        if (value === undefined) bits[index] = 0x7ff0_0000_0000_0002n;
      });
      return { labels, timestampsMs: Float64Array.from(timesMs), values };
    });
    return selectFrom(all);
  }
}

/** A book with its samples, evaluated a step at a time. */
export class RulesAtWork {
  readonly samples = new Samples();
  readonly groups: readonly RuleGroup[];
  book: RuleBook;

  constructor(
    groups: readonly RuleGroup[],
    kept: readonly Alert[] = [],
    lastMs = 0,
    options: Partial<RuleBookOptions> = {},
  ) {
    this.groups = groups;
    this.book = new RuleBook(groups, kept, lastMs, { externalUrl: '', ...options });
  }

  /** Adds values of the metric `m` under the label `a`, and evaluates all groups. */
  at(
    timeMs: number,
    values: Record<string, number | undefined> = {},
    down: readonly string[] = [],
  ): GroupOutcome {
    for (const [a, value] of Object.entries(values)) this.samples.add({ __name__: 'm', a }, timeMs, value);
    const outcomes = this.groups.map((_, index) => {
      const outcome = this.book.evaluate(index, timeMs, this.samples.select, down, Number.POSITIVE_INFINITY);
      this.samples.keep(outcome, timeMs);
      return outcome;
    });
    return {
      changed: outcomes.flatMap(({ changed }) => changed),
      forgotten: outcomes.flatMap(({ forgotten }) => forgotten),
      recorded: outcomes.flatMap(({ recorded }) => recorded),
      ended: outcomes.flatMap(({ ended }) => ended),
      health: outcomes.flatMap(({ health }) => health),
    };
  }

  /** `NAME{a} state` of all active alerts. */
  get states(): string[] {
    return this.book
      .active()
      .map(({ labels, state, unknownSources }) => {
        const unknown = unknownSources.length === 0 ? '' : ` unknown: ${unknownSources.join(', ')}`;
        return `${labels.alertname}{${labels.a ?? ''}} ${state}${unknown}`;
      })
      .sort();
  }
}

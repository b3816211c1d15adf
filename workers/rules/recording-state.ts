import type { LabelSet, RecordingRule } from '../contract/alerts.ts';
import type { Labels } from '../promql/index.ts';
import type { EndedSeries, RuleMoment, RuleOutcome } from './rule-moment.ts';
import type { RuleQuery } from './rule-query.ts';
import { type MadeSeries, type NewestSample, seriesLabels } from './sample-overlay.ts';

/** The end of a series is remembered for as long as a sample before it would count. */
const endedRetentionMs = 5 * 60_000;

interface RecordedSeries extends NewestSample {
  readonly own: LabelSet;
  readonly key: string;
  sampleKey: string;
  turn: number;
  timeMs: number;
  value: number;
  isEnded: boolean;
}

/** One recording rule with the series that it made last. */
export class RecordingState implements MadeSeries {
  readonly #rule: RecordingRule;
  readonly #query: RuleQuery;
  readonly #limit: number;
  readonly #commonLabels: readonly (readonly [string, string])[];
  readonly #series = new Map<string, RecordedSeries>();
  /** By the labels that the expression gives. */
  readonly #bySample = new Map<string, RecordedSeries>();
  #turn = 0;
  version = 0;

  /**
   * @param options `limit`: most samples of an evaluation; 0 is none. `commonLabels`: what a sample gets where it has none
   *   of that name, as it does when it is stored: it is the same series then
   */
  constructor(
    rule: RecordingRule,
    query: RuleQuery,
    { limit, commonLabels }: { readonly limit: number; readonly commonLabels: LabelSet },
  ) {
    this.#rule = rule;
    this.#query = query;
    this.#limit = limit;
    this.#commonLabels = Object.entries(commonLabels);
  }

  get metric(): string {
    return this.#rule.name;
  }

  newest(): Iterable<NewestSample> {
    return this.#series.values();
  }

  /** @throws Error when it cannot be evaluated: nothing is recorded then, and nothing ends */
  evaluate(moment: RuleMoment): RuleOutcome {
    const { labels, values } = this.#query.vector(moment);
    if (this.#limit > 0 && labels.length > this.#limit) {
      throw new Error(`exceeded limit of ${this.#limit} with ${labels.length} series`);
    }
    this.#turn++;
    const series = labels.map((sample) => this.#seriesOf(sample));
    for (const one of series) {
      if (one.turn === this.#turn) {
        throw new Error('vector contains metrics with the same labelset after applying rule labels');
      }
      one.turn = this.#turn;
    }
    const recorded = series.map((one, index) => {
      one.timeMs = moment.queryMs;
      one.value = values[index]!;
      one.isEnded = false;
      return { name: this.#rule.name, labels: one.own, value: one.value };
    });
    const ended = this.#endOthers(moment.queryMs);
    return { samples: labels.length, recorded, ended, changed: [], forgotten: [] };
  }

  #seriesOf(sample: Labels): RecordedSeries {
    const known = this.#bySample.get(sample.key);
    if (known !== undefined) return known;
    let labels = sample.unnamed;
    for (const [name, value] of Object.entries(this.#rule.labels)) labels = labels.with(name, value);
    for (const [name, value] of this.#commonLabels)
      if (labels.get(name) === '') labels = labels.with(name, value);
    const series = this.#series.get(labels.key) ?? this.#added(labels);
    this.#bySample.delete(series.sampleKey);
    series.sampleKey = sample.key;
    this.#bySample.set(sample.key, series);
    return series;
  }

  #added(labels: Labels): RecordedSeries {
    const own = labels.toRecord();
    const series: RecordedSeries = {
      ...{ own, labels: seriesLabels(this.#rule.name, own), key: labels.key, sampleKey: '' },
      ...{ turn: 0, timeMs: Number.NEGATIVE_INFINITY, value: Number.NaN, isEnded: true },
    };
    this.#series.set(labels.key, series);
    this.version++;
    return series;
  }

  #endOthers(nowMs: number): EndedSeries[] {
    const ended: EndedSeries[] = [];
    for (const series of this.#series.values()) {
      if (series.turn === this.#turn) continue;
      if (!series.isEnded) {
        series.isEnded = true;
        series.timeMs = nowMs;
        ended.push({ name: this.#rule.name, labels: series.own });
      } else if (Math.abs(nowMs - series.timeMs) > endedRetentionMs) {
        this.version++;
        this.#series.delete(series.key);
        this.#bySample.delete(series.sampleKey);
      }
    }
    return ended;
  }
}

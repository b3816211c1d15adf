import { type Alert, type AlertingRule, type LabelSet, type RuleGroup, ruleKey } from '../contract/alerts.ts';
import {
  type EvaluationOptions,
  evaluateRange,
  evaluateVector,
  type InstantVector,
  Labels,
  type MatrixSeries,
  parseExpression,
  type Select,
} from '../promql/index.ts';
import { AlertingState } from '../rules/alerting-state.ts';
import type { EvaluationBudget } from '../rules/evaluation-budget.ts';
import type { RuleMoment } from '../rules/rule-moment.ts';
import { RuleQuery, type SeriesWatch, type VectorQuery } from '../rules/rule-query.ts';
import type { ReplayedAlerts } from './replayed-alerts.ts';
import type { DownSources, RecordedTimes } from './replayed-times.ts';

/** Values that one evaluation of a chunk may read and make. */
const mostSamples = 500_000_000;
const options: EvaluationOptions = {
  delayedNameRemoval: false,
  maxSamples: mostSamples,
  maxSteps: Number.POSITIVE_INFINITY,
};

/** A part of the past, evaluated at once. */
export interface Chunk {
  readonly startMs: number;
  /** Not included. */
  readonly endMs: number;
  readonly select: Select;
  readonly times: RecordedTimes;
  readonly down: DownSources;
  /** For templates. */
  readonly externalUrl: string;
  /** How long each rule may take. */
  readonly budget: EvaluationBudget;
}

/** An alert that began, ended, or became unknown or known. */
export interface AlertTurn {
  readonly timeMs: number;
  readonly alert: Alert;
}

/** The values of an expression at every evaluation of a chunk; series without any are left out. */
export function chunkResult(
  expr: string,
  group: RuleGroup,
  { startMs, endMs, select, budget }: Chunk,
): MatrixSeries[] {
  budget.begin();
  const { intervalMs, queryOffsetMs } = group;
  const firstMs = Math.ceil(startMs / intervalMs) * intervalMs;
  const lastMs = endMs - 1;
  return evaluateRange(expr, firstMs - queryOffsetMs, lastMs - queryOffsetMs, intervalMs, select, {
    ...options,
    isCancelled: budget.isCancelled,
  }).series;
}

/** One alerting rule whose expression is evaluated a chunk at a time, its alerts an evaluation at a time. */
export class ReplayedRule {
  readonly rule: AlertingRule;
  readonly key: string;
  readonly group: RuleGroup;
  readonly #query: AheadQuery;
  readonly #state: AlertingState;
  readonly #sourcesOf: (labels: LabelSet, down: readonly string[]) => readonly string[];
  #isActive = false;
  #options: EvaluationOptions = options;
  #evaluatedAtMs = Number.NaN;
  /** Evaluations that failed, with the last reason. */
  failures = 0;
  error = '';

  constructor(
    group: RuleGroup,
    index: number,
    sourcesOf: (labels: LabelSet, down: readonly string[]) => readonly string[],
  ) {
    this.group = group;
    this.rule = group.rules[index] as AlertingRule;
    this.key = ruleKey(group, index);
    this.#sourcesOf = sourcesOf;
    this.#query = new AheadQuery(this.rule.expr);
    const clear = this.rule.clear === null ? undefined : new RuleQuery(this.rule.clear, () => false);
    this.#state = new AlertingState(this.rule, this.key, this.#query, clear, group.limit);
  }

  /**
   * What happened to its alerts in a chunk.
   *
   * @param alerts is told of those that are pending or fire at each evaluation, where rules look at them
   */
  replay(chunk: Chunk, alerts: ReplayedAlerts | undefined): AlertTurn[] {
    const { intervalMs, queryOffsetMs } = this.group;
    const turns: AlertTurn[] = [];
    this.#options = { ...options, isCancelled: chunk.budget.isCancelled };
    const firstMs = Math.ceil(chunk.startMs / intervalMs) * intervalMs;
    const steps = Math.ceil((chunk.endMs - firstMs) / intervalMs);
    try {
      this.#query.load(
        chunkResult(this.rule.expr, this.group, chunk),
        firstMs - queryOffsetMs,
        intervalMs,
        steps,
      );
    } catch (error) {
      this.failures += steps;
      this.error = chunk.budget.reason(error);
      return turns;
    }
    const asksAlways = this.rule.noData === 'alert';
    for (let step = 0; step < steps; step++) {
      const timeMs = firstMs + step * intervalMs;
      const hasSamples = this.#query.moveTo(step);
      if (!chunk.times.has(timeMs)) continue;
      const elapsedMs = timeMs - this.#evaluatedAtMs;
      this.#evaluatedAtMs = timeMs;
      if (!hasSamples && !this.#isActive && !asksAlways) continue;
      if (elapsedMs > Math.max(2 * intervalMs, 60_000)) this.#state.shift(elapsedMs);
      this.#evaluate(timeMs, chunk, turns);
      if (this.#isActive) alerts?.take(this.#state.active(), timeMs - queryOffsetMs);
    }
    return turns;
  }

  /** Those that are pending or fire. */
  active(): Alert[] {
    return [...this.#state.active()];
  }

  #evaluate(timeMs: number, chunk: Chunk, turns: AlertTurn[]): void {
    try {
      const { changed, forgotten } = this.#state.evaluate(this.#moment(timeMs, chunk));
      for (const alert of changed) turns.push({ timeMs, alert });
      if (changed.length > 0 || forgotten.length > 0 || !this.#isActive)
        this.#isActive = this.#state.active().next().done === false;
    } catch (error) {
      this.failures++;
      this.error = chunk.budget.reason(error);
    }
  }

  #moment(timeMs: number, { select, down, externalUrl }: Chunk): RuleMoment {
    const queryMs = timeMs - this.group.queryOffsetMs;
    const options = this.#options;
    const query = (expr: string) => {
      const { labels, values } = evaluateVector(parseExpression(expr), expr, queryMs, select, options);
      return labels.map((own, i) => ({ labels: own.toRecord(), value: values[i]! }));
    };
    const sources = down.at(timeMs);
    return {
      ...{ timeMs, queryMs, stored: select, select, options },
      surroundings: { externalLabels: {}, externalUrl, timeMs, query },
      downSourcesOf: sources.length === 0 ? noSources : (labels) => this.#sourcesOf(labels, sources),
    };
  }
}

const noSources = () => [];

/** Gives what an expression had at a step, out of its values at all steps of a chunk. */
class AheadQuery implements VectorQuery {
  readonly #own: RuleQuery;
  #series: readonly {
    readonly labels: Labels;
    readonly timesMs: Float64Array;
    readonly values: Float64Array;
  }[] = [];
  #next = new Uint32Array(0);
  #hasSamples = new Uint8Array(0);
  #firstMs = 0;
  #stepMs = 1;
  #timeMs = 0;

  constructor(expr: string) {
    this.#own = new RuleQuery(expr, () => false);
  }

  load(series: readonly MatrixSeries[], firstMs: number, stepMs: number, steps: number): void {
    this.#series = series.map(({ labels, timestampsMs, values }) => ({
      ...{ labels: Labels.of(labels), timesMs: timestampsMs, values },
    }));
    this.#next = new Uint32Array(series.length);
    this.#hasSamples = new Uint8Array(steps);
    this.#firstMs = firstMs;
    this.#stepMs = stepMs;
    for (const { timesMs } of this.#series)
      for (const timeMs of timesMs) this.#hasSamples[(timeMs - firstMs) / stepMs] = 1;
  }

  /** Whether there are samples at this step. */
  moveTo(step: number): boolean {
    this.#timeMs = this.#firstMs + step * this.#stepMs;
    return this.#hasSamples[step] === 1;
  }

  vector(moment: RuleMoment, watch?: SeriesWatch): InstantVector {
    // Whether there are series at all is only known to who looks at them.
    if (watch !== undefined) return this.#own.vector(moment, watch);
    const labels: Labels[] = [];
    const values: number[] = [];
    for (const [i, series] of this.#series.entries()) {
      let next = this.#next[i]!;
      while (next < series.timesMs.length && series.timesMs[next]! < this.#timeMs) next++;
      this.#next[i] = next;
      if (series.timesMs[next] !== this.#timeMs) continue;
      labels.push(series.labels);
      values.push(series.values[next]!);
    }
    return { labels, values: Float64Array.from(values) };
  }
}

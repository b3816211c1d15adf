import type { RuleHealth } from '../contract/alert-tasks.ts';
import {
  type Alert,
  type AlertCause,
  type AlertReach,
  type LabelSet,
  type RuleGroup,
  ruleKey,
} from '../contract/alerts.ts';
import { evaluateVector, parseExpression, type Select } from '../promql/index.ts';
import { resolvedAlert } from './alert-step.ts';
import { AlertingState } from './alerting-state.ts';
import { EvaluationBudget } from './evaluation-budget.ts';
import { keptAlerts } from './kept-alerts.ts';
import type { EndedSeries, RecordedSample, RuleMoment, RuleOutcome } from './rule-moment.ts';
import { RuleSchedule } from './rule-schedule.ts';
import { RuleSources } from './rule-sources.ts';
import { madeSeries, type RuleState, statesOf } from './rule-state.ts';
import { SampleOverlay } from './sample-overlay.ts';

export interface RuleBookOptions {
  /** Where the dashboard is; for templates. */
  readonly externalUrl: string;
  /** For templates. */
  readonly externalLabels?: LabelSet;
  /** Labels that what is recorded gets when it is stored, where it has none of that name [none]. */
  readonly commonLabels?: LabelSet;
  /**
   * Evaluations of a group that are further apart were missed, or the clock was set: the time between does not count for what
   * is pending [any count].
   */
  readonly mostGapMs?: number;
  /** Most time that a rule may take [2 s]. */
  readonly ruleLimitMs?: number;
  /** The step of subqueries that name none [1 minute]. */
  readonly subqueryStepMs?: number;
  /** Milliseconds since any moment, never going back [`performance.now`]. */
  readonly monotonicMs?: () => number;
}

/** What one evaluation of a group gave. */
export interface GroupOutcome {
  /** Alerts that are new, or other than before in more than their value. */
  readonly changed: readonly Alert[];
  /** Ids of pending ones that ended. */
  readonly forgotten: readonly string[];
  readonly recorded: readonly RecordedSample[];
  readonly ended: readonly EndedSeries[];
  /** One a rule, in order. */
  readonly health: readonly RuleHealth[];
}

/** Alerts of rules that are no longer there, ended. */
export interface Retired {
  readonly changed: readonly Alert[];
  readonly forgotten: readonly string[];
}

const noSources = () => [];

/** All rules with the state of their alerts: what is evaluated after a tick. */
export class RuleBook {
  readonly #groups: readonly RuleGroup[];
  /** `ruleKey` of each rule. */
  readonly #keys: readonly (readonly string[])[];
  readonly #states: readonly (readonly RuleState[])[];
  readonly #alerting: ReadonlyMap<string, AlertingState>;
  readonly #schedule: RuleSchedule;
  readonly #sources: RuleSources;
  readonly #overlay: SampleOverlay;
  readonly #options: Required<RuleBookOptions>;
  /** When each group was evaluated last, at first in the earlier run. */
  readonly #evaluatedAtMs: number[];
  readonly #isResumed: boolean[];
  #orphans: readonly Alert[];

  /**
   * @param groups checked: an expression that is refused all the same fails at each evaluation
   * @param kept alerts of an earlier run; pending ones go on with what they had of their `for`
   * @param lastEvaluatedAtMs when they were evaluated last; 0 for never
   */
  constructor(
    groups: readonly RuleGroup[],
    kept: readonly Alert[],
    lastEvaluatedAtMs: number,
    options: RuleBookOptions,
  ) {
    this.#groups = groups;
    this.#options = {
      externalUrl: options.externalUrl,
      externalLabels: options.externalLabels ?? {},
      commonLabels: options.commonLabels ?? {},
      mostGapMs: options.mostGapMs ?? Number.POSITIVE_INFINITY,
      ruleLimitMs: options.ruleLimitMs ?? 2000,
      subqueryStepMs: options.subqueryStepMs ?? 60_000,
      monotonicMs: options.monotonicMs ?? (() => performance.now()),
    };
    this.#schedule = new RuleSchedule(groups);
    this.#sources = new RuleSources(groups);
    this.#keys = groups.map((group) => group.rules.map((_, index) => ruleKey(group, index)));
    this.#states = statesOf(groups, this.#options.commonLabels);
    const alerting = this.#states.flat().filter((state) => state instanceof AlertingState);
    this.#alerting = new Map(alerting.map((state) => [state.key, state]));
    this.#overlay = new SampleOverlay(madeSeries(this.#states.flat()));
    this.#evaluatedAtMs = groups.map(() => lastEvaluatedAtMs);
    this.#isResumed = groups.map(() => false);
    const { ofRules, orphans } = keptAlerts(groups, kept);
    for (const { key, alert } of ofRules) this.#alerting.get(key)?.keep(alert, lastEvaluatedAtMs);
    this.#orphans = orphans;
  }

  /** Pending and firing ones. */
  active(): Alert[] {
    return [...this.#alerting.values()].flatMap((state) => [...state.active()]);
  }

  /** Ends the alerts of rules that are no longer there; the first call gives them. */
  retire(timeMs: number): Retired {
    const orphans = this.#orphans;
    this.#orphans = [];
    return {
      changed: orphans.filter(({ state }) => state === 'firing').map((alert) => resolvedAlert(alert, timeMs)),
      forgotten: orphans.filter(({ state }) => state === 'pending').map(({ id }) => id),
    };
  }

  /** Groups to evaluate at this time. */
  due(timeMs: number): number[] {
    return this.#schedule.due(timeMs);
  }

  /** When a group is due again, milliseconds since 1970; Infinity without groups. */
  nextDueMs(timeMs: number): number {
    return this.#schedule.nextDueMs(timeMs);
  }

  /** Says why an alert began and whom it touches: it has that from now on. The alert itself when its episode is over. */
  explain(alert: Alert, cause: AlertCause | null, reach: AlertReach | null): Alert {
    const { rule, id, fingerprint } = alert;
    return this.#alerting.get(rule)?.explain(id, fingerprint, cause, reach) ?? { ...alert, cause, reach };
  }

  /**
   * Evaluates the rules of a group one after the other. One that fails keeps its alerts as they are, and says why in its
   * health.
   *
   * @param downSources names of the sources that are down now
   * @param deadlineMs by `monotonicMs`: rules that are not done by then fail
   */
  evaluate(
    groupIndex: number,
    timeMs: number,
    stored: Select,
    downSources: readonly string[],
    deadlineMs: number,
  ): GroupOutcome {
    this.#moveOn(groupIndex, timeMs);
    this.#schedule.evaluated(groupIndex, timeMs);
    const budget = new EvaluationBudget(this.#options.ruleLimitMs, deadlineMs, this.#options.monotonicMs);
    const moment = this.#moment(groupIndex, timeMs, stored, budget);
    const outcomes: RuleOutcome[] = [];
    const health: RuleHealth[] = [];
    for (const [ruleIndex, state] of this.#states[groupIndex]!.entries()) {
      let error = '';
      let samples = 0;
      try {
        budget.begin();
        const outcome = state.evaluate(this.#ruleMoment(moment, groupIndex, ruleIndex, downSources));
        outcomes.push(outcome);
        samples = outcome.samples;
      } catch (cause) {
        error = budget.reason(cause);
      }
      const key = this.#keys[groupIndex]![ruleIndex]!;
      health.push({ key, error, evaluatedAtMs: timeMs, tookMs: budget.tookMs, samples });
    }
    return {
      changed: outcomes.flatMap(({ changed }) => changed),
      forgotten: outcomes.flatMap(({ forgotten }) => forgotten),
      recorded: outcomes.flatMap(({ recorded }) => recorded),
      ended: outcomes.flatMap(({ ended }) => ended),
      health,
    };
  }

  #moment(groupIndex: number, timeMs: number, stored: Select, { isCancelled }: EvaluationBudget): RuleMoment {
    const queryMs = timeMs - this.#groups[groupIndex]!.queryOffsetMs;
    const select = this.#overlay.over(stored);
    // Names are taken off at once, as Prometheus does unless told otherwise.
    const { subqueryStepMs } = this.#options;
    const options = { isCancelled, delayedNameRemoval: false, subqueryStepMs };
    const query = (expr: string) => {
      const { labels, values } = evaluateVector(parseExpression(expr), expr, queryMs, select, options);
      return labels.map((own, index) => ({ labels: own.toRecord(), value: values[index]! }));
    };
    const { externalLabels, externalUrl } = this.#options;
    const surroundings = { externalLabels, externalUrl, timeMs, query };
    return { timeMs, queryMs, stored, select, options, surroundings, downSourcesOf: noSources };
  }

  #ruleMoment(
    moment: RuleMoment,
    groupIndex: number,
    ruleIndex: number,
    downSources: readonly string[],
  ): RuleMoment {
    if (downSources.length === 0) return moment;
    const downSourcesOf = (labels: LabelSet) => this.#sources.of(groupIndex, ruleIndex, labels, downSources);
    return { ...moment, downSourcesOf };
  }

  /** What is pending is not to count the time in which nothing was evaluated, nor a clock that was set. */
  #moveOn(groupIndex: number, timeMs: number): void {
    const lastMs = this.#evaluatedAtMs[groupIndex]!;
    const elapsedMs = timeMs - lastMs;
    const mostMs = 2 * this.#groups[groupIndex]!.intervalMs;
    const mostGapMs = this.#isResumed[groupIndex] ? Math.max(mostMs, this.#options.mostGapMs) : mostMs;
    if (lastMs > 0 && (elapsedMs < 0 || elapsedMs >= mostGapMs)) {
      for (const state of this.#states[groupIndex]!)
        if (state instanceof AlertingState) state.shift(elapsedMs);
    }
    this.#isResumed[groupIndex] = true;
    this.#evaluatedAtMs[groupIndex] = timeMs;
  }
}

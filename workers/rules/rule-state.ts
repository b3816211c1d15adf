import { type LabelSet, type RecordingRule, type RuleGroup, ruleKey } from '../contract/alerts.ts';
import { PromqlError } from '../promql/index.ts';
import { alertSeries, alertsForStateMetric, alertsMetric } from './alert-samples.ts';
import { AlertingState } from './alerting-state.ts';
import { RecordingState } from './recording-state.ts';
import { RuleQuery } from './rule-query.ts';
import type { MadeSeries } from './sample-overlay.ts';

/** A rule whose expression is refused: it fails at each evaluation. */
export class RefusedRule {
  readonly #reason: PromqlError;

  constructor(reason: PromqlError) {
    this.#reason = reason;
  }

  evaluate(): never {
    throw this.#reason;
  }
}

export type RuleState = AlertingState | RecordingState | RefusedRule;

/**
 * The state of each rule of each group, without any alerts.
 *
 * @param commonLabels what is recorded gets them where it has none of that name
 */
export function statesOf(groups: readonly RuleGroup[], commonLabels: LabelSet): RuleState[][] {
  const names = groups.flatMap(({ rules }) => rules.filter(({ kind }) => kind === 'recording'));
  const made = new Set([...names.map(({ name }) => name), alertsMetric, alertsForStateMetric]);
  const isRecorded = (metric: string) => made.has(metric);
  return groups.map((group) => {
    const { limit } = group;
    const record = (rule: RecordingRule, query: RuleQuery) =>
      new RecordingState(rule, query, { limit, commonLabels });
    return group.rules.map((_, index) => stateOf(group, index, isRecorded, record));
  });
}

function stateOf(
  group: RuleGroup,
  index: number,
  isRecorded: (metric: string) => boolean,
  record: (rule: RecordingRule, query: RuleQuery) => RecordingState,
): RuleState {
  const rule = group.rules[index]!;
  try {
    const query = new RuleQuery(rule.expr, isRecorded);
    if (rule.kind === 'recording') return record(rule, query);
    const clear = rule.clear === null ? undefined : new RuleQuery(rule.clear, isRecorded);
    return new AlertingState(rule, ruleKey(group, index), query, clear, group.limit);
  } catch (error) {
    if (error instanceof PromqlError) return new RefusedRule(error);
    throw error;
  }
}

/** The series that rules make, by metric. */
export function madeSeries(states: readonly RuleState[]): Map<string, MadeSeries[]> {
  const made = new Map<string, MadeSeries[]>();
  const add = (metric: string, series: MadeSeries) => {
    const all = made.get(metric);
    if (all) all.push(series);
    else made.set(metric, [series]);
  };
  for (const state of states) {
    if (state instanceof RecordingState) add(state.metric, state);
    if (!(state instanceof AlertingState)) continue;
    for (const metric of [alertsMetric, alertsForStateMetric]) add(metric, alertSeries(metric, state));
  }
  return made;
}

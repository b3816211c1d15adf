import type {
  AlertChanges,
  AlertSettings,
  KeptAlerts,
  RuleHealth,
  RulesTask,
} from '../contract/alert-tasks.ts';
import { type Alert, type AlertingRule, type RuleGroup, ruleKey } from '../contract/alerts.ts';
import type { Select } from '../promql/index.ts';
import { Dispatcher } from '../routing/dispatcher.ts';
import { type GroupOutcome, RuleBook } from '../rules/rule-book.ts';

/** All groups of one evaluation together, milliseconds: well within the deadline of the task. */
const mostEvaluationMs = 10_000;

/** A longer time without an evaluation, as while the machine slept, does not count for `for`. */
const mostGapMs = 60_000;

/**
 * After so long a stop, the look-back of PromQL, nothing is known of what fires until every source was read anew, twice
 * where it takes two readings: that is not its end.
 */
const longStopMs = 5 * 60_000;
const heldMs = 60_000;

/** What the groups that were due gave. */
export interface Evaluated {
  readonly changed: readonly Alert[];
  readonly forgotten: readonly string[];
  readonly recorded: GroupOutcome['recorded'];
}

/**
 * Rules, routes and the alerts between them, as of one state of the store. It can be rebuilt at any time from what the store
 * kept; what the worker has beyond it is what the last result told to be committed.
 */
export class AlertState {
  readonly settings: AlertSettings;
  readonly book: RuleBook;
  readonly dispatcher: Dispatcher;
  /** By key. */
  readonly rules: ReadonlyMap<string, AlertingRule>;
  /** Ended ones that somebody is still to be told of, by id. */
  readonly ended = new Map<string, Alert>();
  readonly #health = new Map<string, RuleHealth>();
  /** Nothing is evaluated before. */
  readonly #heldUntilMs: number;

  /** `timeMs` is now, `evaluatedAtMs` when alerts were looked at last; 0 for never. */
  constructor(settings: AlertSettings, kept: KeptAlerts, evaluatedAtMs: number, timeMs: number) {
    this.settings = settings;
    const fires = kept.alerts.some(({ state }) => state === 'firing');
    this.#heldUntilMs = fires && timeMs - evaluatedAtMs >= longStopMs ? timeMs + heldMs : 0;
    const { groups, routing, externalUrl, commonTags } = settings;
    this.rules = alertingRules(groups);
    const options = { externalUrl, mostGapMs, commonLabels: commonTags };
    this.book = new RuleBook(groups, kept.alerts, evaluatedAtMs, options);
    this.dispatcher = new Dispatcher(routing, kept.groups, { externalUrl });
    for (const alert of kept.alerts) if (alert.state === 'resolved') this.ended.set(alert.id, alert);
  }

  /** Of every rule that was evaluated, in the order of the files. */
  health(): RuleHealth[] {
    return [...this.#health.values()];
  }

  /** Evaluates the groups that are due. */
  evaluate({ timeMs, downSources }: RulesTask, select: Select): Evaluated {
    if (timeMs < this.#heldUntilMs && timeMs >= this.#heldUntilMs - heldMs)
      return { changed: [], forgotten: [], recorded: [] };
    const retired = this.book.retire(timeMs);
    const changed = [...retired.changed];
    const forgotten = [...retired.forgotten];
    const recorded: GroupOutcome['recorded'][number][] = [];
    const deadlineMs = performance.now() + mostEvaluationMs;
    for (const group of this.book.due(timeMs)) {
      const outcome = this.book.evaluate(group, timeMs, select, downSources, deadlineMs);
      changed.push(...outcome.changed);
      forgotten.push(...outcome.forgotten);
      recorded.push(...outcome.recorded);
      for (const health of outcome.health) this.#health.set(health.key, health);
    }
    for (const alert of changed) if (alert.state === 'resolved') this.ended.set(alert.id, alert);
    return { changed, forgotten, recorded };
  }
}

/** What the store kept, and what it would keep had it taken these changes. */
export function withUnwritten(kept: KeptAlerts, changes: AlertChanges): KeptAlerts {
  const { alerts, groups, forgottenAlerts, forgottenGroups, timeMs } = changes;
  const alertsById = new Map(kept.alerts.map((alert) => [alert.id, alert]));
  for (const id of forgottenAlerts) alertsById.delete(id);
  for (const alert of alerts) alertsById.set(alert.id, alert);
  const groupsByKey = new Map(kept.groups.map((group) => [group.key, group]));
  for (const key of forgottenGroups) groupsByKey.delete(key);
  for (const group of groups) groupsByKey.set(group.key, group);
  return {
    ...kept,
    alerts: [...alertsById.values()],
    groups: [...groupsByKey.values()],
    evaluatedAtMs: timeMs,
  };
}

function alertingRules(groups: readonly RuleGroup[]): Map<string, AlertingRule> {
  const rules = new Map<string, AlertingRule>();
  for (const group of groups) {
    for (const [index, rule] of group.rules.entries())
      if (rule.kind === 'alerting') rules.set(ruleKey(group, index), rule);
  }
  return rules;
}

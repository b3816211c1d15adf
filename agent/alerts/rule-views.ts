import type { ActiveAlert, RuleHealth } from '../../workers/contract/alert-tasks.ts';
import { type Alert, type Rule, type RuleGroup, ruleKey } from '../../workers/contract/alerts.ts';
import { RuleSources } from '../../workers/rules/rule-sources.ts';
import type { AlertingRuleView, RuleAlertView, RuleGroupView, RuleView } from '../rule-shape.ts';

/** How rules stood at their last evaluation. */
export interface RuleStanding {
  active(): readonly ActiveAlert[];
  health(): readonly RuleHealth[];
}

/** Rules as people and programs are shown them. */
export class RuleViews {
  readonly #groups: () => readonly RuleGroup[];
  readonly #standing: RuleStanding;
  /** Of the groups that it was made of; only needed while a source is down. */
  #sources: { readonly groups: readonly RuleGroup[]; readonly of: RuleSources } | undefined;

  /** @param groups those in force */
  constructor(groups: () => readonly RuleGroup[], standing: RuleStanding) {
    this.#groups = groups;
    this.#standing = standing;
  }

  /**
   * Every group and rule with its last evaluation and its alerts, in the order of the files.
   *
   * @param downSources names of the sources that are down now
   */
  list(downSources: readonly string[]): RuleGroupView[] {
    const groups = this.#groups();
    const health = new Map(this.#standing.health().map((one) => [one.key, one]));
    const alerts = new Map<string, Alert[]>();
    for (const { alert } of this.#standing.active()) {
      const own = alerts.get(alert.rule);
      if (own) own.push(alert);
      else alerts.set(alert.rule, [alert]);
    }
    return groups.map((group, groupIndex) => {
      const { file, name, intervalMs, limit, queryOffsetMs } = group;
      const rules = group.rules.map((rule, index) => {
        const key = ruleKey(group, index);
        const down = this.#downSources(groups, groupIndex, index, downSources);
        return ruleView(rule, health.get(key), alerts.get(key) ?? [], down);
      });
      return {
        ...{ file, name, intervalMs, limit, queryOffsetMs },
        evaluatedAtMs: Math.max(0, ...rules.map(({ evaluatedAtMs }) => evaluatedAtMs)),
        tookMs: rules.reduce((sum, { tookMs }) => sum + tookMs, 0),
        rules,
      };
    });
  }

  #downSources(
    groups: readonly RuleGroup[],
    groupIndex: number,
    ruleIndex: number,
    downSources: readonly string[],
  ): readonly string[] {
    if (downSources.length === 0) return [];
    if (this.#sources?.groups !== groups) this.#sources = { groups, of: new RuleSources(groups) };
    const { labels } = groups[groupIndex]!.rules[ruleIndex]!;
    return this.#sources.of.of(groupIndex, ruleIndex, labels, downSources);
  }
}

function ruleView(
  rule: Rule,
  health: RuleHealth | undefined,
  alerts: readonly Alert[],
  downSources: readonly string[],
): RuleView {
  const { name, expr, labels, place } = rule;
  const base = {
    ...{ name, expr, labels, line: place.line },
    health: health === undefined ? 'unknown' : health.error === '' ? 'ok' : 'err',
    error: health?.error ?? '',
    evaluatedAtMs: health?.evaluatedAtMs ?? 0,
    tookMs: health?.tookMs ?? 0,
    samples: health?.samples ?? 0,
  } as const;
  if (rule.kind === 'recording') return { kind: 'recording', ...base };
  const { forMs, keepFiringForMs, annotations, clear, noData } = rule;
  const sorted = [...alerts].sort((a, b) => b.activeAtMs - a.activeAtMs);
  return {
    ...{ kind: 'alerting', ...base, forMs, keepFiringForMs, annotations, clear, noData },
    state: stateOf(base.health, alerts, downSources),
    downSources,
    alerts: sorted.map(alertView),
  };
}

/** What fires and is known comes before what is not known, and that before what is pending. */
function stateOf(
  health: RuleView['health'],
  alerts: readonly Alert[],
  downSources: readonly string[],
): AlertingRuleView['state'] {
  const firing = alerts.filter(({ state }) => state === 'firing');
  if (firing.some(({ unknownSources }) => unknownSources.length === 0)) return 'firing';
  if (firing.length > 0) return 'unknown';
  if (alerts.length > 0) return 'pending';
  return health === 'ok' && downSources.length === 0 ? 'inactive' : 'unknown';
}

function alertView(alert: Alert): RuleAlertView {
  const { id, state, labels, annotations, value, activeAtMs, keepFiringSinceMs, unknownSources } = alert;
  return {
    ...{ id, labels, annotations, value, activeAtMs, keepFiringSinceMs, unknownSources },
    state: state === 'pending' ? 'pending' : 'firing',
  };
}

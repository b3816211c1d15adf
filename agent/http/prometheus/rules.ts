import type { RuleAlertView, RuleGroupView, RuleView } from '../../rule-shape.ts';
import { type Form, invalid, quoted } from './form.ts';

/** `data` of `/api/v1/rules`: of one type, and only of the groups, files and names that are asked for. */
export function rulesData(groups: readonly RuleGroupView[], form: Form) {
  const type = form.text('type').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) throw invalid('type', `not supported value ${quoted(type)}`);
  const withAlerts = form.text('exclude_alerts') !== 'true';
  const isWanted = (names: readonly string[], name: string) => names.length === 0 || names.includes(name);
  const [ruleNames, groupNames, files] = ['rule_name[]', 'rule_group[]', 'file[]'].map((name) =>
    form.texts(name),
  ) as [string[], string[], string[]];
  const isFiltered = ruleNames.length > 0;
  const shown = groups
    .filter(({ name, file }) => isWanted(groupNames, name) && isWanted(files, file))
    .map((group) => {
      const rules = group.rules.filter(
        ({ kind, name }) =>
          isWanted(ruleNames, name) && (type === '' || (type === 'alert') === (kind === 'alerting')),
      );
      return {
        name: group.name,
        file: group.file,
        rules: rules.map((rule) => shownRule(rule, withAlerts)),
        interval: group.intervalMs / 1000,
        limit: group.limit,
        evaluationTime: group.tookMs / 1000,
        lastEvaluation: evaluatedAt(group.evaluatedAtMs),
      };
    });
  return { groups: isFiltered ? shown.filter(({ rules }) => rules.length > 0) : shown };
}

/** `data` of `/api/v1/alerts`: pending and firing ones. */
export function alertsData(groups: readonly RuleGroupView[]) {
  const rules = groups.flatMap((group) => group.rules);
  return { alerts: rules.flatMap((rule) => (rule.kind === 'alerting' ? rule.alerts.map(shownAlert) : [])) };
}

function shownRule(rule: RuleView, withAlerts: boolean) {
  const common = {
    health: rule.health,
    ...(rule.error !== '' && { lastError: rule.error }),
    evaluationTime: rule.tookMs / 1000,
    lastEvaluation: evaluatedAt(rule.evaluatedAtMs),
  };
  const { name, expr: query, labels } = rule;
  if (rule.kind === 'recording') return { name, query, labels, ...common, type: 'recording' };
  const worst = rule.alerts.some(({ state }) => state === 'firing') ? 'firing' : 'pending';
  return {
    // What is not known is firing, pending or not: Prometheus knows no fourth.
    state: rule.alerts.length === 0 ? 'inactive' : worst,
    ...{ name, query, labels },
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: rule.annotations,
    alerts: withAlerts ? rule.alerts.map(shownAlert) : [],
    ...common,
    type: 'alerting',
  };
}

function shownAlert({ labels, annotations, state, activeAtMs, keepFiringSinceMs, value }: RuleAlertView) {
  return {
    ...{ labels, annotations, state },
    activeAt: new Date(activeAtMs).toISOString(),
    ...(keepFiringSinceMs > 0 && { keepFiringSince: new Date(keepFiringSinceMs).toISOString() }),
    value: scientificText(value),
  };
}

/** Go's zero time before the first evaluation. */
function evaluatedAt(timeMs: number): string {
  return timeMs === 0 ? '0001-01-01T00:00:00Z' : new Date(timeMs).toISOString();
}

/** Go's strconv.FormatFloat(value, 'e', -1, 64). */
function scientificText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

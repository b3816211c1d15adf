import type { Alert, AlertingRule, AlertRecording } from '../contract/alerts.ts';
import { parseExpression, type Select } from '../promql/index.ts';
import { selectedMetrics } from '../rules/metric-sources.ts';

/** For people: further series are left out. */
const mostSeries = 50;

/**
 * The series that a rule reads, from `fromMs` to `toMs`: those whose labels agree with the alert's. Of too many, the
 * first ones.
 */
export function recordingOf(
  alert: Alert,
  { expr }: AlertingRule,
  fromMs: number,
  toMs: number,
  select: Select,
): AlertRecording {
  const series = selectedMetrics(parseExpression(expr))
    .flatMap(({ matchers }) => select([...matchers], fromMs, toMs))
    .filter(({ labels }) => agrees(labels, alert.labels))
    .slice(0, mostSeries)
    .map(({ labels, timestampsMs, values }) => ({
      labels: { ...labels },
      timestampsMs: [...timestampsMs],
      values: [...values],
    }));
  return { alertId: alert.id, fromMs, toMs, series };
}

/** True when no label that both have differs. */
function agrees(labels: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(
    ([name, value]) => name === '__name__' || !Object.hasOwn(others, name) || others[name] === value,
  );
}

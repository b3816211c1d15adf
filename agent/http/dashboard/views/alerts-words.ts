import type { ShownAlert } from '../../../alert-shape.ts';
import type { Unit } from '../format.ts';
import type { Tone } from '../parts/index.ts';

type Status = ShownAlert['status'];

const statusWords: Readonly<Record<Status, string>> = {
  active: 'Firing',
  unknown: 'Unknown',
  acknowledged: 'Acknowledged',
  silenced: 'Silenced',
  pending: 'Pending',
  resolved: 'Resolved',
};

/** What needs somebody comes first. */
const statusOrder: readonly Status[] = [
  'active',
  'unknown',
  'acknowledged',
  'silenced',
  'pending',
  'resolved',
];
const severityOrder = ['critical', 'error', 'warning', 'info'];

export function statusWord(status: Status): string {
  return statusWords[status];
}

export function statusTone({ status, severity }: Pick<ShownAlert, 'status' | 'severity'>): Tone {
  if (status === 'active') return severityTone(severity) === 'muted' ? 'warning' : severityTone(severity);
  if (status === 'unknown') return 'unknown';
  return status === 'resolved' ? 'ok' : 'muted';
}

export function severityTone(severity: string): Tone {
  if (severity === 'critical' || severity === 'error' || severity === 'page') return 'critical';
  return severity === 'warning' || severity === 'info' ? severity : 'muted';
}

/** What fires and nobody has seen first, by severity, then the newest. */
export function sortedOpen(alerts: readonly ShownAlert[]): ShownAlert[] {
  return [...alerts].sort(
    (a, b) =>
      Number(isQuiet(a)) - Number(isQuiet(b)) ||
      severityRank(a) - severityRank(b) ||
      statusOrder.indexOf(a.status) - statusOrder.indexOf(b.status) ||
      (a.createdAt < b.createdAt ? 1 : -1),
  );
}

/** Pending, or somebody has seen to it already. */
export function isQuiet({ status }: Pick<ShownAlert, 'status'>): boolean {
  return status !== 'active' && status !== 'unknown';
}

function severityRank({ severity }: ShownAlert): number {
  const rank = severityOrder.indexOf(severity);
  return rank < 0 ? severityOrder.length : rank;
}

const causeWords: Readonly<Record<string, string>> = {
  no_workers: 'no workers',
  rate_limited: 'rate limited',
  moved_with: 'moved with it',
  unknown: 'not known',
};

/** `no_workers` as people say it. */
export function causeWord(kind: string): string {
  return causeWords[kind] ?? kind.replaceAll('_', ' ');
}

/** Why nobody is told of it now; `until` is the end of the silence, if it is one and its end is known. */
export function mutedText({ by, id }: NonNullable<ShownAlert['mutedBy']>): string {
  switch (by) {
    case 'silence':
      return 'kept back by a silence';
    case 'inhibition':
      return 'kept back because another alert says why';
    case 'time':
      return `kept back by the time interval ${id}`;
    case 'maintenance':
      return `kept back because ${id} is paused on purpose`;
    default:
      return `kept back by ${by} ${id}`;
  }
}

/** Conditions, one a line, that fit this alert and its like: every label but those that may change. */
export function matchersFor(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'severity')
    .sort(([a], [b]) => Number(b === 'alertname') - Number(a === 'alertname') || (a < b ? -1 : 1))
    .map(([name, value]) => `${shownLabel(name)}=${JSON.stringify(value)}`)
    .join('\n');
}

function shownLabel(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}

/** `{queue="mail", host="a"}` without the names that are said elsewhere. */
export function labelsText(labels: Readonly<Record<string, string>>, without: readonly string[]): string {
  const pairs = Object.entries(labels).filter(([name]) => !without.includes(name));
  return pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
}

/** Units end the names of metrics. */
export function unitOfMetric(name: string): Unit {
  const [, suffix] = /_(ms|bytes|percent|ratio|seconds)(?:_total)?$/.exec(name) ?? [];
  switch (suffix) {
    case 'ms':
    case 'bytes':
    case 'percent':
    case 'ratio':
    case 'seconds':
      return suffix;
    default:
      return 'count';
  }
}

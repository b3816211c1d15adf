import type { ActiveAlert } from '../contract/alert-tasks.ts';
import type { Alert } from '../contract/alerts.ts';
import { ringLimits } from '../contract/ring-cells.ts';
import { layoutText, type PointKey } from '../point/point.ts';
import type { RecordedSample } from '../rules/rule-moment.ts';

const stateNumbers = { inactive: 0, pending: 1, firing: 2, unknown: 3 } as const;

/**
 * What rules recorded and how alerts stand as points. A recorded sample is the field `recorded` of a measurement with the
 * name of the metric; an alert has its state as a number, and 0 once when it ended.
 */
export function rulesReading(
  recorded: readonly RecordedSample[],
  active: readonly ActiveAlert[],
  ended: readonly Alert[],
): { layout: string; values: Float64Array } {
  const points: PointKey[] = [];
  const values: number[] = [];
  for (const { name, labels, value } of recorded) {
    points.push({ measurement: name, tags: labels, fields: ['recorded'] });
    values.push(value);
  }
  // What has no room is pending rather than firing.
  const shown = [...active].sort((a, b) => stateNumber(b.alert) - stateNumber(a.alert));
  for (const { alert } of shown.slice(0, ringLimits.seriesPerMeasurement)) {
    points.push({ measurement: 'alerts', tags: tagsOf(alert), fields: ['state', 'value'] });
    values.push(stateNumber(alert), alert.value);
  }
  const isActive = new Set(active.map(({ alert }) => alert.fingerprint));
  for (const alert of ended) {
    if (isActive.has(alert.fingerprint)) continue;
    points.push({ measurement: 'alerts', tags: tagsOf(alert), fields: ['state'] });
    values.push(stateNumbers.inactive);
  }
  return { layout: layoutText(points), values: Float64Array.from(values) };
}

function stateNumber({ state, unknownSources }: Alert): number {
  if (unknownSources.length > 0) return stateNumbers.unknown;
  return state === 'resolved' ? stateNumbers.inactive : stateNumbers[state];
}

function tagsOf({ fingerprint, labels }: Alert) {
  return { alertname: labels.alertname ?? '', severity: labels.severity ?? '', fingerprint };
}

import { type Alert, mostNotifiedAlerts, type NotifiedAlert } from '../contract/alerts.ts';

/** An alert that a notification tells of. */
export interface ToldAlert {
  readonly alert: Alert;
  readonly status: 'firing' | 'resolved';
  readonly isFlapping: boolean;
}

/** Firing ones first, of those the oldest first; what is more than a notification holds is counted. */
export function notifiedAlerts(
  told: readonly ToldAlert[],
  externalUrl: string,
): { alerts: NotifiedAlert[]; truncatedAlerts: number } {
  const alerts = told.slice(0, mostNotifiedAlerts).map((one) => notifiedAlert(one, externalUrl));
  return { alerts, truncatedAlerts: told.length - alerts.length };
}

export function inOrder(told: ToldAlert[]): ToldAlert[] {
  return told.sort(
    (a, b) => a.alert.firedAtMs - b.alert.firedAtMs || (a.alert.fingerprint < b.alert.fingerprint ? -1 : 1),
  );
}

function notifiedAlert({ alert, status, isFlapping }: ToldAlert, externalUrl: string): NotifiedAlert {
  return {
    status,
    fingerprint: alert.fingerprint,
    labels: alert.labels,
    annotations: {
      ...alert.annotations,
      ...(alert.cause && { cause: alert.cause.text }),
      ...(alert.reach && { reach: alert.reach.text }),
      ...(alert.unknownSources.length > 0 && { unknown: alert.unknownSources.join(', ') }),
      ...(isFlapping && { flapping: 'true' }),
    },
    startsAtMs: alert.firedAtMs,
    endsAtMs: status === 'resolved' ? alert.resolvedAtMs : 0,
    value: alert.value,
    generatorUrl: externalUrl && `${externalUrl.replace(/\/+$/, '')}/?alert=${encodeURIComponent(alert.id)}`,
  };
}

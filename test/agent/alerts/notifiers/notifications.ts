import type { Notification, NotifiedAlert } from '../../../../workers/contract/alerts.ts';

export const startsAtMs = Date.UTC(2026, 0, 31, 12);

/** A firing alert `name`, changed where told. */
export function alertOf(name: string, changes: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    status: 'firing',
    fingerprint: Buffer.from(name.padEnd(8, '.')).toString('hex').slice(0, 16),
    labels: { alertname: name, severity: 'critical' },
    annotations: { summary: `${name} fires` },
    startsAtMs,
    endsAtMs: 0,
    value: 1,
    generatorUrl: 'http://127.0.0.1:7070/#rule',
    ...changes,
  };
}

/** The same when it is over. */
export function resolvedOf(name: string, changes: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return alertOf(name, { status: 'resolved', endsAtMs: startsAtMs + 60_000, ...changes });
}

/** A notification of these alerts, changed where told. */
export function notificationOf(
  alerts: readonly NotifiedAlert[],
  changes: Partial<Notification> = {},
): Notification {
  return {
    id: 'a1b2c3',
    receiver: 'oncall',
    integration: 'webhook/0',
    groupKey: '{}:{alertname="high-queue"}',
    groupLabels: { alertname: alerts[0]?.labels.alertname ?? '' },
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    reason: 'new',
    alerts,
    truncatedAlerts: 0,
    createdMs: startsAtMs,
    ...changes,
  };
}

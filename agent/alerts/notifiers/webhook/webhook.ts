import type { LabelSet, Notification } from '../../../../workers/contract/alerts.ts';
import type { Clock } from '../../../clock.ts';
import { HttpClient } from '../http-client.ts';
import type { Notifier } from '../notifier.ts';
import type { WebhookOptions } from './options.ts';

/** Names a notification, so that a receiver can tell a repeated one. */
const idHeader = 'x-nova-notification-id';

export interface WebhookSetup {
  readonly clock: Clock;
  readonly externalUrl: string;
}

/** Posts Alertmanager's webhook message, version 4. */
export function createWebhookNotifier(options: WebhookOptions, setup: WebhookSetup): Notifier {
  const { http_config: config, timeout: timeoutMs, max_alerts: maxAlerts } = options;
  const client = new HttpClient({ url: options.url!, config, timeoutMs, clock: setup.clock });
  return {
    async send(notification, signal) {
      const body = JSON.stringify(webhookMessage(notification, setup.externalUrl, maxAlerts));
      const headers = { 'content-type': 'application/json', [idHeader]: notification.id };
      await client.send({ method: 'POST', headers, body }, signal);
    },
    close: async () => client.close(),
  };
}

/**
 * Version 4 of the message, its keys in Alertmanager's order and labels by name. At most `maxAlerts` alerts are told, 0 is
 * no limit. Source: prometheus/alertmanager, notify/webhook/webhook.go and template/template.go.
 */
export function webhookMessage(notification: Notification, externalUrl: string, maxAlerts: number) {
  const alerts = maxAlerts === 0 ? notification.alerts : notification.alerts.slice(0, maxAlerts);
  return {
    receiver: notification.receiver,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: alerts.map((alert) => ({
      status: alert.status,
      labels: sorted(alert.labels),
      annotations: sorted(alert.annotations),
      startsAt: new Date(alert.startsAtMs).toISOString(),
      // Go's zero time stands for "not yet".
      endsAt: alert.status === 'firing' ? '0001-01-01T00:00:00Z' : new Date(alert.endsAtMs).toISOString(),
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
    groupLabels: sorted(notification.groupLabels),
    commonLabels: sorted(common(alerts.map(({ labels }) => labels))),
    commonAnnotations: sorted(common(alerts.map(({ annotations }) => annotations))),
    externalURL: externalUrl,
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: notification.truncatedAlerts + notification.alerts.length - alerts.length,
  };
}

/** Pairs that all sets have. */
function common(sets: readonly LabelSet[]): LabelSet {
  const [first = {}, ...others] = sets;
  const pairs = Object.entries(first).filter(([name, value]) =>
    others.every((set) => Object.hasOwn(set, name) && set[name] === value),
  );
  return Object.fromEntries(pairs);
}

function sorted(set: LabelSet): LabelSet {
  return Object.fromEntries(Object.entries(set).sort(([a], [b]) => (a < b ? -1 : 1)));
}

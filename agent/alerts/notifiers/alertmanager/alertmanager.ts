import type { Notification, NotifiedAlert } from '../../../../workers/contract/alerts.ts';
import type { Clock } from '../../../clock.ts';
import { HttpClient } from '../http-client.ts';
import type { Notifier } from '../notifier.ts';
import type { AlertmanagerOptions } from './options.ts';

/** A test ends there by itself. */
const testMs = 5 * 60_000;

/**
 * Posts alerts to an Alertmanager, which groups and routes them anew.
 *
 * Prometheus sends firing alerts again every minute and lets them end four minutes after the last word. Here they are
 * sent when they change and once a `repeat_interval`; acknowledged ones are not sent again at all. So a firing alert is
 * to end only `resolve_after` from now, and its real end is told when it comes. Alertmanager keeps alerts in memory: a
 * route with a short `repeat_interval` makes it hear of them soon after a restart.
 */
export function createAlertmanagerNotifier(
  options: AlertmanagerOptions,
  { clock }: { readonly clock: Clock },
): Notifier {
  const url = `${options.url!.replace(/\/+$/, '')}/api/v2/alerts`;
  const client = new HttpClient({ url, config: options.http_config, timeoutMs: options.timeout, clock });
  return {
    async send(notification, signal) {
      const lastMs = clock.now() + (notification.reason === 'test' ? testMs : options.resolve_after);
      const body = JSON.stringify(postableAlerts(notification, lastMs));
      await client.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body }, signal);
    },
    close: async () => client.close(),
  };
}

/** Source: prometheus/alertmanager, api/v2/openapi.yaml, `postableAlerts`. Firing ones are to end at `lastMs`. */
function postableAlerts({ alerts }: Notification, lastMs: number) {
  return alerts.map((alert) => ({
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: new Date(endOf(alert, lastMs)).toISOString(),
    // Empty is no URI, and refused.
    ...(alert.generatorUrl !== '' && { generatorURL: alert.generatorUrl }),
  }));
}

/** Never before its beginning, which is refused and could come of a clock that jumped. */
function endOf(alert: NotifiedAlert, lastMs: number): number {
  return Math.max(alert.startsAtMs, alert.status === 'firing' ? lastMs : alert.endsAtMs);
}

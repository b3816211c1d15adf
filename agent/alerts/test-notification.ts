import type { Notification, NotifiedAlert } from '../../workers/contract/alerts.ts';
import { labelsFingerprint } from '../../workers/rules/fingerprint.ts';

export interface TestedReceiver {
  readonly name: string;
  readonly integrations: readonly { readonly key: string }[];
}

/**
 * What `alerts test-notify` sends: for each way out of the receiver one firing alert that says that it is a test, in a
 * group of its own. `nowMs` makes its id: two tests are two notifications.
 */
export function testNotifications(
  receiver: TestedReceiver,
  nowMs: number,
  externalUrl: string,
): Notification[] {
  const groupLabels = { alertname: 'TestNotification' };
  const alert = testAlert(receiver.name, nowMs, externalUrl);
  return receiver.integrations.map(({ key }) => ({
    id: `test-${nowMs.toString(36)}-${labelsFingerprint({ receiver: receiver.name, integration: key })}`,
    receiver: receiver.name,
    integration: key,
    groupKey: `{}:{alertname="TestNotification", test="${nowMs.toString(36)}"}`,
    groupLabels,
    status: 'firing',
    reason: 'test',
    alerts: [alert],
    truncatedAlerts: 0,
    createdMs: nowMs,
  }));
}

function testAlert(receiver: string, nowMs: number, generatorUrl: string): NotifiedAlert {
  const labels = { alertname: 'TestNotification', receiver, severity: 'info' };
  return {
    status: 'firing',
    fingerprint: labelsFingerprint(labels),
    labels,
    annotations: {
      summary: 'This is a test notification of nova-agent: nothing is wrong.',
      description: `Somebody asked for it with "nova-agent alerts test-notify ${receiver}".`,
    },
    startsAtMs: nowMs,
    endsAtMs: 0,
    value: 1,
    generatorUrl,
  };
}

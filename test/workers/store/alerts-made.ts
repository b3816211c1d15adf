import type { AlertChanges } from '../../../workers/contract/alert-tasks.ts';
import type {
  Alert,
  AlertRecording,
  Notification,
  NotifyGroup,
  Silence,
} from '../../../workers/contract/alerts.ts';

/** Alerts and what goes with them, with `changed` in it. */
export function alertOf(changed: Partial<Alert> = {}): Alert {
  return {
    id: '00112233445566ff-1',
    fingerprint: '00112233445566ff',
    rule: 'rules.yml;crm;high-queue;0',
    labels: { alertname: 'high-queue', queue: 'mail' },
    annotations: { summary: 'long "queue"\n<b>' },
    state: 'firing',
    unknownSources: [],
    unknownSinceMs: 0,
    value: 120.5,
    activeAtMs: 1000,
    firedAtMs: 2000,
    resolvedAtMs: 0,
    keepFiringSinceMs: 0,
    cause: {
      kind: 'overloaded',
      text: 'more comes than goes',
      moved: [{ series: 'queue_waiting{queue="mail"}', now: 120, usual: 2, score: 40 }],
    },
    reach: { users: 3, sessions: null, text: '3 users' },
    ...changed,
  };
}

export function resolvedOf(id: string, resolvedAtMs: number, changed: Partial<Alert> = {}): Alert {
  return alertOf({ id, state: 'resolved', resolvedAtMs, ...changed });
}

export function groupOf(changed: Partial<NotifyGroup> = {}): NotifyGroup {
  return {
    key: '{}:{alertname="high-queue"}',
    routeKey: '{}',
    receiver: 'team',
    labels: { alertname: 'high-queue' },
    nextFlushMs: 30_000,
    notifiedFiring: [],
    notifiedResolved: [],
    notifiedAtMs: 0,
    count: 0,
    turnsMs: { '00112233445566ff': [1000] },
    ...changed,
  };
}

export function notificationOf(changed: Partial<Notification> = {}): Notification {
  return {
    id: 'n1',
    receiver: 'team',
    integration: 'webhook/0',
    groupKey: groupOf().key,
    groupLabels: { alertname: 'high-queue' },
    status: 'firing',
    reason: 'new',
    alerts: [
      {
        status: 'firing',
        fingerprint: '00112233445566ff',
        labels: { alertname: 'high-queue' },
        annotations: {},
        startsAtMs: 2000,
        endsAtMs: 0,
        value: 120.5,
        generatorUrl: '',
      },
    ],
    truncatedAlerts: 0,
    createdMs: 2000,
    ...changed,
  };
}

export function silenceOf(changed: Partial<Silence> = {}): Silence {
  return {
    id: 's1',
    matchers: [{ name: 'queue', op: '=~', value: 'mail|sms' }],
    startsAtMs: 1000,
    endsAtMs: 100_000,
    createdBy: 'ann',
    comment: 'moving house',
    ...changed,
  };
}

export function recordingOf(changed: Partial<AlertRecording> = {}): AlertRecording {
  return {
    alertId: alertOf().id,
    fromMs: 10_000,
    toMs: 20_000,
    series: [{ labels: { __name__: 'queue_waiting' }, timestampsMs: [10_000, 12_000], values: [1, 2.5] }],
    ...changed,
  };
}

export function changesOf(changed: Partial<AlertChanges> = {}): AlertChanges {
  return {
    timeMs: 5000,
    alerts: [],
    forgottenAlerts: [],
    groups: [],
    forgottenGroups: [],
    notifications: [],
    recordings: [],
    ...changed,
  };
}

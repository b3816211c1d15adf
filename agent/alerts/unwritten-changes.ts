import type { AlertChanges } from '../../workers/contract/alert-tasks.ts';
import type { Alert, AlertRecording, NotifyGroup } from '../../workers/contract/alerts.ts';

/** What is kept in memory while the store takes nothing; of more, the oldest go. */
const most = { endedAlerts: 10_000, forgotten: 100_000, recordings: 50 } as const;

/**
 * What evaluations changed and the store did not take yet: the store and this together are the whole truth. A later change
 * of the same thing takes the place of the earlier one.
 */
export class UnwrittenChanges {
  readonly #alerts = new Map<string, Alert>();
  readonly #forgottenAlerts = new Set<string>();
  readonly #groups = new Map<string, NotifyGroup>();
  readonly #forgottenGroups = new Set<string>();
  readonly #recordings = new Map<string, AlertRecording>();
  #notifications: AlertChanges['notifications'] = [];
  #timeMs = 0;

  /** @param isWaiting whether a notification is still to be delivered: others are of no use to anybody */
  add(changes: AlertChanges, isWaiting: (one: AlertChanges['notifications'][number]) => boolean): void {
    const { alerts, forgottenAlerts, groups, forgottenGroups, notifications, recordings } = changes;
    for (const id of forgottenAlerts) {
      this.#alerts.delete(id);
      this.#forgottenAlerts.add(id);
    }
    for (const alert of alerts) put(this.#alerts, alert.id, alert);
    for (const key of forgottenGroups) {
      this.#groups.delete(key);
      this.#forgottenGroups.add(key);
    }
    for (const group of groups) {
      this.#forgottenGroups.delete(group.key);
      this.#groups.set(group.key, group);
    }
    for (const recording of recordings) this.#recordings.set(recording.alertId, recording);
    this.#notifications = [...this.#notifications.filter(isWaiting), ...notifications];
    this.#timeMs = changes.timeMs;
    this.#trim();
  }

  /** All of it, as one change. */
  all(): AlertChanges {
    return {
      timeMs: this.#timeMs,
      alerts: [...this.#alerts.values()],
      forgottenAlerts: [...this.#forgottenAlerts],
      groups: [...this.#groups.values()],
      forgottenGroups: [...this.#forgottenGroups],
      notifications: this.#notifications,
      recordings: [...this.#recordings.values()],
    };
  }

  #trim(): void {
    const ended = [...this.#alerts.values()].filter(({ state }) => state === 'resolved');
    for (const { id } of ended.slice(0, Math.max(0, ended.length - most.endedAlerts)))
      this.#alerts.delete(id);
    dropOldest(this.#forgottenAlerts, most.forgotten);
    dropOldest(this.#recordings, most.recordings);
  }
}

/** The newest last. */
function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
}

function dropOldest(all: Map<string, unknown> | Set<string>, most: number): void {
  for (const key of all.keys()) {
    if (all.size <= most) return;
    all.delete(key);
  }
}

import type { AlertChanges, AlertsTask } from '../contract/alert-tasks.ts';
import { type Alert, type AlertRecording, type Notification, resolvedKeptMs } from '../contract/alerts.ts';
import type { AlertsResult } from '../contract/tasks.ts';
import { encodeRecording } from './alert-recording.ts';
import { encodeAlert, encodeJson, encodeNotification } from './alert-rows.ts';
import { type Database, type Statement, storableText } from './database.ts';

export interface AlertLimits {
  /** Resolved alerts that are kept, besides those that were resolved lately. */
  readonly resolved: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly recordings: number;
  readonly recordingBytes: number;
}

const usualLimits: AlertLimits = {
  resolved: 10_000,
  waiting: 10_000,
  waitingBytes: 64 * 1024 * 1024,
  recordings: 1000,
  recordingBytes: 32 * 1024 * 1024,
};

/** Removes what is over a number of rows or of bytes, counted from the newest. */
function trimSql(table: string, order: string): string {
  return `delete from ${table} where rowid in (
    select rowid from (
      select rowid, row_number() over newest place, sum(length(data)) over newest bytes
        from ${table} window newest as (order by ${order}))
      where place > ? or bytes > ?)`;
}

/** Writes what is kept of alerts. Changes need a transaction. */
export class AlertWriter {
  readonly #limits: AlertLimits;
  readonly #putAlert: Statement<never>;
  readonly #removeAlert: Statement<never>;
  readonly #trimResolved: Statement<never>;
  readonly #putAcknowledgement: Statement<never>;
  readonly #removeAcknowledgement: Statement<never>;
  readonly #putGroup: Statement<never>;
  readonly #removeGroup: Statement<never>;
  readonly #queue: Statement<never>;
  readonly #retryLater: Statement<never>;
  readonly #unqueue: Statement<never>;
  readonly #trimOutbox: Statement<never>;
  readonly #putSilence: Statement<never>;
  readonly #putRecording: Statement<never>;
  readonly #trimRecordings: Statement<never>;
  readonly #evaluated: Statement<never>;
  readonly #countDropped: Statement<never>;
  readonly #dropped: Statement<{ dropped: number }>;

  constructor(database: Database, limits: AlertLimits = usualLimits) {
    this.#limits = limits;
    this.#putAlert = database.prepare(
      `insert into alert(id, state, active_at, resolved_at, data) values (?, ?, ?, ?, ?)
        on conflict(id) do update set state = excluded.state, active_at = excluded.active_at,
          resolved_at = excluded.resolved_at, data = excluded.data`,
    );
    this.#removeAlert = database.prepare('delete from alert where id = ?');
    this.#trimResolved = database.prepare(
      `delete from alert where rowid in
        (select rowid from alert where resolved_at > 0 order by resolved_at desc limit -1 offset ?)
        and resolved_at < ?`,
    );
    this.#putAcknowledgement = database.prepare('insert or replace into acknowledgement values (?, ?)');
    this.#removeAcknowledgement = database.prepare('delete from acknowledgement where alert_id = ?');
    this.#putGroup = database.prepare('insert or replace into notify_group values (?, ?)');
    this.#removeGroup = database.prepare('delete from notify_group where key = ?');
    this.#queue = database.prepare(
      `insert into outbox(id, attempts, next_attempt, data) values (?, 0, 0, ?)
        on conflict(id) do nothing`,
    );
    this.#retryLater = database.prepare('update outbox set attempts = ?, next_attempt = ? where id = ?');
    this.#unqueue = database.prepare('delete from outbox where id = ?');
    this.#trimOutbox = database.prepare(trimSql('outbox', 'seq desc'));
    this.#putSilence = database.prepare('insert or replace into silence values (?, ?, ?)');
    this.#putRecording = database.prepare('insert or replace into alert_recording values (?, ?, ?)');
    this.#trimRecordings = database.prepare(trimSql('alert_recording', 'to_ms desc, rowid desc'));
    this.#evaluated = database.prepare('update alert_state set evaluated_at = ?');
    this.#countDropped = database.prepare('update alert_state set dropped = dropped + ?');
    this.#dropped = database.prepare('select dropped from alert_state');
  }

  /** Takes one change. The same change once more does no harm. */
  write(task: AlertsTask): AlertsResult {
    const found = this.#write(task);
    return { found, droppedNotificationsTotal: this.#dropped.get()!.dropped };
  }

  /** Counts notifications that were removed unsent. */
  countDropped(notifications: number): void {
    if (notifications > 0) this.#countDropped.run(notifications);
  }

  #write(task: AlertsTask): boolean {
    switch (task.do) {
      case 'commit':
        this.#commit(task.changes);
        return true;
      case 'settle': {
        const id = storableText(task.id);
        const settled =
          task.outcome === 'later'
            ? this.#retryLater.run(task.attempts, task.nextAttemptMs, id)
            : this.#unqueue.run(id);
        return settled.changes > 0;
      }
      case 'silence':
        this.#putSilence.run(storableText(task.silence.id), task.silence.endsAtMs, encodeJson(task.silence));
        return true;
      case 'acknowledge':
        this.#putAcknowledgement.run(storableText(task.alertId), encodeJson(task.acknowledgement));
        return true;
    }
  }

  #commit(changes: AlertChanges): void {
    for (const id of changes.forgottenAlerts) {
      this.#removeAlert.run(storableText(id));
      this.#removeAcknowledgement.run(storableText(id));
    }
    this.#putAlerts(changes.alerts, changes.timeMs);
    for (const key of changes.forgottenGroups) this.#removeGroup.run(storableText(key));
    for (const group of changes.groups) this.#putGroup.run(storableText(group.key), encodeJson(group));
    this.#putNotifications(changes.notifications);
    this.#putRecordings(changes.recordings);
    this.#evaluated.run(changes.timeMs);
  }

  #putAlerts(alerts: readonly Alert[], timeMs: number): void {
    let resolved = false;
    for (const alert of alerts) {
      const { id, state, activeAtMs } = alert;
      const resolvedAtMs = state === 'resolved' ? alert.resolvedAtMs : 0;
      resolved ||= resolvedAtMs > 0;
      this.#putAlert.run(storableText(id), state, activeAtMs, resolvedAtMs, encodeAlert(alert));
    }
    if (resolved) this.#trimResolved.run(this.#limits.resolved, timeMs - resolvedKeptMs);
  }

  #putNotifications(notifications: readonly Notification[]): void {
    if (notifications.length === 0) return;
    for (const notification of notifications)
      this.#queue.run(storableText(notification.id), encodeNotification(notification));
    this.countDropped(this.#trimOutbox.run(this.#limits.waiting, this.#limits.waitingBytes).changes);
  }

  #putRecordings(recordings: readonly AlertRecording[]): void {
    if (recordings.length === 0) return;
    for (const recording of recordings)
      this.#putRecording.run(storableText(recording.alertId), recording.toMs, encodeRecording(recording));
    this.#trimRecordings.run(this.#limits.recordings, this.#limits.recordingBytes);
  }
}

import type { AlertsPageTask, KeptAlerts } from '../contract/alert-tasks.ts';
import {
  type Acknowledgement,
  type Alert,
  type AlertRecording,
  endedSilenceKeptMs,
  heldNotifications,
  type NotifyGroup,
  resolvedKeptMs,
  type Silence,
  type WaitingCount,
  type WaitingNotification,
} from '../contract/alerts.ts';
import { decodeRecording } from './alert-recording.ts';
import { decodeAlert, decodeJson, decodeNotification, decodeRows } from './alert-rows.ts';
import { type Database, type Statement, storableText } from './database.ts';

interface DataRow {
  readonly data: Uint8Array;
}

interface WaitingRow extends DataRow {
  readonly seq: number;
  readonly attempts: number;
  readonly next_attempt: number;
}

/** What is kept when nothing is: a store of an older version. */
export const nothingKept: KeptAlerts = {
  alerts: [],
  groups: [],
  silences: [],
  acknowledgements: {},
  waiting: [],
  waitingBeyond: [],
  evaluatedAtMs: 0,
};

/** Reads what is kept of alerts; for several calls at one state use it within a snapshot. */
export class AlertReader {
  readonly #database: Database;
  readonly #alert: Statement<DataRow>;
  readonly #recording: Statement<DataRow>;

  constructor(database: Database) {
    this.#database = database;
    this.#alert = database.prepare('select data from alert where id = ?');
    this.#recording = database.prepare('select data from alert_recording where alert_id = ?');
  }

  /**
   * What goes on after a start. Ages count back from the last committed evaluation: while none ran, nothing aged.
   * An end is told once no group says of the alert, in its last notification, that it fires.
   */
  kept(): KeptAlerts {
    const evaluatedAtMs = this.#database
      .prepare<{ at: number }>('select evaluated_at at from alert_state')
      .get()!.at;
    const groups = decodeRows<NotifyGroup>(
      this.#database.prepare<DataRow>('select data from notify_group order by key').all(),
    );
    const alerts = this.#keptAlerts(groups, evaluatedAtMs);
    return {
      alerts,
      groups,
      silences: decodeRows<Silence>(
        this.#database
          .prepare<DataRow>('select data from silence where ends_at > ? order by id')
          .all(evaluatedAtMs - endedSilenceKeptMs),
      ),
      acknowledgements: this.#acknowledgements(new Set(alerts.map(({ id }) => id))),
      ...this.#waiting(),
      evaluatedAtMs,
    };
  }

  /** Newest first by `activeAtMs`, then by id; those that cannot be read are left out. */
  page({ states, limit, before }: AlertsPageTask): Alert[] {
    const behind = before ? 'and (active_at, id) < (?, ?)' : '';
    const cursor = before ? [before.activeAtMs, storableText(before.id)] : [];
    return this.#database
      .prepare<DataRow>(
        `select data from alert where state in (${states.map(() => '?').join(', ')}) ${behind}
          order by active_at desc, id desc limit ?`,
      )
      .all(...states, ...cursor, limit)
      .flatMap(({ data }) => decodeAlert(data) ?? []);
  }

  /** undefined when there is none, or it cannot be read. */
  alert(id: string): Alert | undefined {
    const row = this.#alert.get(storableText(id));
    return row && decodeAlert(row.data);
  }

  /** undefined when there is none, or it cannot be read. */
  recording(alertId: string): AlertRecording | undefined {
    const row = this.#recording.get(storableText(alertId));
    return row && decodeRecording(alertId, row.data);
  }

  #keptAlerts(groups: readonly NotifyGroup[], evaluatedAtMs: number): Alert[] {
    const alerts = this.#database
      .prepare<DataRow>(
        'select data from alert where resolved_at = 0 or resolved_at >= ? order by active_at, id',
      )
      .all(evaluatedAtMs - resolvedKeptMs)
      .flatMap(({ data }) => decodeAlert(data) ?? []);
    const found = new Set(alerts.map(({ id }) => id));
    for (const { notifiedFiring } of groups) {
      for (const id of notifiedFiring) {
        if (found.has(id)) continue;
        found.add(id);
        const untold = this.alert(id);
        if (untold) alerts.push(untold);
      }
    }
    return alerts;
  }

  #acknowledgements(alertIds: ReadonlySet<string>): Record<string, Acknowledgement> {
    const rows = this.#database
      .prepare<DataRow & { alert_id: string }>('select alert_id, data from acknowledgement')
      .all();
    const entries = rows.flatMap(({ alert_id, data }) => {
      const acknowledgement = alertIds.has(alert_id) ? decodeJson<Acknowledgement>(data) : undefined;
      return acknowledgement ? [[alert_id, acknowledgement] as const] : [];
    });
    return Object.fromEntries(entries);
  }

  /** As much as is held in memory, and how many there are besides. */
  #waiting(): Pick<KeptAlerts, 'waiting' | 'waitingBeyond'> {
    const waiting: WaitingNotification[] = [];
    const ways = new Map<string, WaitingCount & { bytes: number; held: number; count: number }>();
    for (const { attempts, next_attempt, data } of this.#outboxRows()) {
      const notification = decodeNotification(data);
      if (!notification) continue;
      const { receiver, integration } = notification;
      const key = JSON.stringify([receiver, integration]);
      const way = ways.get(key) ?? { receiver, integration, held: 0, bytes: 0, count: 0 };
      ways.set(key, way);
      // Once one has no place, none behind it has.
      if (way.held >= heldNotifications.most || way.bytes >= heldNotifications.mostBytes) {
        way.count++;
        continue;
      }
      waiting.push({ notification, attempts, nextAttemptMs: next_attempt });
      way.held++;
      way.bytes += data.byteLength;
    }
    const waitingBeyond = [...ways.values()].flatMap(({ receiver, integration, count }) =>
      count > 0 ? { receiver, integration, count } : [],
    );
    return { waiting, waitingBeyond };
  }

  /** Oldest first, a few at a time: all of them may be large. */
  *#outboxRows(): Generator<WaitingRow> {
    const page = this.#database.prepare<WaitingRow>(
      'select seq, attempts, next_attempt, data from outbox where seq > ? order by seq limit 16',
    );
    for (let rows = page.all(-1); rows.length > 0; rows = page.all(rows.at(-1)!.seq)) yield* rows;
  }
}

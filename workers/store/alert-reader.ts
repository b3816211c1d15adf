import type { AlertsPageTask, KeptAlerts } from '../contract/alert-tasks.ts';
import type {
  Acknowledgement,
  Alert,
  AlertRecording,
  NotifyGroup,
  Silence,
  WaitingNotification,
} from '../contract/alerts.ts';
import { decodeRecording } from './alert-recording.ts';
import { decodeAlert, decodeJson, decodeNotification, decodeRows } from './alert-rows.ts';
import { type Database, type Statement, storableText } from './database.ts';

/** How long a resolved alert is kept for those who are to hear of it, as Prometheus does. */
export const resolvedKeptMs = 15 * 60_000;
/** How long a silence that ended is still shown, as Alertmanager does. */
const endedSilenceKeptMs = 5 * 24 * 60 * 60_000;

interface DataRow {
  readonly data: Uint8Array;
}

interface WaitingRow extends DataRow {
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
      waiting: this.#waiting(),
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

  #waiting(): WaitingNotification[] {
    return this.#database
      .prepare<WaitingRow>('select attempts, next_attempt, data from outbox order by seq')
      .all()
      .flatMap(({ attempts, next_attempt, data }) => {
        const notification = decodeNotification(data);
        return notification ? [{ notification, attempts, nextAttemptMs: next_attempt }] : [];
      });
  }
}

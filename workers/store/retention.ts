import type { Retention } from '../contract/tasks.ts';
import type { AlertRetention } from './alert-retention.ts';
import { type Database, type Statement, transaction } from './database.ts';
import type { ErrorGroups } from './error-groups.ts';
import type { Ledger } from './ledger.ts';
import { readColumns } from './names.ts';
import { hourMs, hourOf, hoursPerDay, minutesPerHour, periodOf, pragma, rowKey } from './schema.ts';
import type { TickHours } from './tick-hours.ts';
import { tickHourSql } from './written.ts';

/** Rows removed in one slice: some tens of milliseconds. */
const sliceRows = 500;
/** After the clock jumped, nothing is removed for its age until it has stood still this long. */
const distrustMs = hourMs;

export interface Limits {
  readonly retention: Retention;
  readonly quotaBytes: number;
}

/** Tells whether the clock has gone steadily: one that is wrong for a while must not age history away. */
export class ClockWatch {
  #lastMs: number;
  #trustedFromMs = Number.NEGATIVE_INFINITY;

  /** `lastMs` is the newest time in the store; NaN when there is none. */
  constructor(lastMs: number) {
    this.#lastMs = lastMs;
  }

  /** Takes note of the time that it is now. */
  trusts(nowMs: number): boolean {
    if (Math.abs(nowMs - this.#lastMs) > distrustMs) this.#trustedFromMs = nowMs + distrustMs;
    this.#lastMs = nowMs;
    return nowMs >= this.#trustedFromMs;
  }
}

/** Keys of a table whose rows lie by time. */
interface Periods {
  /** First key of the row, or rows, that an hour is in. */
  readonly keyAt: (hour: number) => number;
  /** First hour that a row is about. */
  readonly hourAt: (key: number) => number;
}

const hourRows: Periods = { keyAt: (hour) => rowKey(hour, 0), hourAt: periodOf };
const minuteRows: Periods = {
  keyAt: (hour) => hour * minutesPerHour,
  hourAt: (key) => Math.floor(key / minutesPerHour),
};
const dayRows: Periods = {
  keyAt: (hour) => rowKey(Math.floor(hour / hoursPerDay), 0),
  hourAt: (key) => periodOf(key) * hoursPerDay,
};

/** What history is in, finest resolution first; `hours` is what goes at once when it is over the quota. */
const resolutions = [
  { keep: 'rawMs', hours: 1, tables: { chunk: hourRows } },
  { keep: 'minuteMs', hours: 1, tables: { minute: hourRows, duration_minute: minuteRows } },
  { keep: 'hourMs', hours: hoursPerDay, tables: { day: dayRows, duration_day: dayRows } },
] as const satisfies readonly {
  keep: keyof Retention;
  hours: number;
  tables: Record<string, Periods>;
}[];

/** A table with its statements. */
interface HistoryTable extends Periods {
  readonly firstKey: Statement<{ key: number | null }>;
  readonly remove: Statement<never>;
}

/** The first hour that some tables have; null when they are empty. */
function firstHourOf(tables: readonly HistoryTable[]): number | null {
  let first: number | null = null;
  for (const { firstKey, hourAt } of tables) {
    const { key } = firstKey.get()!;
    if (key !== null) first = Math.min(first ?? Number.MAX_SAFE_INTEGER, hourAt(key));
  }
  return first;
}

/** At most this part of the quota is for error groups: no flood of errors may displace the rest. */
const errorShare = 1 / 8;
/** The same for alerts with their recordings and notifications. */
const alertShare = 1 / 8;

/**
 * Removes what is not needed any more, a bounded slice a call: ticks that are in chunks and that every sink has
 * had, rows beyond their retention, names without data, and what is over the quota.
 */
export class Housekeeping {
  readonly #database: Database;
  readonly #ledger: Ledger;
  readonly #hours: TickHours;
  readonly #removeTicks: Statement<never>;
  readonly #removeWritten: Statement<never>;
  readonly #errors: ErrorGroups;
  readonly #alerts: AlertRetention;
  readonly #history: readonly {
    readonly keep: keyof Retention;
    readonly hours: number;
    readonly tables: readonly HistoryTable[];
  }[];
  readonly #removeHours: readonly Statement<never>[];
  readonly #oldestTicks: Statement<{ seq: number; hour: number }>;
  readonly #removeFirst: readonly Statement<never>[];
  readonly #pageSize: number;
  /** Hour that retention was last done in; until then it is due. */
  #cleanedHour = Number.NaN;

  constructor(
    database: Database,
    ledger: Ledger,
    hours: TickHours,
    errors: ErrorGroups,
    alerts: AlertRetention,
  ) {
    this.#database = database;
    this.#errors = errors;
    this.#alerts = alerts;
    this.#ledger = ledger;
    this.#hours = hours;
    this.#removeTicks = database.prepare(
      `delete from tick where seq in
        (select seq from tick where t >= ? and t < ? and seq < ? limit ${sliceRows})`,
    );
    this.#removeWritten = database.prepare(
      `delete from written where seq in
        (select seq from written where hour = ? and seq < ? limit ${sliceRows})`,
    );
    this.#history = resolutions.map(({ keep, hours, tables }) => ({
      ...{ keep, hours },
      tables: Object.entries(tables).map(([table, periods]: [string, Periods]) => ({
        ...periods,
        firstKey: database.prepare<{ key: number | null }>(`select min(key) key from ${table}`),
        remove: database.prepare<never>(
          `delete from ${table} where key in
            (select key from ${table} where key < ? order by key limit ${sliceRows})`,
        ),
      })),
    }));
    this.#removeHours = ['used_time', 'duration_hour'].map((table) =>
      database.prepare(`delete from ${table} where hour < ?`),
    );
    this.#oldestTicks = database.prepare(
      `select seq, ${tickHourSql} hour from tick union all
        select seq, hour from written order by seq limit ${sliceRows}`,
    );
    this.#removeFirst = ['tick', 'written'].map((table) =>
      database.prepare(`delete from ${table} where seq < ?`),
    );
    this.#pageSize = pragma(database, 'page_size');
  }

  /** The newest time in the store; NaN when it is empty. */
  newestMs(): number {
    const { t } = this.#database.prepare<{ t: number | null }>('select max(t) t from tick').get()!;
    const { hour } = this.#database
      .prepare<{ hour: number | null }>('select max(hour) hour from used_time')
      .get()!;
    return t ?? (hour === null ? Number.NaN : (hour + 1) * hourMs);
  }

  /** Bytes in use; the file itself keeps freed pages for later. */
  bytesUsed(): number {
    return (pragma(this.#database, 'page_count') - pragma(this.#database, 'freelist_count')) * this.#pageSize;
  }

  /** Removes ticks and written points that are in chunks and that every sink has had; false when there are none. */
  removeDeliveredTicks(): boolean {
    const passedSeq = Math.min(this.#ledger.passedSeq, this.#ledger.nextSeq);
    const [hour] = this.#hours.leftovers(passedSeq);
    if (hour === undefined) return false;
    transaction(this.#database, () => {
      this.#removeTicks.run(hour * hourMs, (hour + 1) * hourMs, passedSeq);
      this.#removeWritten.run(hour, passedSeq);
      this.#hours.recount(hour);
    });
    return true;
  }

  /** Once an hour, removes rows beyond their retention; false when there are none. */
  removeOld(nowMs: number, retention: Retention): boolean {
    if (this.#cleanedHour === hourOf(nowMs)) return false;
    for (const { keep, tables } of this.#history) {
      const hour = hourOf(nowMs - retention[keep]);
      for (const table of tables) if (this.#removeBefore(table, hour) > 0) return true;
    }
    return transaction(this.#database, () => {
      if (this.#errors.removeUnseen(nowMs - retention.minuteMs)) return true;
      if (this.#alerts.removeOld(nowMs - retention.minuteMs)) return true;
      for (const remove of this.#removeHours) remove.run(hourOf(nowMs - retention.hourMs));
      this.#cleanedHour = hourOf(nowMs);
      return false;
    });
  }

  #removeBefore({ remove, keyAt }: HistoryTable, hour: number): number {
    return transaction(this.#database, () => remove.run(keyAt(hour)).changes);
  }

  /**
   * While the store is over its quota, removes the longest unseen error groups, or the oldest of alerts, when those
   * take more than their part, else the oldest hour of the finest resolution, then of the next, then the oldest ticks; what a sink had not had
   * of those is counted as dropped. Says what was removed.
   */
  removeExcess(quotaBytes: number): 'nothing' | 'rows' | 'ticks' {
    if (this.bytesUsed() <= quotaBytes) return 'nothing';
    if (transaction(this.#database, () => this.#errors.removeExcess(quotaBytes * errorShare))) return 'rows';
    if (transaction(this.#database, () => this.#alerts.removeExcess(quotaBytes * alertShare))) return 'rows';
    for (const { hours, tables } of this.#history) {
      const oldest = firstHourOf(tables);
      if (oldest === null) continue;
      for (const table of tables) this.#removeBefore(table, oldest + hours);
      return 'rows';
    }
    return this.#removeOldestTicks() ? 'ticks' : 'nothing';
  }

  #removeOldestTicks(): boolean {
    const oldest = this.#oldestTicks.all();
    const last = oldest.at(-1);
    if (!last) return false;
    transaction(this.#database, () => {
      this.#ledger.dropBefore(last.seq + 1, 'quota');
      for (const remove of this.#removeFirst) remove.run(last.seq + 1);
      for (const hour of new Set(oldest.map(({ hour }) => hour))) this.#hours.recount(hour);
    });
    return true;
  }

  /**
   * Removes layouts that no tick uses and series that have no data. True when there were any: who gave ids to
   * names must then forget them.
   */
  removeUnusedNames(): boolean {
    const [firstTick, firstDurations] = ['tick', 'duration_tick'].map((table) => {
      const { t } = this.#database.prepare<{ t: number | null }>(`select min(t) t from ${table}`).get()!;
      return t === null ? Number.MAX_SAFE_INTEGER : hourOf(t);
    }) as [number, number];
    const written = this.#database
      .prepare<{ hour: number | null }>('select min(hour) hour from written')
      .get()!;
    const firstUse = Math.min(firstTick, written.hour ?? Number.MAX_SAFE_INTEGER);
    const firstRow = firstHourOf(this.#history.flatMap(({ tables }) => tables)) ?? Number.MAX_SAFE_INTEGER;
    const firstDay = Math.floor(Math.min(firstUse, firstDurations, firstRow) / hoursPerDay);
    return transaction(this.#database, () => {
      const layouts = this.#database.prepare('delete from layout where last_hour < ?').run(firstUse).changes;
      const used = new Set<number>();
      for (const { series } of this.#database
        .prepare<{ series: Uint8Array }>('select series from layout')
        .all()) {
        for (const ids of readColumns(series) ?? []) for (const id of ids) used.add(id);
      }
      const old = this.#database.prepare<{ id: number }>('select id from series where last_day < ?');
      const remove = this.#database.prepare('delete from series where id = ?');
      let series = 0;
      for (const { id } of old.all(firstDay)) if (!used.has(id)) series += remove.run(id).changes;
      const timed = this.#database.prepare('delete from duration_series where last_day < ?').run(firstDay);
      return layouts + series + timed.changes > 0;
    });
  }
}

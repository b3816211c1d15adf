import type { Retention } from '../contract/tasks.ts';
import { type Database, type Statement, transaction } from './database.ts';
import type { Ledger } from './ledger.ts';
import { readColumns } from './names.ts';
import { hourMs, hourOf, hoursPerDay, periodOf, pragma, rowKey } from './schema.ts';
import type { TickHours } from './tick-hours.ts';

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

const resolutions = ['chunk', 'minute', 'day'] as const;
type Resolution = (typeof resolutions)[number];

/**
 * Removes what is not needed any more, a bounded slice a call: ticks that are in chunks and that every sink has
 * had, rows beyond their retention, names without data, and what is over the quota.
 */
export class Housekeeping {
  readonly #database: Database;
  readonly #ledger: Ledger;
  readonly #hours: TickHours;
  readonly #removeTicks: Statement<never>;
  readonly #removeRows: Record<Resolution, Statement<never>>;
  readonly #firstKey: Record<Resolution, Statement<{ key: number | null }>>;
  readonly #removeUsed: Statement<never>;
  readonly #oldestTicks: Statement<{ seq: number; t: number }>;
  readonly #removeFirstTicks: Statement<never>;
  readonly #pageSize: number;
  /** Hour that retention was last done in; until then it is due. */
  #cleanedHour = Number.NaN;

  constructor(database: Database, ledger: Ledger, hours: TickHours) {
    this.#database = database;
    this.#ledger = ledger;
    this.#hours = hours;
    this.#removeTicks = database.prepare(
      `delete from tick where seq in
        (select seq from tick where t >= ? and t < ? and seq < ? limit ${sliceRows})`,
    );
    const removal = (table: Resolution) =>
      database.prepare<never>(
        `delete from ${table} where key in
          (select key from ${table} where key < ? order by key limit ${sliceRows})`,
      );
    const first = (table: Resolution) =>
      database.prepare<{ key: number | null }>(`select min(key) key from ${table}`);
    this.#removeRows = { chunk: removal('chunk'), minute: removal('minute'), day: removal('day') };
    this.#firstKey = { chunk: first('chunk'), minute: first('minute'), day: first('day') };
    this.#removeUsed = database.prepare('delete from used_time where hour < ?');
    this.#oldestTicks = database.prepare(`select seq, t from tick order by seq limit ${sliceRows}`);
    this.#removeFirstTicks = database.prepare('delete from tick where seq < ?');
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

  /** Removes ticks that are in chunks and that every sink has had; false when there are none. */
  removeDeliveredTicks(): boolean {
    const passedSeq = Math.min(this.#ledger.passedSeq, this.#ledger.nextSeq);
    const [hour] = this.#hours.leftovers(passedSeq);
    if (hour === undefined) return false;
    transaction(this.#database, () => {
      this.#removeTicks.run(hour * hourMs, (hour + 1) * hourMs, passedSeq);
      this.#hours.recount(hour);
    });
    return true;
  }

  /** Once an hour, removes rows beyond their retention; false when there are none. */
  removeOld(nowMs: number, { rawMs, minuteMs, hourMs: dayMs }: Retention): boolean {
    if (this.#cleanedHour === hourOf(nowMs)) return false;
    const oldest: readonly [Resolution, number][] = [
      ['chunk', hourOf(nowMs - rawMs)],
      ['minute', hourOf(nowMs - minuteMs)],
      ['day', Math.floor(hourOf(nowMs - dayMs) / hoursPerDay)],
    ];
    for (const [table, period] of oldest) {
      const removed = transaction(
        this.#database,
        () => this.#removeRows[table].run(rowKey(period, 0)).changes,
      );
      if (removed > 0) return true;
    }
    transaction(this.#database, () => this.#removeUsed.run(hourOf(nowMs - dayMs)));
    this.#cleanedHour = hourOf(nowMs);
    return false;
  }

  /**
   * While the store is over its quota, removes the oldest hour of the finest resolution, then of the next, then
   * the oldest ticks; what a sink had not had of those is counted as dropped. Says what was removed.
   */
  removeExcess(quotaBytes: number): 'nothing' | 'rows' | 'ticks' {
    if (this.bytesUsed() <= quotaBytes) return 'nothing';
    for (const table of resolutions) {
      const { key } = this.#firstKey[table].get()!;
      if (key === null) continue;
      const nextPeriod = rowKey(periodOf(key) + 1, 0);
      transaction(this.#database, () => this.#removeRows[table].run(nextPeriod));
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
      this.#removeFirstTicks.run(last.seq + 1);
      for (const hour of new Set(oldest.map(({ t }) => hourOf(t)))) this.#hours.recount(hour);
    });
    return true;
  }

  /**
   * Removes layouts that no tick uses and series that have no data. True when there were any: who gave ids to
   * names must then forget them.
   */
  removeUnusedNames(): boolean {
    const { t } = this.#database.prepare<{ t: number | null }>('select min(t) t from tick').get()!;
    const firstHour = t === null ? Number.MAX_SAFE_INTEGER : hourOf(t);
    const days = [Math.floor(firstHour / hoursPerDay)];
    for (const [table, perDay] of [
      ['chunk', hoursPerDay],
      ['minute', hoursPerDay],
      ['day', 1],
    ] as const) {
      const { key } = this.#firstKey[table].get()!;
      if (key !== null) days.push(Math.floor(periodOf(key) / perDay));
    }
    return transaction(this.#database, () => {
      const layouts = this.#database.prepare('delete from layout where last_hour < ?').run(firstHour).changes;
      const used = new Set<number>();
      for (const { series } of this.#database
        .prepare<{ series: Uint8Array }>('select series from layout')
        .all()) {
        for (const ids of readColumns(series) ?? []) for (const id of ids) used.add(id);
      }
      const old = this.#database.prepare<{ id: number }>('select id from series where last_day < ?');
      const remove = this.#database.prepare('delete from series where id = ?');
      let series = 0;
      for (const { id } of old.all(Math.min(...days))) if (!used.has(id)) series += remove.run(id).changes;
      return layouts + series > 0;
    });
  }
}

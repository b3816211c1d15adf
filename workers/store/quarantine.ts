import type { QuarantinedPoint, RefusedLine, SpoolTask } from '../contract/tasks.ts';
import type { Database, SqlValue, Statement } from './database.ts';
import type { Ledger } from './ledger.ts';

/** Refused points kept for each sink; beyond that the oldest are dropped. */
const maxQuarantined = 10_000;

interface Row {
  readonly id: number;
  readonly sink: string;
  readonly line: string;
  readonly reason: string;
  readonly refused_at: number;
}

export interface QuarantineFilter {
  readonly sink?: string | undefined;
  readonly ids?: readonly number[] | undefined;
  readonly limit: number;
  /** Newest first, those with a smaller id than this. */
  readonly newestBefore?: number | undefined;
}

/** Lists refused points, oldest first unless told. */
export function listQuarantine(
  database: Database,
  { sink, ids, limit, newestBefore }: QuarantineFilter,
): QuarantinedPoint[] {
  const wanted: string[] = [];
  const values: SqlValue[] = [];
  if (sink !== undefined) {
    wanted.push('sink = ?');
    values.push(sink);
  }
  if (ids !== undefined) {
    wanted.push('id in (select value from json_each(?))');
    values.push(JSON.stringify(ids));
  }
  if (newestBefore !== undefined) {
    wanted.push('id < ?');
    values.push(newestBefore);
  }
  const order = newestBefore === undefined ? 'asc' : 'desc';
  const where = wanted.length > 0 ? `where ${wanted.join(' and ')}` : '';
  return database
    .prepare<Row>(
      `select id, sink, line, reason, refused_at from quarantine ${where} order by id ${order} limit ?`,
    )
    .all(...values, limit)
    .map(({ id, sink, line, reason, refused_at }) => ({ id, sink, line, reason, refusedAtMs: refused_at }));
}

/** Points that a destination refused: kept until they are sent again or given up. Changes need a transaction. */
export class Quarantine {
  readonly #ledger: Ledger;
  readonly #insert: Statement<never>;
  readonly #count: Statement<{ n: number }>;
  readonly #removeOldest: Statement<never>;
  readonly #find: Statement<{ sink: string }>;
  readonly #update: Statement<never>;
  readonly #remove: Statement<never>;

  constructor(database: Database, ledger: Ledger) {
    this.#ledger = ledger;
    this.#insert = database.prepare(
      'insert into quarantine(sink, line, reason, refused_at) values (?, ?, ?, ?)',
    );
    this.#count = database.prepare('select count(*) n from quarantine where sink = ?');
    this.#removeOldest = database.prepare(
      'delete from quarantine where id in (select id from quarantine where sink = ? order by id limit ?)',
    );
    this.#find = database.prepare('select sink from quarantine where id = ?');
    this.#update = database.prepare('update quarantine set line = ?, reason = ? where id = ?');
    this.#remove = database.prepare('delete from quarantine where id = ?');
  }

  /** Keeps the lines; who calls it has counted them as quarantined. */
  add(sink: string, refused: readonly RefusedLine[], nowMs: number): void {
    if (refused.length === 0) return;
    for (const { line, reason } of refused)
      this.#insert.run(sink, text(line), text(reason), Math.floor(nowMs));
    const excess = this.#count.get(sink)!.n - maxQuarantined;
    if (excess <= 0) return;
    this.#removeOldest.run(sink, excess);
    this.#ledger.release(sink, excess, 'quarantine_full');
  }

  /** Returns the number of points that were there and changed. */
  change(task: Exclude<SpoolTask, { do: 'list' }>): number {
    if (task.do === 'drop') return this.#release(task.ids, 'spool_drop');
    let changed = this.#release(task.delivered);
    for (const { id, line, reason } of task.refused) {
      changed += this.#update.run(text(line), text(reason), id).changes;
    }
    return changed;
  }

  #release(ids: readonly number[], reason?: 'spool_drop'): number {
    let changed = 0;
    for (const id of ids) {
      const row = this.#find.get(id);
      if (!row) continue;
      this.#remove.run(id);
      this.#ledger.release(row.sink, 1, reason);
      changed++;
    }
    return changed;
  }
}

/** SQLite text ends at a NUL, which no line that was accepted could hold. */
function text(value: string): string {
  return value.replaceAll('\0', '\u{fffd}');
}

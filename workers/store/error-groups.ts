import type { ErrorGroup, StoredErrorGroup } from '../contract/events.ts';
import type { ErrorGroupsTask } from '../contract/tasks.ts';
import { type Database, type SqlValue, type Statement, storableText } from './database.ts';

/** Groups that are kept; beyond that the longest unseen go. */
const maxGroups = 10_000;
/** Groups removed in one slice: each may have some tens of KB. */
const sliceGroups = 100;

interface Row {
  readonly process: string;
  readonly fingerprint: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly count: number;
  readonly data: Uint8Array;
}

const columns = 'process, fingerprint, first_seen, last_seen, count, data';
const text = new TextEncoder();
const fromText = new TextDecoder();

/** Keeps error groups by process and fingerprint. Changes need a transaction; one that fails discards this object. */
export class ErrorGroups {
  readonly #update: Statement<never>;
  readonly #insert: Statement<never>;
  readonly #find: Statement<Row>;
  readonly #removeUnseen: Statement<never>;
  readonly #removeLast: Statement<never>;
  readonly #bytes: Statement<{ bytes: number | null }>;
  #count: number;

  constructor(database: Database) {
    this.#update = database.prepare(
      `update error_group set first_seen = ?, last_seen = ?, count = ?, data = ?
        where process = ? and fingerprint = ?`,
    );
    this.#insert = database.prepare(
      `insert into error_group(first_seen, last_seen, count, data, process, fingerprint)
        values (?, ?, ?, ?, ?, ?)`,
    );
    this.#find = database.prepare(`select ${columns} from error_group where process = ? and fingerprint = ?`);
    this.#removeUnseen = database.prepare(
      `delete from error_group where rowid in
        (select rowid from error_group where last_seen < ? limit ${sliceGroups})`,
    );
    this.#removeLast = database.prepare(
      'delete from error_group where rowid in (select rowid from error_group order by last_seen limit ?)',
    );
    this.#bytes = database.prepare('select sum(length(data)) bytes from error_group');
    this.#count = database.prepare<{ n: number }>('select count(*) n from error_group').get()!.n;
  }

  /** Puts a group in place of what was known of it. */
  put(group: StoredErrorGroup): void {
    const { process, fingerprint, firstSeenMs, lastSeenMs, count, ...rest } = group;
    const data = text.encode(JSON.stringify(rest));
    const values = [
      firstSeenMs,
      lastSeenMs,
      count,
      data,
      storableText(process),
      storableText(fingerprint),
    ] as const;
    if (this.#update.run(...values).changes > 0) return;
    this.#insert.run(...values);
    this.#count++;
    if (this.#count > maxGroups) this.#count -= this.#removeLast.run(this.#count - maxGroups).changes;
  }

  /** undefined when there is none, or it cannot be read. */
  find(process: string, fingerprint: string): StoredErrorGroup | undefined {
    const row = this.#find.get(storableText(process), storableText(fingerprint));
    return row && readGroup(row);
  }

  /** Removes some of the groups that were last seen before; false when there are none. */
  removeUnseen(beforeMs: number): boolean {
    const removed = this.#removeUnseen.run(beforeMs).changes;
    this.#count -= removed;
    return removed > 0;
  }

  /** Removes some of the longest unseen when all take more than `mostBytes`; false when they do not. */
  removeExcess(mostBytes: number): boolean {
    if ((this.#bytes.get()!.bytes ?? 0) <= mostBytes) return false;
    this.#count -= this.#removeLast.run(sliceGroups).changes;
    return true;
  }
}

/**
 * Lists groups, the newest first by when they were last seen, then by fingerprint and process. A group that is seen
 * again while somebody pages moves to the front; none is listed twice behind a cursor.
 */
export function listErrorGroups(database: Database, filter: ErrorGroupsTask): ErrorGroup[] {
  const wanted: string[] = [];
  const values: SqlValue[] = [];
  if (filter.before) {
    const { lastSeenMs, fingerprint, process = lastName } = filter.before;
    wanted.push('last_seen <= ? and (last_seen < ? or (fingerprint, process) > (?, ?))');
    values.push(lastSeenMs, lastSeenMs, storableText(fingerprint), storableText(process));
  }
  if (filter.process !== undefined) {
    wanted.push('process = ?');
    values.push(storableText(filter.process));
  }
  if (filter.within) {
    wanted.push('last_seen >= ? and first_seen <= ?');
    values.push(filter.within.startMs, filter.within.endMs);
  }
  const where = wanted.length > 0 ? `where ${wanted.join(' and ')}` : '';
  return database
    .prepare<Row>(
      `select ${columns} from error_group ${where} order by last_seen desc, fingerprint, process limit ?`,
    )
    .all(...values, filter.limit)
    .flatMap((row) => shownGroup(row) ?? []);
}

/** The group of this fingerprint that was last seen, of any process unless one is named. */
export function findErrorGroup(
  database: Database,
  fingerprint: string,
  process?: string,
): ErrorGroup | undefined {
  const row = database
    .prepare<Row>(
      `select ${columns} from error_group
        where fingerprint = ? and (? is null or process = ?) order by last_seen desc limit 1`,
    )
    .get(
      storableText(fingerprint),
      process === undefined ? null : storableText(process),
      storableText(process ?? ''),
    );
  return row && shownGroup(row);
}

/** Behind every name. */
const lastName = '\u{10ffff}';

function readGroup(row: Row): StoredErrorGroup | undefined {
  try {
    const rest = JSON.parse(fromText.decode(row.data)) as Omit<StoredErrorGroup, 'process' | 'fingerprint'>;
    return {
      ...rest,
      process: row.process,
      fingerprint: row.fingerprint,
      firstSeenMs: row.first_seen,
      lastSeenMs: row.last_seen,
      count: row.count,
    };
  } catch {
    return undefined;
  }
}

function shownGroup(row: Row): ErrorGroup | undefined {
  const group = readGroup(row);
  if (!group) return undefined;
  const { userState: _, ...shown } = group;
  return shown;
}

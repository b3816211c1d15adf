import { createRequire } from 'node:module';
import { StoreError, storeErrorOf } from './store-error.ts';

export type SqlValue = string | number | null | Uint8Array;

/** A prepared statement. Values are bound by place. Blobs come back as Uint8Array, integers as numbers. */
export interface Statement<R> {
  run(...values: SqlValue[]): { changes: number; lastId: number };
  get(...values: SqlValue[]): R | undefined;
  /** Every row: bound what is asked for, all of it is in memory. */
  all(...values: SqlValue[]): R[];
}

/** SQLite, whatever brings it. All calls are synchronous and throw `StoreError`. */
export interface Database {
  readonly driver: 'node:sqlite' | 'libsql';
  exec(sql: string): void;
  prepare<R = Record<string, SqlValue>>(sql: string): Statement<R>;
  close(): void;
}

export interface OpenOptions {
  readonly readOnly?: boolean;
  /** How long to wait for another process's lock, in milliseconds. */
  readonly busyTimeoutMs?: number;
}

/** What both drivers have in common. */
interface DriverStatement {
  run(...values: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...values: SqlValue[]): object | undefined;
  all(...values: SqlValue[]): object[];
}

interface DriverDatabase {
  exec(sql: string): void;
  prepare(sql: string): DriverStatement;
  close(): void;
}

/**
 * Opens a database file with `node:sqlite` where the runtime has it, else with the `libsql` package; each reads
 * the other's files. A writer makes the file when there is none.
 */
export function openDatabase(path: string, options: OpenOptions = {}): Database {
  const { readOnly = false, busyTimeoutMs = 2000 } = options;
  const native = nodeSqlite();
  const driver = attempt(() =>
    native ? new native.DatabaseSync(path, { readOnly }) : openLibsql(path, readOnly),
  );
  const database: Database = {
    driver: native ? 'node:sqlite' : 'libsql',
    exec: (sql) => attempt(() => driver.exec(sql)),
    prepare: <R>(sql: string) => prepared<R>(driver, sql),
    close: () => attempt(() => driver.close()),
  };
  try {
    database.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Runs `work` in one transaction of a writer: all of it happens, or none. */
export function transaction<T>(database: Database, work: () => T): T {
  return within(database, 'begin immediate', work);
}

/** Runs `work` on one unchanging view of the data. */
export function snapshot<T>(database: Database, work: () => T): T {
  return within(database, 'begin', work);
}

function within<T>(database: Database, begin: string, work: () => T): T {
  database.exec(begin);
  try {
    const result = work();
    database.exec('commit');
    return result;
  } catch (error) {
    try {
      database.exec('rollback');
    } catch {
      // SQLite has rolled back by itself after some errors; the first error is the one that tells.
    }
    throw error;
  }
}

function prepared<R>(driver: DriverDatabase, sql: string): Statement<R> {
  const statement = attempt(() => driver.prepare(sql));
  return {
    run: (...values) =>
      attempt(() => {
        // libsql takes a single blob that is not in an array for named parameters, and ends the process.
        const { changes, lastInsertRowid } = callWith(statement, 'run', values);
        return { changes: Number(changes), lastId: Number(lastInsertRowid) };
      }),
    get: (...values) =>
      attempt(() => {
        const row = callWith(statement, 'get', values);
        return row ? normalised<R>(row) : undefined;
      }),
    all: (...values) =>
      attempt(() => {
        const rows = callWith(statement, 'all', values);
        for (const row of rows) normalised<R>(row);
        return rows as R[];
      }),
  };
}

let libsqlInUse = false;

function callWith<M extends 'run' | 'get' | 'all'>(
  statement: DriverStatement,
  method: M,
  values: SqlValue[],
): ReturnType<DriverStatement[M]> {
  for (const value of values) checkValue(value);
  const call = statement[method] as (...values: unknown[]) => ReturnType<DriverStatement[M]>;
  return libsqlInUse ? call.call(statement, values) : call.apply(statement, values);
}

/** Text as a row can hold it: SQLite's ends at a NUL. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

/** What a driver would change silently, or die of, is refused here. */
function checkValue(value: unknown): void {
  if (typeof value === 'number' ? Number.isFinite(value) : value === null || value instanceof Uint8Array)
    return;
  if (typeof value === 'string' && !value.includes('\0')) return;
  throw new StoreError('sql', `this value cannot be stored: ${String(value).slice(0, 80)}`);
}

/** libsql gives ArrayBuffers or Buffers for blobs, and a key of its own. */
function normalised<R>(row: object): R {
  const columns = row as Record<string, unknown>;
  for (const name in columns) {
    const value = columns[name];
    if (typeof value !== 'object' || value === null) continue;
    if (value instanceof ArrayBuffer) columns[name] = new Uint8Array(value);
    else if (value instanceof Buffer)
      columns[name] = new Uint8Array(value.buffer, value.byteOffset, value.length);
  }
  return row as R;
}

function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw storeErrorOf(error);
  }
}

interface NodeSqlite {
  DatabaseSync: new (path: string, options: { readOnly: boolean }) => DriverDatabase;
}

function nodeSqlite(): NodeSqlite | undefined {
  // Node 22 warns that it is experimental each time it is loaded; nothing else is kept quiet.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule?.('node:sqlite') as NodeSqlite | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function openLibsql(path: string, readOnly: boolean): DriverDatabase {
  libsqlInUse = true;
  const Libsql = createRequire(import.meta.url)('libsql') as new (path: string) => DriverDatabase;
  const escaped = path.replaceAll('%', '%25').replaceAll('?', '%3f').replaceAll('#', '%23');
  return new Libsql(readOnly ? `file:${escaped}?mode=ro` : path);
}

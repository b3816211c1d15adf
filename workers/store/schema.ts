import type { Database } from './database.ts';
import { StoreError } from './store-error.ts';

export const hourMs = 3_600_000;
export const minuteMs = 60_000;
export const hoursPerDay = 24;

/** 'NOVA': what makes the file one of ours. */
const applicationId = 0x4e4f5641;
const schemaVersion = 1;

/**
 * Rows of `chunk`, `minute` and `day` lie by time first and series second: an hour's rows are written one behind
 * the other, which fills pages whole, and the oldest hour is one range to remove. A series is read by one seek an
 * hour. The multiplication keeps keys exact for 2^20 hours (to the year 2089) and 2^32 series.
 */
const seriesSpan = 2 ** 32;

/** Key of a series in an hour, or in a day. */
export function rowKey(period: number, seriesId: number): number {
  return period * seriesSpan + seriesId;
}

export function periodOf(key: number): number {
  return Math.floor(key / seriesSpan);
}

export function seriesOf(key: number): number {
  return key % seriesSpan;
}

export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / hourMs);
}

const tables = `
-- Names of a series, as seriesKey of workers/point/point.ts writes them. Ids are never used again.
create table series(id integer primary key autoincrement, key text not null unique, last_day integer not null);
-- The columns of a section: for each point its number of fields and their series. last_hour: latest use.
create table layout(id integer primary key autoincrement, series blob not null unique, last_hour integer not null);
-- seq is the order of delivery, t the time in ms. sections: see ticks.ts.
create table tick(seq integer primary key, t integer not null unique, points integer not null, sections blob not null);
-- Hours that have ticks; pending while those are not in chunks yet.
create table tick_hour(hour integer primary key, pending integer not null);
-- Times of the ticks of compacted hours, so that none is given twice.
create table used_time(hour integer primary key, times blob not null);
create table chunk(key integer primary key, data blob not null);
create table minute(key integer primary key, data blob not null);
create table day(key integer primary key, data blob not null);
create table state(
  id integer primary key check (id = 1), collected integer not null, next_seq integer not null,
  clean integer not null);
insert into state values (1, 0, 1, 1);
-- seq, offset: the next point to deliver. base: the store's collected less that of the sink.
-- removed_collected: what it had collected when it left the configuration, null while it is there.
create table sink(
  name text primary key, seq integer not null, offset integer not null, base integer not null,
  delivered integer not null, quarantined integer not null, removed_collected integer) without rowid;
create table dropped(sink text, reason text, points integer not null, primary key (sink, reason)) without rowid;
create table quarantine(
  id integer primary key autoincrement, sink text not null, line text not null, reason text not null,
  refused_at integer not null);
create index quarantine_sink on quarantine(sink, id);
`;

/** Of SQLite, for each connection: rows are written in order and read once, so that more is only held, not used. */
export const cacheKilobytes = 256;

/** Sets up a connection that writes: each commit is on the disk before it returns. */
function setUpWriter(database: Database): void {
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = full');
  database.exec(`pragma cache_size = -${cacheKilobytes}`);
  // The log is cut back to this after a large change.
  database.exec('pragma journal_size_limit = 8388608');
}

/** Makes the tables of a new file; throws `StoreError` 'foreign' when the file is not ours or of a newer version. */
export function setUpSchema(database: Database): void {
  const version = pragma(database, 'user_version');
  if (version === 0 && pragma(database, 'application_id') === 0 && isEmpty(database)) {
    // Large enough that few bytes are left over between chunks of some 1.5 KB.
    database.exec('pragma page_size = 8192');
    setUpWriter(database);
    database.exec(
      `begin immediate; ${tables} pragma application_id = ${applicationId}; pragma user_version = ${schemaVersion}; commit`,
    );
    return;
  }
  checkSchema(database);
  setUpWriter(database);
}

/** Throws `StoreError` 'foreign' when the file is not ours or of a newer version. */
export function checkSchema(database: Database): void {
  if (pragma(database, 'application_id') !== applicationId) {
    throw new StoreError('foreign', 'the file is a database of something else; it is left as it is');
  }
  const version = pragma(database, 'user_version');
  if (version > schemaVersion) {
    throw new StoreError(
      'foreign',
      `the store is of a newer version (${version}; this one knows ${schemaVersion}); it is left as it is`,
    );
  }
}

/** The number that `pragma name` answers. */
export function pragma(database: Database, name: string): number {
  return Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0] as number;
}

function isEmpty(database: Database): boolean {
  return database.prepare<{ n: number }>('select count(*) n from sqlite_master').get()!.n === 0;
}

import { type Database, transaction } from './database.ts';
import { StoreError } from './store-error.ts';

export const hourMs = 3_600_000;
export const minuteMs = 60_000;
export const minutesPerHour = 60;
export const hoursPerDay = 24;

/** What is being written is left alone for this long. */
export const restMs = 5 * minuteMs;

/** 'NOVA': what makes the file one of ours. */
const applicationId = 0x4e4f5641;

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

export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / minuteMs);
}

/** Not the hour that is being written: past, or far ahead since the clock came back from there. */
export function isRestingHour(hour: number, nowMs: number): boolean {
  return hour < hourOf(nowMs - restMs) || hour > hourOf(nowMs + restMs);
}

const firstTables = `
-- Names of a series, as seriesKey of workers/point/point.ts writes them. Ids are never used again.
create table series(id integer primary key autoincrement, key text not null unique, last_day integer not null);
-- The columns of a section: for each point its number of fields and their series. last_hour: latest use.
create table layout(id integer primary key autoincrement, series blob not null unique, last_hour integer not null);
-- seq is the order of delivery, t the time in ms. sections: see ticks.ts.
create table tick(seq integer primary key, t integer not null unique, points integer not null, sections blob not null);
-- Hours that have ticks or written points; pending while those are not in chunks yet.
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

/** The insides of the watched service. */
const insideTables = `
-- Names of the series that histograms of durations are of, as in table series. last_day: latest use.
create table duration_series(id integer primary key autoincrement, key text not null unique, last_day integer not null);
-- Histograms of a tick, until they are in those of their minute. Blocks: see duration-block.ts.
create table duration_tick(t integer primary key, data blob not null);
-- All series of a minute, packed; key: minutes since 1970.
create table duration_minute(key integer primary key, data blob not null);
-- Hours that have minutes; pending while those are not in the day's rows yet.
create table duration_hour(hour integer primary key, pending integer not null);
-- The hours of a day for each series, under rowKey(day, series).
create table duration_day(key integer primary key, data blob not null);
-- data: JSON of what has no column.
create table error_group(
  process text not null, fingerprint text not null, first_seen integer not null, last_seen integer not null,
  count integer not null, data blob not null, primary key (process, fingerprint));
create index error_group_seen on error_group(last_seen desc, fingerprint, process);
create table kept(name text primary key, data blob not null);
`;

/** Alerts. data: JSON, see alert-rows.ts. Times in ms; 0 is never. */
const alertTables = `
-- Episodes. resolved_at: 0 until then.
create table alert(
  id text primary key, state text not null, active_at integer not null, resolved_at integer not null,
  data blob not null);
create index alert_newest on alert(active_at, id, state);
create index alert_resolved on alert(resolved_at);
create table acknowledgement(alert_id text primary key, data blob not null);
-- Alerts that are told together.
create table notify_group(key text primary key, data blob not null);
-- Notifications that wait, oldest first by seq.
create table outbox(
  seq integer primary key autoincrement, id text not null unique, attempts integer not null,
  next_attempt integer not null, data blob not null);
create table silence(id text primary key, ends_at integer not null, data blob not null);
-- Series around the begin of an alert: see alert-recording.ts.
create table alert_recording(alert_id text primary key, to_ms integer not null, data blob not null);
-- evaluated_at: the last evaluation of rules that is in here. dropped: notifications that went unsent for want of room.
create table alert_state(id integer primary key check (id = 1), evaluated_at integer not null, dropped integer not null);
insert into alert_state values (1, 0, 0);
`;

/** What others wrote. */
const writtenTables = `
-- Points that others wrote, of one hour each; several may have one time. seq is of the same order as that of ticks.
-- sections: as those of ticks, of one point each, whose time in ms is the first value.
create table written(seq integer primary key, hour integer not null, points integer not null, sections blob not null);
create index written_hour on written(hour, seq);
-- 1: others write it, and it has ended when nothing was written for PromQL's look-back, not with the ticks.
alter table series add column written integer not null default 0;
`;

/** What each version of the schema added to the one before; the first is version 1. */
const additions = [firstTables, insideTables, alertTables, writtenTables];
export const schemaVersion = additions.length;
/** Since when the insides of a service are in a store. */
export const insidesVersion = 2;
/** Since when alerts are. */
export const alertsVersion = 3;
/** Since when points that others wrote are. */
export const writtenVersion = 4;

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

/**
 * Makes the tables of a new file, and those that a file of an older version lacks; throws `StoreError` 'foreign' when
 * the file is not ours or of a newer version.
 */
export function setUpSchema(database: Database): void {
  const version = pragma(database, 'user_version');
  if (version === 0 && pragma(database, 'application_id') === 0 && isEmpty(database)) {
    // Large enough that few bytes are left over between chunks of some 1.5 KB.
    database.exec('pragma page_size = 8192');
    setUpWriter(database);
    addTables(database, 0);
    return;
  }
  checkSchema(database);
  setUpWriter(database);
  if (version < schemaVersion) addTables(database, version);
}

function addTables(database: Database, version: number): void {
  transaction(database, () => {
    database.exec(additions.slice(version).join(''));
    database.exec(`pragma application_id = ${applicationId}; pragma user_version = ${schemaVersion}`);
  });
}

/** Throws `StoreError` 'foreign' when the file is not ours or of a newer version; returns its version. */
export function checkSchema(database: Database): number {
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
  return version;
}

/** The number that `pragma name` answers. */
export function pragma(database: Database, name: string): number {
  return Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0] as number;
}

function isEmpty(database: Database): boolean {
  return database.prepare<{ n: number }>('select count(*) n from sqlite_master').get()!.n === 0;
}

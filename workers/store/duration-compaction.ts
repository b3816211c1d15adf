import { ByteWriter } from '../sketch/bytes.ts';
import { type Database, type Statement, transaction } from './database.ts';
import {
  addBlock,
  addPackedBlock,
  BlockWriter,
  DurationSums,
  type SumsOf,
  writeDurations,
} from './duration-block.ts';
import { writePacked } from './packed.ts';
import { putHour } from './rollup.ts';
import { hoursPerDay, isRestingHour, minuteMs, minuteOf, minutesPerHour, restMs, rowKey } from './schema.ts';

/** Ticks merged in one slice: some milliseconds, or tens where hundreds of routes are busy. */
const sliceTicks = 500;
/** Series whose day rows are written in one slice. */
const sliceSeries = 200;

/** An hour whose minutes are merged. */
interface Job {
  readonly hour: number;
  /** What is not in the day's rows yet. */
  readonly rest: [seriesId: number, sums: DurationSums][];
}

/**
 * Merges the histograms of ticks into those of their minute as soon as they are `restMs` old, and those of an hour
 * into a part of a day's row for each series. Ticks go in the transaction that merges them, so that each counts once;
 * an hour is made of all of its minutes each time, so that doing it again after a crash does no harm.
 */
export class DurationCompaction {
  readonly #database: Database;
  readonly #pending = new Set<number>();
  readonly #writer = new ByteWriter();
  readonly #packed = new ByteWriter();
  readonly #ends: Statement<{ first: number | null; last: number | null }>;
  readonly #selectTicks: Statement<{ data: Uint8Array }>;
  readonly #removeTicks: Statement<never>;
  readonly #selectMinutes: Statement<{ data: Uint8Array }>;
  readonly #writeMinute: Statement<never>;
  readonly #writeHour: Statement<never>;
  readonly #selectDay: Statement<{ data: Uint8Array }>;
  readonly #writeDay: Statement<never>;
  #job: Job | null = null;

  constructor(database: Database) {
    this.#database = database;
    this.#ends = database.prepare(
      'select (select min(t) from duration_tick) first, (select max(t) from duration_tick) last',
    );
    this.#selectTicks = database.prepare('select data from duration_tick where t >= ? and t < ?');
    this.#removeTicks = database.prepare('delete from duration_tick where t >= ? and t < ?');
    this.#selectMinutes = database.prepare('select data from duration_minute where key >= ? and key < ?');
    this.#writeMinute = database.prepare('insert or replace into duration_minute(key, data) values (?, ?)');
    this.#writeHour = database.prepare('insert or replace into duration_hour(hour, pending) values (?, ?)');
    this.#selectDay = database.prepare('select data from duration_day where key = ?');
    this.#writeDay = database.prepare('insert or replace into duration_day(key, data) values (?, ?)');
    const pending = database.prepare<{ hour: number }>('select hour from duration_hour where pending = 1');
    for (const { hour } of pending.all()) this.#pending.add(hour);
  }

  /** Does one slice of work; false when there is nothing to do. */
  step(nowMs: number): boolean {
    if (this.#ripeMinute(nowMs) !== undefined) {
      transaction(this.#database, () => this.#mergeMinutes(nowMs));
      return true;
    }
    if (!this.#job) {
      const hour = [...this.#pending].sort((a, b) => a - b).find((each) => isRestingHour(each, nowMs));
      if (hour === undefined) return false;
      this.#job = { hour, rest: [...this.#mergeHour(hour)] };
    } else {
      const job = this.#job;
      transaction(this.#database, () => this.#writeSlice(job));
    }
    return true;
  }

  /** A minute that has ticks and is left alone long enough; or far ahead, since the clock came back from there. */
  #ripeMinute(nowMs: number): number | undefined {
    const { first, last } = this.#ends.get()!;
    if (first !== null && minuteOf(first) < minuteOf(nowMs - restMs)) return minuteOf(first);
    if (last !== null && minuteOf(last) > minuteOf(nowMs + restMs)) return minuteOf(last);
    return undefined;
  }

  #mergeMinutes(nowMs: number): void {
    for (let ticks = 0; ticks < sliceTicks; ) {
      const minute = this.#ripeMinute(nowMs);
      if (minute === undefined) return;
      ticks += this.#mergeMinute(minute);
    }
  }

  /** Returns the number of ticks. */
  #mergeMinute(minute: number): number {
    const span = [minute * minuteMs, (minute + 1) * minuteMs] as const;
    const merged = new Map<number, DurationSums>();
    const sumsOf = intoMap(merged);
    for (const { data } of this.#selectMinutes.all(minute, minute + 1)) addPackedBlock(data, sumsOf);
    const ticks = this.#selectTicks.all(...span);
    for (const { data } of ticks) addBlock(data, sumsOf);
    this.#writer.clear();
    const block = new BlockWriter(this.#writer);
    for (const [id, sums] of [...merged].sort(([a], [b]) => a - b)) block.sums(id, sums);
    this.#packed.clear();
    writePacked(this.#packed, this.#writer.view());
    this.#writeMinute.run(minute, this.#packed.view());
    this.#removeTicks.run(...span);

    const hour = Math.floor(minute / minutesPerHour);
    this.#writeHour.run(hour, 1);
    this.#pending.add(hour);
    if (this.#job?.hour === hour) this.#job = null;
    return ticks.length;
  }

  #mergeHour(hour: number): Map<number, DurationSums> {
    const merged = new Map<number, DurationSums>();
    const sumsOf = intoMap(merged);
    const first = hour * minutesPerHour;
    for (const { data } of this.#selectMinutes.all(first, first + minutesPerHour))
      addPackedBlock(data, sumsOf);
    return merged;
  }

  #writeSlice({ hour, rest }: Job): void {
    const day = Math.floor(hour / hoursPerDay);
    for (const [id, sums] of rest.splice(0, sliceSeries)) {
      const key = rowKey(day, id);
      this.#writer.clear();
      writeDurations(this.#writer, sums);
      const row = this.#selectDay.get(key)?.data;
      this.#writeDay.run(key, putHour(row, hour % hoursPerDay, this.#writer.view()));
    }
    if (rest.length > 0) return;
    this.#writeHour.run(hour, 0);
    this.#pending.delete(hour);
    this.#job = null;
  }
}

function intoMap(merged: Map<number, DurationSums>): SumsOf {
  return (id) => {
    let sums = merged.get(id);
    if (!sums) {
      sums = new DurationSums();
      merged.set(id, sums);
    }
    return sums;
  };
}

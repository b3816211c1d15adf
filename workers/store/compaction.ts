import type { Samples } from './chunk.ts';
import { type Database, transaction } from './database.ts';
import { HourRows } from './hour-rows.ts';
import type { LayoutBook } from './names.ts';
import { isRestingHour } from './schema.ts';
import type { TickHours } from './tick-hours.ts';
import { HourTicks, hourSpan } from './ticks.ts';
import { WrittenCompaction } from './written-compaction.ts';

/** Values written in one slice: some tens of milliseconds. */
const sliceValues = 100_000;
/** Values in memory at once: 1 MB. Reading the ticks of an hour costs the same for few series as for many. */
const groupValues = 128 * 1024;
/** At most this many times are the ticks of an hour read. */
const maxGroups = 32;

/** A number of series of the hour, in memory. */
interface Group {
  readonly seriesIds: readonly number[];
  /** Series by series; NaN where a tick has no value. */
  readonly values: Float64Array;
  /** Series that are written. */
  done: number;
}

interface Job {
  readonly hour: number;
  /** Ticks after this came while the hour was being compacted, and wait for the next time. */
  readonly lastSeq: number;
  readonly timesMs: Float64Array;
  readonly seriesIds: readonly number[];
  readonly groupSize: number;
  /** Series that are in groups already. */
  grouped: number;
  group: Group | null;
}

/**
 * Turns the ticks of past hours, and then what others wrote of them, into a chunk, a row of minutes and a part of a day's row for each series. It works
 * in slices, each a transaction; doing one again after a crash does no harm, because what is in a chunk already is
 * merged by time.
 */
export class Compaction {
  readonly #database: Database;
  readonly #hours: TickHours;
  readonly #layouts: LayoutBook;
  readonly #ticks: HourTicks;
  readonly #rows: HourRows;
  readonly #written: WrittenCompaction;
  /** Kept from group to group: what is thrown away every hour would lie about for hours before it is collected. */
  #values = new Float64Array(0);
  #job: Job | null = null;

  constructor(database: Database, hours: TickHours, layouts: LayoutBook) {
    this.#database = database;
    this.#hours = hours;
    this.#layouts = layouts;
    this.#ticks = new HourTicks(database);
    this.#rows = new HourRows(database);
    this.#written = new WrittenCompaction(database, layouts, this.#rows);
  }

  /** Does one slice of work; false when there is nothing to do. `nextSeq` is the seq of the next tick. */
  step(nowMs: number, nextSeq: number): boolean {
    const job = this.#job;
    if (!job) {
      const hour = this.#hours.pending().find((pending) => isRestingHour(pending, nowMs));
      if (hour === undefined) return false;
      this.#job = this.#begin(hour, nextSeq - 1);
    } else if (job.group) {
      this.#writeSlice(job, job.group);
    } else if (job.grouped < job.seriesIds.length) {
      job.group = this.#load(job);
    } else if (!this.#written.step(job)) {
      this.#finish(job);
      this.#job = null;
    }
    return true;
  }

  /** Looks which series the hour has. */
  #begin(hour: number, lastSeq: number): Job {
    const layoutIds = new Set<number>();
    const times: number[] = [];
    const [startMs, endMs] = hourSpan(hour);
    this.#ticks.each(startMs, endMs, lastSeq, (t, sections) => {
      times.push(t);
      for (const { layoutId } of sections) layoutIds.add(layoutId);
    });
    const ids = new Set<number>();
    for (const layoutId of layoutIds) {
      for (const id of this.#layouts.layout(layoutId)?.seriesIds ?? []) ids.add(id);
    }
    const seriesIds = [...ids].sort((a, b) => a - b);
    const fitting = Math.floor(groupValues / Math.max(1, times.length));
    const groupSize = Math.max(1, fitting, Math.ceil(seriesIds.length / maxGroups));
    return {
      hour,
      lastSeq,
      timesMs: Float64Array.from(times),
      seriesIds,
      groupSize,
      grouped: 0,
      group: null,
    };
  }

  #load(job: Job): Group {
    const seriesIds = job.seriesIds.slice(job.grouped, job.grouped + job.groupSize);
    job.grouped += seriesIds.length;
    const rows = job.timesMs.length;
    const length = seriesIds.length * rows;
    if (this.#values.length < length) this.#values = new Float64Array(length);
    const values = this.#values.subarray(0, length).fill(Number.NaN);
    const columns = new ColumnMap(this.#layouts, seriesIds);
    const [startMs, endMs] = hourSpan(job.hour);
    let row = 0;
    this.#ticks.each(startMs, endMs, job.lastSeq, (_t, sections) => {
      for (const section of sections) {
        const targets = columns.of(section.layoutId, section.values.length);
        for (let c = 0; c < targets.length; c++) {
          const target = targets[c]!;
          if (target >= 0) values[target * rows + row] = section.values[c]!;
        }
      }
      row++;
    });
    return { seriesIds, values, done: 0 };
  }

  #writeSlice(job: Job, group: Group): void {
    const rows = job.timesMs.length;
    const series = Math.max(1, Math.floor(sliceValues / rows));
    const end = Math.min(group.seriesIds.length, group.done + series);
    transaction(this.#database, () => {
      for (let i = group.done; i < end; i++) {
        const values = group.values.subarray(i * rows, (i + 1) * rows);
        this.#rows.write(job.hour, group.seriesIds[i]!, known(job.timesMs, values));
      }
    });
    group.done = end;
    if (end === group.seriesIds.length) job.group = null;
  }

  #finish({ hour, lastSeq, timesMs }: Job): void {
    transaction(this.#database, () => this.#hours.compacted(hour, timesMs, lastSeq));
  }
}

/** Where the columns of a layout go in a group of series. */
class ColumnMap {
  readonly #layouts: LayoutBook;
  readonly #places: ReadonlyMap<number, number>;
  readonly #targets = new Map<number, Int32Array>();

  constructor(layouts: LayoutBook, seriesIds: readonly number[]) {
    this.#layouts = layouts;
    this.#places = new Map(seriesIds.map((id, i) => [id, i]));
  }

  /** For each column of the layout its place in the group, or −1. Empty when the tick does not fit its layout. */
  of(layoutId: number, width: number): Int32Array {
    let targets = this.#targets.get(layoutId);
    if (!targets) {
      targets = Int32Array.from(
        this.#layouts.layout(layoutId)?.seriesIds ?? [],
        (id) => this.#places.get(id) ?? -1,
      );
      this.#targets.set(layoutId, targets);
    }
    return targets.length === width ? targets : noTargets;
  }
}

const noTargets = new Int32Array(0);

/** The samples that are known. */
function known(timesMs: Float64Array, values: Float64Array): Samples {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i])) count++;
  if (count === values.length) return { timesMs, values };
  const samples = { timesMs: new Float64Array(count), values: new Float64Array(count) };
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    samples.timesMs[at] = timesMs[i]!;
    samples.values[at++] = values[i]!;
  }
  return samples;
}

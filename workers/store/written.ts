import type { TimedPoint } from '../point/point.ts';
import { noSamples, type Samples } from './chunk.ts';
import type { Database, Statement } from './database.ts';
import type { LayoutBook, NameWriter } from './names.ts';
import { hourMs, hourOf, rowKey } from './schema.ts';
import type { TickHours } from './tick-hours.ts';
import { packSections, readSections } from './ticks.ts';

/** Points of one row: a bound on what a reader of some rows holds. */
const rowPoints = 1000;
/** Rows that are read at once. */
const pageRows = 16;

/** Writes points that others wrote. Belongs to the writer; a transaction that fails discards it. */
export class WrittenWriter {
  readonly #names: NameWriter;
  readonly #hours: TickHours;
  readonly #insert: Statement<never>;
  readonly #hasChunks: Statement<unknown>;
  readonly #hasMinutes: Statement<unknown>;

  constructor(database: Database, names: NameWriter, hours: TickHours) {
    this.#names = names;
    this.#hours = hours;
    this.#insert = database.prepare('insert into written(seq, hour, points, sections) values (?, ?, ?, ?)');
    this.#hasChunks = database.prepare('select 1 from chunk where key >= ? and key < ? limit 1');
    this.#hasMinutes = database.prepare('select 1 from minute where key >= ? and key < ? limit 1');
  }

  /** The points by hour, in rows: without those of hours of which single samples are kept no longer. Within a transaction. */
  rowsOf(points: readonly TimedPoint[]): { readonly hour: number; readonly points: readonly TimedPoint[] }[] {
    const byHour = new Map<number, TimedPoint[]>();
    for (const point of points) {
      const hour = hourOf(point.timeMs);
      const known = byHour.get(hour);
      if (known) known.push(point);
      else byHour.set(hour, [point]);
    }
    return [...byHour].flatMap(([hour, all]) => {
      if (this.#isThinned(hour)) return [];
      const rows = Math.ceil(all.length / rowPoints);
      return Array.from({ length: rows }, (_, i) => ({
        hour,
        points: all.slice(i * rowPoints, (i + 1) * rowPoints),
      }));
    });
  }

  write(seq: number, hour: number, points: readonly TimedPoint[]): void {
    this.#hours.use(hour, seq);
    const sections = points.map(({ layout, values, timeMs }) => ({
      layoutId: this.#names.idOf(layout, timeMs, true),
      values: [timeMs, ...values],
    }));
    this.#insert.run(seq, hour, points.length, packSections(sections));
  }

  /** Its summaries could not be made anew from what a chunk would have. */
  #isThinned(hour: number): boolean {
    const keys = [rowKey(hour, 0), rowKey(hour + 1, 0)] as const;
    return this.#hasMinutes.get(...keys) !== undefined && this.#hasChunks.get(...keys) === undefined;
  }
}

/** Reads the points of an hour that others wrote, in the order in which they came, in pages. */
export class HourWritten {
  readonly #select: Statement<{ seq: number; sections: Uint8Array }>;

  constructor(database: Database) {
    this.#select = database.prepare(
      `select seq, sections from written where hour = ? and seq > ? and seq <= ? order by seq limit ${pageRows}`,
    );
  }

  /** Visits points with a seq behind `afterSeq` up to `lastSeq`; `visit` may end it by false, after the row at hand. */
  each(
    hour: number,
    afterSeq: number,
    lastSeq: number,
    visit: (timeMs: number, layoutId: number, values: Float64Array) => void,
    mayGoOn: (seq: number) => boolean = () => true,
  ): void {
    for (let after = afterSeq; ; ) {
      const rows = this.#select.all(hour, after, lastSeq);
      for (const { seq, sections } of rows) {
        for (const { layoutId, values } of readSections(sections) ?? [])
          if (values.length > 0) visit(values[0]!, layoutId, values.subarray(1));
        if (!mayGoOn(seq)) return;
      }
      if (rows.length < pageRows) return;
      after = rows.at(-1)!.seq;
    }
  }
}

/** Gathers samples by series as they come, in any order of time. */
export class SampleLists {
  readonly #lists = new Map<number, { readonly timesMs: number[]; readonly values: number[] }>();
  readonly #layouts: LayoutBook;
  readonly #wanted: ReadonlySet<number> | null;
  /** Values gathered. */
  size = 0;

  /** `wanted`: series that are gathered; null for all. */
  constructor(layouts: LayoutBook, wanted: ReadonlySet<number> | null = null) {
    this.#layouts = layouts;
    this.#wanted = wanted;
  }

  add(timeMs: number, layoutId: number, values: Float64Array): void {
    const seriesIds = this.#layouts.layout(layoutId)?.seriesIds ?? [];
    for (let i = 0; i < seriesIds.length; i++) {
      const id = seriesIds[i]!;
      const value = values[i];
      if (value === undefined || !Number.isFinite(value) || this.#wanted?.has(id) === false) continue;
      let list = this.#lists.get(id);
      if (!list) {
        list = { timesMs: [], values: [] };
        this.#lists.set(id, list);
      }
      list.timesMs.push(timeMs);
      list.values.push(value);
      this.size++;
    }
  }

  seriesIds(): number[] {
    return [...this.#lists.keys()].sort((a, b) => a - b);
  }

  /** In order of time; of several at one time the one that came last. */
  samples(seriesId: number): Samples {
    const list = this.#lists.get(seriesId);
    return list ? ordered(list.timesMs, list.values) : noSamples;
  }
}

function ordered(timesMs: readonly number[], values: readonly number[]): Samples {
  const isAscending = timesMs.every((timeMs, i) => i === 0 || timesMs[i - 1]! < timeMs);
  if (isAscending) return { timesMs: Float64Array.from(timesMs), values: Float64Array.from(values) };
  // Sorting is stable: equal times stay in the order in which they came.
  const order = timesMs.map((_, i) => i).sort((a, b) => timesMs[a]! - timesMs[b]!);
  const last = order.filter(
    (place, i) => i + 1 === order.length || timesMs[order[i + 1]!] !== timesMs[place],
  );
  return {
    timesMs: Float64Array.from(last, (place) => timesMs[place]!),
    values: Float64Array.from(last, (place) => values[place]!),
  };
}

/** The hour of a tick, which is stored by its time. */
export const tickHourSql = `t / ${hourMs}`;

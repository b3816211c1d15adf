import {
  cutSamples,
  decodeChunk,
  mergeSamples,
  noSamples,
  type Samples,
  type SamplesScratch,
} from './chunk.ts';
import type { Database, Statement } from './database.ts';
import type { LayoutBook } from './names.ts';
import { hourMs, hourOf, hoursPerDay, periodOf, rowKey } from './schema.ts';
import { unpackTimes } from './tick-hours.ts';
import { HourTicks, hourSpan } from './ticks.ts';
import { type HourWritten, SampleLists } from './written.ts';

/** No row has this key. */
const noKey = -1;

/** Samples of several series over a range, hour by hour. Use it within one snapshot of the database. */
export class SamplesReader {
  readonly #layouts: LayoutBook;
  readonly #ticks: HourTicks;
  readonly #written: HourWritten | null;
  readonly #selectChunk: Statement<{ data: Uint8Array }>;
  readonly #selectChunks: Statement<{ key: number; data: Uint8Array }>;
  readonly #selectCompacted: Statement<{ hours: string | null }>;
  readonly #selectPending: Statement<{ hour: number }>;
  readonly #selectUsed: Statement<{ hour: number; times: Uint8Array }>;
  readonly #selectTimes: Statement<{ t: number }>;

  /** `written` is null where the store is of a version without. */
  constructor(database: Database, layouts: LayoutBook, written: HourWritten | null) {
    this.#layouts = layouts;
    this.#written = written;
    this.#ticks = new HourTicks(database);
    this.#selectChunk = database.prepare('select data from chunk where key = ?');
    const places = new Array(hoursPerDay).fill('?').join(', ');
    this.#selectChunks = database.prepare(`select key, data from chunk where key in (${places})`);
    // One text, because rows cost more than the numbers in them: a month is 720.
    this.#selectCompacted = database.prepare(
      'select group_concat(hour) hours from used_time where hour between ? and ?',
    );
    this.#selectPending = database.prepare(
      'select hour from tick_hour where pending = 1 and hour between ? and ?',
    );
    this.#selectUsed = database.prepare('select hour, times from used_time where hour between ? and ?');
    this.#selectTimes = database.prepare('select t from tick where t >= ? and t < ?');
  }

  /** Hours of the range that have data, oldest first. */
  hours(startMs: number, endMs: number): { hour: number; pending: boolean }[] {
    const range = [hourOf(startMs), hourOf(endMs - 1)] as const;
    const compacted =
      this.#selectCompacted
        .get(...range)
        ?.hours?.split(',')
        .map(Number) ?? [];
    const pending = new Set(this.#selectPending.all(...range).map(({ hour }) => hour));
    const all = new Set([...compacted, ...pending]);
    return [...all].sort((a, b) => a - b).map((hour) => ({ hour, pending: pending.has(hour) }));
  }

  /** Times of the ticks from `startMs` up to and without `endMs`, ascending; of chunks and ticks that go with them. */
  tickTimes(startMs: number, endMs: number): Float64Array {
    const range = [hourOf(startMs), hourOf(endMs - 1)] as const;
    const used = this.#selectUsed.all(...range).flatMap(({ hour, times }) => [...unpackTimes(hour, times)]);
    const pending = this.#selectPending.all(...range).flatMap(({ hour }) => {
      const [from, to] = hourSpan(hour);
      return this.#selectTimes.all(Math.max(from, startMs), Math.min(to, endMs)).map(({ t }) => t);
    });
    // Ticks of an hour may be in chunks in part.
    const all = Float64Array.from(new Set([...used, ...pending])).sort();
    return all.filter((timeMs) => timeMs >= startMs && timeMs < endMs);
  }

  /** Samples of an hour that is in chunks; null when there is no chunk, or it cannot be read. */
  chunk(seriesId: number, hour: number): Samples | null {
    const row = this.#selectChunk.get(rowKey(hour, seriesId));
    return row ? readableSamples(row.data, hour) : null;
  }

  /** What a series has in chunks, by hour, of at most 24 hours: one statement, because it costs more than its rows. */
  chunks(seriesId: number, hours: readonly number[]): ReadonlyMap<number, Uint8Array> {
    const keys = hours.map((hour) => rowKey(hour, seriesId));
    const unused = new Array<number>(hoursPerDay - keys.length).fill(noKey);
    const rows = this.#selectChunks.all(...keys, ...unused);
    return new Map(rows.map(({ key, data }) => [periodOf(key), data]));
  }

  /**
   * Samples of an hour that is not all in chunks yet, one entry for each series asked, within the range.
   * The ticks are decoded once for all of them.
   */
  pending(seriesIds: readonly number[], hour: number, startMs: number, endMs: number): Samples[] {
    const [hourStartMs, hourEndMs] = hourSpan(hour);
    const from = Math.max(startMs, hourStartMs);
    const to = Math.min(endMs, hourEndMs);
    const ticks = this.#collect(seriesIds, from, to);
    const written = new SampleLists(this.#layouts, new Set(seriesIds));
    this.#written?.each(hour, 0, Number.MAX_SAFE_INTEGER, written.add.bind(written));
    return seriesIds.map((id, i) => {
      const pending = mergeSamples(ticks[i]!, written.samples(id));
      return cutSamples(mergeSamples(this.chunk(id, hour) ?? noSamples, pending), from, to);
    });
  }

  #collect(seriesIds: readonly number[], startMs: number, endMs: number): Samples[] {
    const lists = seriesIds.map(() => ({ timesMs: [] as number[], values: [] as number[] }));
    const columns = new Map<number, readonly [column: number, list: number][]>();
    this.#ticks.each(startMs, endMs, Number.MAX_SAFE_INTEGER, (t, sections) => {
      for (const { layoutId, values } of sections) {
        let wanted = columns.get(layoutId);
        if (!wanted) {
          wanted = this.#wantedColumns(layoutId, seriesIds);
          columns.set(layoutId, wanted);
        }
        for (const [column, list] of wanted) {
          const value = values[column];
          if (value === undefined || !Number.isFinite(value)) continue;
          const { timesMs } = lists[list]!;
          // A series that stands twice in a tick has its last value, as in chunks.
          if (timesMs.at(-1) === t) {
            lists[list]!.values[timesMs.length - 1] = value;
            continue;
          }
          timesMs.push(t);
          lists[list]!.values.push(value);
        }
      }
    });
    return lists.map(({ timesMs, values }) => ({
      timesMs: Float64Array.from(timesMs),
      values: Float64Array.from(values),
    }));
  }

  #wantedColumns(layoutId: number, seriesIds: readonly number[]): [number, number][] {
    const places = new Map(seriesIds.map((id, i) => [id, i]));
    const wanted: [number, number][] = [];
    this.#layouts.layout(layoutId)?.seriesIds.forEach((id, column) => {
      const list = places.get(id);
      if (list !== undefined) wanted.push([column, list]);
    });
    return wanted;
  }
}

/** Samples of a chunk; null when it cannot be read. With `scratch` they are good until its next use. */
export function readableSamples(data: Uint8Array, hour: number, scratch?: SamplesScratch): Samples | null {
  try {
    return decodeChunk(data, hour * hourMs, scratch);
  } catch {
    return null;
  }
}

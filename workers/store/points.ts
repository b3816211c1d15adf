import type { Tags } from '../point/point.ts';
import { cutSamples, noSamples, type Samples } from './chunk.ts';
import { type Database, type Statement, snapshot } from './database.ts';
import { type LayoutBook, parseSeriesKey } from './names.ts';
import type { SamplesReader } from './samples-reader.ts';
import { rowKey, seriesOf } from './schema.ts';
import { HourTicks, hourSpan } from './ticks.ts';
import type { HourWritten } from './written.ts';

/** A point as it was collected. */
export interface StoredPoint {
  readonly measurement: string;
  readonly tags: Tags;
  /** Fields that the point may have, and their values: NaN where it has not. At least one has. */
  readonly fields: readonly string[];
  readonly values: Float64Array;
  readonly timeMs: number;
}

/** Series that share measurement and tags, with their samples of an hour. */
interface PointSeries {
  readonly measurement: string;
  readonly tags: Tags;
  readonly fields: string[];
  readonly seriesIds: number[];
}

/** Gives every stored point of a range, an hour at a time: that is what is in memory. */
export class PointReader {
  readonly #database: Database;
  readonly #samples: SamplesReader;
  readonly #layouts: LayoutBook;
  readonly #ticks: HourTicks;
  readonly #written: HourWritten | null;
  readonly #chunkKeys: Statement<{ key: number }>;
  readonly #seriesKey: Statement<{ key: string }>;

  constructor(database: Database, samples: SamplesReader, layouts: LayoutBook, written: HourWritten | null) {
    this.#written = written;
    this.#database = database;
    this.#samples = samples;
    this.#layouts = layouts;
    this.#ticks = new HourTicks(database);
    this.#chunkKeys = database.prepare('select key from chunk where key >= ? and key < ? order by key');
    this.#seriesKey = database.prepare('select key from series where id = ?');
  }

  /** Points from `startMs` up to and without `endMs`, oldest first. */
  *points(startMs: number, endMs: number): Generator<StoredPoint> {
    for (const { hour } of snapshot(this.#database, () => this.#samples.hours(startMs, endMs))) {
      // An hour is read in one snapshot, which is not held while the caller is busy with its points.
      const { groups, samples } = snapshot(this.#database, () => this.#readHour(hour, startMs, endMs));
      yield* merged(groups, samples);
    }
  }

  #readHour(hour: number, startMs: number, endMs: number) {
    const pending = this.#samples.hours(...hourSpan(hour)).some((found) => found.pending);
    const ids = new Set(
      this.#chunkKeys.all(rowKey(hour, 0), rowKey(hour + 1, 0)).map(({ key }) => seriesOf(key)),
    );
    if (pending) {
      const layoutIds = new Set<number>();
      this.#ticks.each(...hourSpan(hour), Number.MAX_SAFE_INTEGER, (_t, sections) => {
        for (const { layoutId } of sections) layoutIds.add(layoutId);
      });
      this.#written?.each(hour, 0, Number.MAX_SAFE_INTEGER, (_t, layoutId) => layoutIds.add(layoutId));
      for (const id of layoutIds) {
        for (const series of this.#layouts.layout(id)?.seriesIds ?? []) ids.add(series);
      }
    }
    const seriesIds = [...ids];
    const parts = pending
      ? this.#samples.pending(seriesIds, hour, startMs, endMs)
      : seriesIds.map((id) => cutSamples(this.#samples.chunk(id, hour) ?? noSamples, startMs, endMs));
    return {
      groups: this.#group(seriesIds),
      samples: new Map(seriesIds.map((id, i) => [id, sharedTimes(parts[i]!, parts[i - 1])])),
    };
  }

  #group(seriesIds: readonly number[]): PointSeries[] {
    const groups = new Map<string, PointSeries>();
    for (const id of seriesIds) {
      const row = this.#seriesKey.get(id);
      if (!row) continue;
      const { measurement, tags, field } = parseSeriesKey(row.key);
      const key = JSON.stringify([measurement, tags]);
      const group = groups.get(key) ?? { measurement, tags, fields: [], seriesIds: [] };
      groups.set(key, group);
      group.fields.push(field);
      group.seriesIds.push(id);
    }
    return [...groups.values()];
  }
}

/** Most series of an hour have the same times: one copy of those halves the memory. */
function sharedTimes(samples: Samples, before: Samples | undefined): Samples {
  if (!before || before.timesMs.length !== samples.timesMs.length) return samples;
  for (let i = 0; i < samples.timesMs.length; i++)
    if (samples.timesMs[i] !== before.timesMs[i]) return samples;
  return { timesMs: before.timesMs, values: samples.values };
}

function* merged(
  groups: readonly PointSeries[],
  samples: ReadonlyMap<number, Samples>,
): Generator<StoredPoint> {
  const times = new Set<number>();
  for (const { timesMs } of samples.values()) for (const t of timesMs) times.add(t);
  const places = new Map([...samples.keys()].map((id) => [id, 0]));
  for (const timeMs of Float64Array.from(times).sort()) {
    for (const { measurement, tags, fields, seriesIds } of groups) {
      let values: Float64Array | undefined;
      for (let f = 0; f < seriesIds.length; f++) {
        const id = seriesIds[f]!;
        const series = samples.get(id)!;
        const place = places.get(id)!;
        if (series.timesMs[place] !== timeMs) continue;
        places.set(id, place + 1);
        values ??= new Float64Array(fields.length).fill(Number.NaN);
        values[f] = series.values[place]!;
      }
      if (values) yield { measurement, tags, fields, values, timeMs };
    }
  }
}

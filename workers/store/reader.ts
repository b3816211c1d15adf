import { existsSync, statSync } from 'node:fs';
import type { HistoryResult, HistoryTask, QuarantinedPoint } from '../contract/tasks.ts';
import type { Tags } from '../point/point.ts';
import { BucketReader, type Buckets, type StepRange } from './buckets.ts';
import { cutSamples, type Samples } from './chunk.ts';
import { type Database, openDatabase, snapshot } from './database.ts';
import { LayoutBook, parseSeriesKey, type SeriesName } from './names.ts';
import { PointReader, type StoredPoint } from './points.ts';
import { listQuarantine, type QuarantineFilter } from './quarantine.ts';
import { SamplesReader } from './samples-reader.ts';
import { cacheKilobytes, checkSchema } from './schema.ts';
import { StoreError } from './store-error.ts';

export type { Buckets, StepRange } from './buckets.ts';
export type { Samples } from './chunk.ts';
export type { StoredPoint } from './points.ts';

export interface StoredSeries extends SeriesName {
  readonly id: number;
}

/** Every given part must be equal; of the tags, those that are given. */
export interface SeriesFilter {
  readonly measurement?: string;
  readonly field?: string;
  readonly tags?: Tags;
}

/** Parts of one connection. */
interface Parts {
  readonly database: Database;
  readonly inode: number;
  readonly samples: SamplesReader;
  readonly buckets: BucketReader;
  readonly points: PointReader;
}

/**
 * Opens a store read-only, beside the process that writes it. Throws `StoreError`: 'missing' when there is none,
 * 'foreign' when it is of a newer version.
 */
export function openReader(path: string): Reader {
  const reader = new Reader(path);
  reader.open();
  return reader;
}

/** Reads the stored past. Every call sees one unchanging state of the store. */
export class Reader {
  readonly #path: string;
  #parts: Parts | undefined;
  #series: readonly StoredSeries[] = [];
  #lastSeriesId = 0;
  #seriesCount = 0;

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
    this.#use();
  }

  /** The series that match, in the order in which they first appeared. */
  series(filter: SeriesFilter = {}): StoredSeries[] {
    return this.#allSeries().filter(
      ({ measurement, field, tags }) =>
        (filter.measurement === undefined || measurement === filter.measurement) &&
        (filter.field === undefined || field === filter.field) &&
        Object.entries(filter.tags ?? {}).every(([name, value]) => tags[name] === value),
    );
  }

  /** Samples from `startMs` up to and without `endMs`, one entry for each series asked. */
  read(seriesIds: readonly number[], startMs: number, endMs: number): Samples[] {
    const { database, samples } = this.#use();
    return snapshot(database, () => {
      const parts: Samples[][] = seriesIds.map(() => []);
      for (const { hour, pending } of samples.hours(startMs, endMs)) {
        const ofHour = pending
          ? samples.pending(seriesIds, hour, startMs, endMs)
          : seriesIds.map((id) => samples.chunk(id, hour));
        ofHour.forEach((part, i) => {
          if (part) parts[i]!.push(cutSamples(part, startMs, endMs));
        });
      }
      return parts.map(joined);
    });
  }

  /**
   * Count, sum, minimum and maximum of each step, and a histogram where asked for; one entry for each series. Steps
   * of whole minutes or hours, begun on one, are read from rollups. Throws RangeError for more than a million steps.
   */
  buckets(seriesIds: readonly number[], range: StepRange, withSketches = false): Buckets[] {
    const { database, buckets } = this.#use();
    return snapshot(database, () => buckets.read(seriesIds, range, withSketches));
  }

  /** Means of each asked series in each step; where several have the same measurement and field, of all of them. */
  history({ series, startMs, endMs, stepMs }: HistoryTask): HistoryResult {
    const ids = series.map((filter) => this.series(filter).map(({ id }) => id));
    const found = this.buckets(ids.flat(), { startMs, endMs, stepMs });
    const ends = ids.map((_, i) => ids.slice(0, i + 1).flat().length);
    const means = ids.map((group, i) => meansOf(found.slice(ends[i]! - group.length, ends[i])));
    const steps = Math.ceil((endMs - startMs) / stepMs);
    const known = Array.from({ length: steps }, (_, i) => i).filter((i) =>
      means.some((mean) => !Number.isNaN(mean[i] ?? Number.NaN)),
    );
    return {
      timestampsMs: Float64Array.from(known, (i) => startMs + i * stepMs),
      means: means.map((mean) => Float64Array.from(known, (i) => mean[i] ?? Number.NaN)),
    };
  }

  /** Every stored point from `startMs` up to and without `endMs`, oldest first; memory holds an hour at a time. */
  points(startMs: number, endMs: number): Iterable<StoredPoint> {
    return this.#use().points.points(startMs, endMs);
  }

  /** Points that destinations refused, oldest first. */
  quarantine(filter: QuarantineFilter): QuarantinedPoint[] {
    return listQuarantine(this.#use().database, filter);
  }

  close(): void {
    this.#parts?.database.close();
    this.#parts = undefined;
  }

  #allSeries(): readonly StoredSeries[] {
    const { database } = this.#use();
    const { last, count } = database
      .prepare<{ last: number | null; count: number }>('select max(id) last, count(*) count from series')
      .get()!;
    if ((last ?? 0) === this.#lastSeriesId && count === this.#seriesCount) return this.#series;
    this.#series = database
      .prepare<{ id: number; key: string }>('select id, key from series order by id')
      .all()
      .map(({ id, key }) => ({ id, ...parseSeriesKey(key) }));
    this.#lastSeriesId = last ?? 0;
    this.#seriesCount = count;
    return this.#series;
  }

  /** The writer may have begun a fresh file in place of a damaged one. */
  #use(): Parts {
    if (!existsSync(this.#path)) throw new StoreError('missing', `there is no store at ${this.#path}`);
    const inode = statSync(this.#path).ino;
    if (this.#parts?.inode === inode) return this.#parts;
    this.close();
    this.#lastSeriesId = 0;
    const database = openDatabase(this.#path, { readOnly: true });
    try {
      checkSchema(database);
      database.exec(`pragma cache_size = -${cacheKilobytes}`);
    } catch (error) {
      database.close();
      throw error;
    }
    const layouts = new LayoutBook(database);
    const samples = new SamplesReader(database, layouts);
    const buckets = new BucketReader(database, samples);
    const points = new PointReader(database, samples, layouts);
    this.#parts = { database, inode, samples, buckets, points };
    return this.#parts;
  }
}

function joined(parts: readonly Samples[]): Samples {
  const [only] = parts;
  if (parts.length === 1 && only) return only;
  const count = parts.reduce((sum, { values }) => sum + values.length, 0);
  const timesMs = new Float64Array(count);
  const values = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    timesMs.set(part.timesMs, at);
    values.set(part.values, at);
    at += part.values.length;
  }
  return { timesMs, values };
}

function meansOf(series: readonly Buckets[]): Float64Array {
  const steps = series[0]?.counts.length ?? 0;
  return Float64Array.from({ length: steps }, (_, i) => {
    let count = 0;
    let sum = 0;
    for (const { counts, sums } of series) {
      count += counts[i]!;
      sum += sums[i]!;
    }
    return count > 0 ? sum / count : Number.NaN;
  });
}

import { existsSync, statSync } from 'node:fs';
import type { AlertsPageTask, KeptAlerts } from '../contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../contract/alerts.ts';
import type {
  ErrorGroup,
  ErrorTrend,
  ErrorTrendsTask,
  SeriesStats,
  SeriesStatsTask,
} from '../contract/events.ts';
import type { PercentilesResult, PercentilesTask } from '../contract/percentiles.ts';
import type { ErrorGroupsTask, HistoryResult, HistoryTask, QuarantinedPoint } from '../contract/tasks.ts';
import type { SampleSeries } from '../promql/evaluation.ts';
import { AlertReader, nothingKept } from './alert-reader.ts';
import { BucketReader, type Buckets, type StepRange } from './buckets.ts';
import { cutSamples, type Samples } from './chunk.ts';
import { type Database, openDatabase, snapshot } from './database.ts';
import { type DurationMetricsQuery, readDurationMetrics } from './duration-metrics.ts';
import { type DurationQuery, DurationReader, type MergedDurations } from './duration-reader.ts';
import { findErrorGroup, listErrorGroups } from './error-groups.ts';
import { readErrorTrends } from './error-trends.ts';
import { LayoutBook, readColumns } from './names.ts';
import { readPercentiles } from './percentiles.ts';
import { PointReader, type StoredPoint } from './points.ts';
import { listQuarantine, type QuarantineFilter } from './quarantine.ts';
import { SamplesReader } from './samples-reader.ts';
import {
  alertsVersion,
  cacheKilobytes,
  checkSchema,
  hourMs,
  hourOf,
  hoursPerDay,
  insidesVersion,
  schemaVersion,
  writtenVersion,
} from './schema.ts';
import { type SeriesFilter, SeriesList, type StoredSeries } from './series-list.ts';
import { readSeriesStats } from './series-stats.ts';
import { StoreError } from './store-error.ts';
import { HourWritten } from './written.ts';

export type { Buckets, StepRange } from './buckets.ts';
export type { Samples } from './chunk.ts';
export type { DurationQuery, MergedDurations } from './duration-reader.ts';
export type { StoredPoint } from './points.ts';
export type { SeriesFilter, StoredSeries } from './series-list.ts';

/** Parts of one connection. */
interface Parts {
  readonly database: Database;
  readonly inode: number;
  /** Of the schema. */
  readonly version: number;
  readonly series: SeriesList;
  readonly samples: SamplesReader;
  readonly buckets: BucketReader;
  readonly points: PointReader;
  /** null in a store of an older version, which has nothing of the insides of a service. */
  readonly durations: DurationReader | null;
  /** null in a store of an older version, which has no alerts. */
  readonly alerts: AlertReader | null;
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

  constructor(path: string) {
    this.#path = path;
  }

  open(): void {
    this.#use();
  }

  /** The series that match, in the order in which they first appeared. */
  series(filter: SeriesFilter = {}): readonly StoredSeries[] {
    return this.#use().series.find(filter);
  }

  /** Ids of the series that may have samples at or after a time: to the hour for the last hours, else to the day. */
  seriesSince(startMs: number): Set<number> {
    const { database } = this.#use();
    return snapshot(database, () => activeSeries(database, startMs));
  }

  /** Start of the oldest hour of which anything is left, milliseconds since 1970; NaN when there is none. */
  oldestMs(): number {
    const { database } = this.#use();
    const { hour } = database
      .prepare<{ hour: number | null }>(
        'select min(hour) hour from (select min(hour) hour from used_time union all select min(hour) from tick_hour)',
      )
      .get()!;
    return hour === null ? Number.NaN : hour * hourMs;
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

  /** Time of the newest tick that is not removed yet, milliseconds since 1970; 0 while there is none. */
  newestTimeMs(): number {
    return this.#use().database.prepare<{ t: number | null }>('select max(t) t from tick').get()!.t ?? 0;
  }

  /** Times of the ticks from `startMs` up to and without `endMs`, ascending. */
  tickTimes(startMs: number, endMs: number): Float64Array {
    const { database, samples } = this.#use();
    return snapshot(database, () => samples.tickTimes(startMs, endMs));
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
      oldestMs: this.oldestMs(),
      timestampsMs: Float64Array.from(known, (i) => startMs + i * stepMs),
      means: means.map((mean) => Float64Array.from(known, (i) => mean[i] ?? Number.NaN)),
    };
  }

  /** Every stored point from `startMs` up to and without `endMs`, oldest first; memory holds an hour at a time. */
  points(startMs: number, endMs: number): Iterable<StoredPoint> {
    return this.#use().points.points(startMs, endMs);
  }

  /**
   * Histograms of durations merged over a range. What is older than some minutes is kept by minutes: one counts where
   * its start is in the range. Throws RangeError for an empty range.
   */
  durations(query: DurationQuery): MergedDurations[] {
    if (!(query.endMs > query.startMs)) throw new RangeError(`from ${query.startMs} to ${query.endMs} ms`);
    const { database, durations } = this.#use();
    return snapshot(database, () => durations?.read(query) ?? []);
  }

  /** Cumulative histograms as metrics; see `readDurationMetrics`. */
  durationMetrics(query: DurationMetricsQuery): SampleSeries[] {
    const { database, durations } = this.#use();
    return snapshot(database, () => (durations ? readDurationMetrics(durations, query) : []));
  }

  /** Durations in steps; see `readPercentiles`. */
  percentiles(task: PercentilesTask): PercentilesResult {
    const { database, durations } = this.#use();
    return snapshot(database, () =>
      durations ? readPercentiles(durations, task) : { series: [], omitted: 0 },
    );
  }

  /** Counts and durations over a range, in the order in which the series first appeared; see `readSeriesStats`. */
  seriesStats(task: SeriesStatsTask): SeriesStats[] {
    const parts = this.#use();
    return snapshot(parts.database, () => readSeriesStats(parts, task));
  }

  /** Time of the newest tick that is stored singly, of those before a time if one is given, milliseconds since 1970; 0 when there is none. */
  newestTickMs(beforeMs = Number.MAX_SAFE_INTEGER): number {
    const { database } = this.#use();
    return (
      database.prepare<{ t: number | null }>('select max(t) t from tick where t < ?').get(beforeMs)?.t ?? 0
    );
  }

  /** Error groups, the newest first by when they were last seen. */
  errorGroups(filter: ErrorGroupsTask): ErrorGroup[] {
    const { database, durations } = this.#use();
    return durations ? listErrorGroups(database, filter) : [];
  }

  /** The group of this fingerprint that was last seen, of any process unless one is named. */
  errorGroup(fingerprint: string, process?: string): ErrorGroup | undefined {
    const { database, durations } = this.#use();
    return durations ? findErrorGroup(database, fingerprint, process) : undefined;
  }

  /** How often errors came; see `readErrorTrends`. */
  errorTrends(task: ErrorTrendsTask): ErrorTrend[] {
    const parts = this.#use();
    return snapshot(parts.database, () => readErrorTrends(parts, task));
  }

  /** Points that destinations refused, oldest first unless told. */
  quarantine(filter: QuarantineFilter): QuarantinedPoint[] {
    return listQuarantine(this.#use().database, filter);
  }

  /** What alerts go on from after a start. */
  keptAlerts(): KeptAlerts {
    const { database, alerts } = this.#use();
    return alerts ? snapshot(database, () => alerts.kept()) : nothingKept;
  }

  /** Alerts of the past and present, newest first. */
  alertsPage(task: AlertsPageTask): Alert[] {
    return this.#use().alerts?.page(task) ?? [];
  }

  /** Undefined when there is none. */
  alert(id: string): Alert | undefined {
    return this.#use().alerts?.alert(id);
  }

  /** Undefined when there is none. */
  alertRecording(alertId: string): AlertRecording | undefined {
    return this.#use().alerts?.recording(alertId);
  }

  close(): void {
    this.#parts?.database.close();
    this.#parts = undefined;
  }

  /** The writer may have begun a fresh file in place of a damaged one, or brought this one to the present version. */
  #use(): Parts {
    if (!existsSync(this.#path)) throw new StoreError('missing', `there is no store at ${this.#path}`);
    const inode = statSync(this.#path).ino;
    const known = this.#parts;
    if (
      known?.inode === inode &&
      (known.version === schemaVersion || checkSchema(known.database) === known.version)
    )
      return known;
    this.close();
    const database = openDatabase(this.#path, { readOnly: true });
    let version: number;
    try {
      version = checkSchema(database);
      database.exec(`pragma cache_size = -${cacheKilobytes}`);
    } catch (error) {
      database.close();
      throw error;
    }
    const layouts = new LayoutBook(database);
    const hasWritten = version >= writtenVersion;
    const written = hasWritten ? new HourWritten(database) : null;
    const samples = new SamplesReader(database, layouts, written);
    const buckets = new BucketReader(database, samples);
    const points = new PointReader(database, samples, layouts, written);
    const series = new SeriesList(database, 'series', hasWritten);
    const durations = version >= insidesVersion ? new DurationReader(database) : null;
    const alerts = version >= alertsVersion ? new AlertReader(database) : null;
    this.#parts = { database, inode, version, series, samples, buckets, points, durations, alerts };
    return this.#parts;
  }
}

function activeSeries(database: Database, startMs: number): Set<number> {
  const day = Math.floor(hourOf(startMs) / hoursPerDay);
  const layouts = database
    .prepare<{ series: Uint8Array }>('select series from layout where last_hour >= ?')
    .all(hourOf(startMs));
  const ids = new Set(layouts.flatMap(({ series }) => (readColumns(series) ?? []).flat()));
  // What had its last tick before today is in no layout any more.
  const today = Math.floor(hourOf(Date.now()) / hoursPerDay);
  if (day >= today) return ids;
  const days = database.prepare<{ id: number }>('select id from series where last_day >= ?').all(day);
  for (const { id } of days) ids.add(id);
  return ids;
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

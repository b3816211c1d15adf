import type { Tags } from '../point/point.ts';
import { ByteReader } from '../sketch/bytes.ts';
import type { Sketch } from '../sketch/sketch.ts';
import type { Database, Statement } from './database.ts';
import { addBlock, addPackedBlock, DurationSums, readDurations, type SumsOf } from './duration-block.ts';
import { dayEntries } from './rollup.ts';
import { hourMs, hourOf, hoursPerDay, minuteMs, minutesPerHour, rowKey, seriesOf } from './schema.ts';
import { groupSeries, type SeriesFilter, SeriesList } from './series-list.ts';

export interface DurationQuery {
  readonly filter: SeriesFilter;
  /** Series with equal values of these tags are merged. */
  readonly by: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
}

/** Durations of some series over a range, in microseconds. */
export interface MergedDurations {
  /** As of `groupSeries`. */
  readonly key: string;
  /** Those asked for that the series have. */
  readonly tags: Tags;
  readonly count: number;
  readonly sumUs: number;
  readonly maxUs: number;
  /** Of the durations in microseconds. */
  readonly sketch: Sketch;
}

interface HourRow {
  readonly hour: number;
  readonly pending: number;
}

/**
 * Merges histograms over a range: whole hours from the rows of their days, the hours at its ends from minutes, the
 * last minutes from ticks. A minute, and an hour whose minutes are gone, counts where its start is in the range. Use
 * it within one snapshot of the database.
 */
export class DurationReader {
  readonly #series: SeriesList;
  readonly #selectHours: Statement<HourRow>;
  readonly #selectDay: Statement<{ key: number; data: Uint8Array }>;
  readonly #selectMinutes: Statement<{ data: Uint8Array }>;
  readonly #hasMinutes: Statement<{ key: number }>;
  readonly #selectTicks: Statement<{ data: Uint8Array }>;

  constructor(database: Database) {
    this.#series = new SeriesList(database, 'duration_series');
    this.#selectHours = database.prepare(
      'select hour, pending from duration_hour where hour between ? and ?',
    );
    this.#selectDay = database.prepare('select key, data from duration_day where key between ? and ?');
    this.#selectMinutes = database.prepare('select data from duration_minute where key >= ? and key < ?');
    this.#hasMinutes = database.prepare('select key from duration_minute where key >= ? and key < ? limit 1');
    this.#selectTicks = database.prepare('select data from duration_tick where t >= ? and t < ?');
  }

  /** Groups that have any duration in the range, in the order in which they first appeared. */
  read({ filter, by, startMs, endMs }: DurationQuery): MergedDurations[] {
    const found = groupSeries(this.#series.find(filter), by);
    const groups = found.map((group) => ({ ...group, sums: new DurationSums() }));
    const targets = new Map(
      groups.flatMap(({ series, sums }) => series.map(({ id }) => [id, sums] as const)),
    );
    if (targets.size === 0) return [];
    this.#addAll(targets, startMs, endMs);
    return groups
      .filter(({ sums }) => sums.count > 0)
      .map(({ key, tags, sums: { count, sumUs, maxUs, sketch } }) => ({
        ...{ key, tags, count, sumUs, maxUs, sketch },
      }));
  }

  #addAll(targets: ReadonlyMap<number, DurationSums>, startMs: number, endMs: number): void {
    const sumsOf: SumsOf = (id) => targets.get(id) ?? null;
    const days = new Map<number, Set<number>>();
    for (const { hour, pending } of this.#selectHours.all(hourOf(startMs), hourOf(endMs - 1))) {
      const isWhole = hour * hourMs >= startMs && (hour + 1) * hourMs <= endMs;
      if ((isWhole && pending === 0) || this.#isBareHour(hour, startMs)) {
        const day = Math.floor(hour / hoursPerDay);
        days.set(day, (days.get(day) ?? new Set()).add(hour % hoursPerDay));
      } else {
        this.#addMinutes(sumsOf, hour, startMs, endMs);
      }
    }
    const ids = [...targets.keys()].sort((a, b) => a - b);
    for (const [day, hours] of days) this.#addDay(targets, day, hours, ids[0]!, ids.at(-1)!);
    for (const { data } of this.#selectTicks.all(startMs, endMs)) addBlock(data, sumsOf);
  }

  /** Begins in the range, and its minutes are gone. */
  #isBareHour(hour: number, startMs: number): boolean {
    const first = hour * minutesPerHour;
    return hour * hourMs >= startMs && this.#hasMinutes.get(first, first + minutesPerHour) === undefined;
  }

  #addMinutes(sumsOf: SumsOf, hour: number, startMs: number, endMs: number): void {
    const first = Math.max(hour * minutesPerHour, Math.ceil(startMs / minuteMs));
    const end = Math.min((hour + 1) * minutesPerHour, Math.ceil(endMs / minuteMs));
    for (const { data } of this.#selectMinutes.all(first, end)) addPackedBlock(data, sumsOf);
  }

  /** The rows of a day lie in the order of series: those between the first and the last are read at once. */
  #addDay(
    targets: ReadonlyMap<number, DurationSums>,
    day: number,
    hours: ReadonlySet<number>,
    firstId: number,
    lastId: number,
  ): void {
    for (const { key, data } of this.#selectDay.all(rowKey(day, firstId), rowKey(day, lastId))) {
      const sums = targets.get(seriesOf(key));
      if (sums) addDayRow(data, hours, sums);
    }
  }
}

function addDayRow(data: Uint8Array, hours: ReadonlySet<number>, sums: DurationSums): void {
  try {
    for (const { slot, entry } of dayEntries(data)) {
      if (hours.has(slot)) readDurations(new ByteReader(entry), 0, sums);
    }
  } catch {
    // A damaged row is a gap.
  }
}

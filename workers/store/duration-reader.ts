import type { Tags } from '../point/point.ts';
import { ByteReader } from '../sketch/bytes.ts';
import type { Sketch } from '../sketch/sketch.ts';
import type { Database, Statement } from './database.ts';
import { addBlock, addPackedBlock, DurationSums, readDurations, type SumsOf } from './duration-block.ts';
import { dayEntries } from './rollup.ts';
import { hourMs, hourOf, hoursPerDay, minuteMs, minutesPerHour, rowKey, seriesOf } from './schema.ts';
import { groupSeries, type SeriesFilter, type SeriesGroup, SeriesList } from './series-list.ts';

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

/** Durations of a group in one step. They are good until the visitor returns. */
export type StepVisitor = (group: number, step: number, sums: DurationSums) => void;

interface HourRow {
  readonly hour: number;
  readonly pending: number;
}

interface StepRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Where durations of one series are wanted in one step; null: nowhere. */
type SumsAt = (timeMs: number) => SumsOf;

/**
 * Merges histograms over a range: whole hours from the rows of their days, the hours at its ends from minutes, the
 * last minutes from ticks. A minute, and an hour whose minutes are gone, counts where its start is in the range. Use
 * it within one snapshot of the database.
 */
export class DurationReader {
  readonly #series: SeriesList;
  readonly #selectHours: Statement<HourRow>;
  readonly #selectTickHours: Statement<{ hour: number }>;
  readonly #selectDay: Statement<{ key: number; data: Uint8Array }>;
  readonly #selectMinutes: Statement<{ key: number; data: Uint8Array }>;
  readonly #hasMinutes: Statement<{ key: number }>;
  readonly #selectTicks: Statement<{ t: number; data: Uint8Array }>;

  constructor(database: Database) {
    this.#series = new SeriesList(database, 'duration_series');
    this.#selectHours = database.prepare(
      'select hour, pending from duration_hour where hour between ? and ?',
    );
    this.#selectTickHours = database.prepare(
      `select distinct t / ${hourMs} hour from duration_tick where t >= ? and t < ?`,
    );
    this.#selectDay = database.prepare('select key, data from duration_day where key between ? and ?');
    this.#selectMinutes = database.prepare(
      'select key, data from duration_minute where key >= ? and key < ? order by key',
    );
    this.#hasMinutes = database.prepare('select key from duration_minute where key >= ? and key < ? limit 1');
    this.#selectTicks = database.prepare('select t, data from duration_tick where t >= ? and t < ?');
  }

  /** The groups that a query is about, whether or not they have durations in its range. */
  groups({ filter, by }: Pick<DurationQuery, 'filter' | 'by'>): SeriesGroup[] {
    return groupSeries(this.#series.find(filter), by);
  }

  /** Groups that have any duration in the range, in the order in which they first appeared. */
  read({ filter, by, startMs, endMs }: DurationQuery): MergedDurations[] {
    const groups = this.groups({ filter, by }).map((group) => ({ ...group, sums: new DurationSums() }));
    const targets = new Map(
      groups.flatMap(({ series, sums }) => series.map(({ id }) => [id, sums] as const)),
    );
    const sumsOf: SumsOf = (id) => targets.get(id) ?? null;
    this.#addAll([...targets.keys()], { startMs, endMs, stepMs: endMs - startMs }, () => sumsOf);
    return groups
      .filter(({ sums }) => sums.count > 0)
      .map(({ key, tags, sums: { count, sumUs, maxUs, sketch } }) => ({
        ...{ key, tags, count, sumUs, maxUs, sketch },
      }));
  }

  /**
   * Durations of each step, oldest first, of the groups in which there are any. Steps begin at `startMs`; what is kept
   * by minutes or hours is in the step that its start falls in. An hour of steps at most is held at a time, or a day of
   * steps that are hours.
   */
  eachStep(groups: readonly SeriesGroup[], range: StepRange, visit: StepVisitor): void {
    const groupOf = new Map(
      groups.flatMap(({ series }, group) => series.map(({ id }) => [id, group] as const)),
    );
    const open = new OpenSteps(groupOf, range);
    this.#addAll(
      [...groupOf.keys()],
      range,
      (timeMs) => open.sumsAt(timeMs),
      (timeMs) => open.close(timeMs, visit),
    );
    open.close(Number.POSITIVE_INFINITY, visit);
  }

  /** `ended` is told a time before which nothing more comes. */
  #addAll(ids: number[], range: StepRange, sumsAt: SumsAt, ended?: (timeMs: number) => void): void {
    if (ids.length === 0) return;
    const { startMs, endMs } = range;
    const span = ids.sort((a, b) => a - b);
    for (const [day, hours] of this.#hoursByDay(range)) {
      const slots = new Set(hours.filter(({ isInDay }) => isInDay).map(({ hour }) => hour % hoursPerDay));
      if (slots.size > 0) this.#addDay(sumsAt, day, slots, span[0]!, span.at(-1)!);
      for (const { hour, isInDay } of hours) {
        if (!isInDay) this.#addMinutes(sumsAt, hour, startMs, endMs);
        this.#addTicks(sumsAt, hour, startMs, endMs);
        ended?.((hour + 1) * hourMs);
      }
    }
  }

  /** Hours of the range that have anything, oldest first, and whether they are read from their day's rows. */
  #hoursByDay({ startMs, endMs, stepMs }: StepRange): Map<number, { hour: number; isInDay: boolean }[]> {
    const stepOf = (timeMs: number) => Math.floor((timeMs - startMs) / stepMs);
    const isOneStep = (hour: number) => stepOf(hour * hourMs) === stepOf((hour + 1) * hourMs - 1);
    const inDay = new Map<number, boolean>();
    for (const { hour } of this.#selectTickHours.all(startMs, endMs)) inDay.set(hour, false);
    for (const { hour, pending } of this.#selectHours.all(hourOf(startMs), hourOf(endMs - 1))) {
      const isWhole = hour * hourMs >= startMs && (hour + 1) * hourMs <= endMs;
      inDay.set(hour, (isWhole && pending === 0 && isOneStep(hour)) || this.#isBareHour(hour, startMs));
    }
    const days = new Map<number, { hour: number; isInDay: boolean }[]>();
    for (const [hour, isInDay] of [...inDay].sort(([a], [b]) => a - b)) {
      const day = Math.floor(hour / hoursPerDay);
      const known = days.get(day);
      if (known) known.push({ hour, isInDay });
      else days.set(day, [{ hour, isInDay }]);
    }
    return days;
  }

  /** Begins in the range, and its minutes are gone. */
  #isBareHour(hour: number, startMs: number): boolean {
    const first = hour * minutesPerHour;
    return hour * hourMs >= startMs && this.#hasMinutes.get(first, first + minutesPerHour) === undefined;
  }

  #addMinutes(sumsAt: SumsAt, hour: number, startMs: number, endMs: number): void {
    const first = Math.max(hour * minutesPerHour, Math.ceil(startMs / minuteMs));
    const end = Math.min((hour + 1) * minutesPerHour, Math.ceil(endMs / minuteMs));
    for (const { key, data } of this.#selectMinutes.all(first, end)) {
      addPackedBlock(data, sumsAt(key * minuteMs));
    }
  }

  #addTicks(sumsAt: SumsAt, hour: number, startMs: number, endMs: number): void {
    const from = Math.max(hour * hourMs, startMs);
    const to = Math.min((hour + 1) * hourMs, endMs);
    for (const { t, data } of this.#selectTicks.all(from, to)) addBlock(data, sumsAt(t));
  }

  /** The rows of a day lie in the order of series: those between the first and the last are read at once. */
  #addDay(sumsAt: SumsAt, day: number, slots: ReadonlySet<number>, firstId: number, lastId: number): void {
    const sumsOfHour = new Map(
      [...slots].map((slot) => [slot, sumsAt((day * hoursPerDay + slot) * hourMs)] as const),
    );
    for (const { key, data } of this.#selectDay.all(rowKey(day, firstId), rowKey(day, lastId)))
      addDayRow(data, sumsOfHour, seriesOf(key));
  }
}

/** Steps that something may still come for. */
class OpenSteps {
  readonly #groupOf: ReadonlyMap<number, number>;
  readonly #range: StepRange;
  readonly #steps = new Map<number, Map<number, DurationSums>>();

  constructor(groupOf: ReadonlyMap<number, number>, range: StepRange) {
    this.#groupOf = groupOf;
    this.#range = range;
  }

  sumsAt(timeMs: number): SumsOf {
    const step = this.#stepOf(timeMs);
    let groups = this.#steps.get(step);
    if (!groups) {
      groups = new Map();
      this.#steps.set(step, groups);
    }
    const known = groups;
    return (id) => {
      const group = this.#groupOf.get(id);
      if (group === undefined) return null;
      let sums = known.get(group);
      if (!sums) {
        sums = new DurationSums();
        known.set(group, sums);
      }
      return sums;
    };
  }

  /** Gives away the steps that end before or at `timeMs`, oldest first. */
  close(timeMs: number, visit: StepVisitor): void {
    const end = timeMs === Number.POSITIVE_INFINITY ? timeMs : this.#stepOf(timeMs);
    for (const step of [...this.#steps.keys()].sort((a, b) => a - b)) {
      if (step >= end) return;
      for (const [group, sums] of this.#steps.get(step)!) if (sums.count > 0) visit(group, step, sums);
      this.#steps.delete(step);
    }
  }

  #stepOf(timeMs: number): number {
    return Math.floor((timeMs - this.#range.startMs) / this.#range.stepMs);
  }
}

function addDayRow(data: Uint8Array, sumsOfHour: ReadonlyMap<number, SumsOf>, seriesId: number): void {
  try {
    for (const { slot, entry } of dayEntries(data)) {
      const sums = sumsOfHour.get(slot)?.(seriesId);
      if (sums) readDurations(new ByteReader(entry), 0, sums);
    }
  } catch {
    // A damaged row is a gap.
  }
}

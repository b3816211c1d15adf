import type { Tags } from '../point/point.ts';
import type { Database, Statement } from './database.ts';
import { parseSeriesKey, type SeriesName } from './names.ts';

export interface StoredSeries extends SeriesName {
  readonly id: number;
  /** Others write it: it has no place in ticks. */
  readonly isWritten: boolean;
}

/** Every given part must be equal; of the tags, those that are given. */
export interface SeriesFilter {
  readonly measurement?: string;
  readonly field?: string;
  readonly tags?: Tags;
}

/** The series of a table of names, read again only when there are others; those that are still there stay the same objects. */
export class SeriesList {
  readonly #state: Statement<{ last: number | null; count: number }>;
  readonly #select: Statement<{ id: number; key: string; written: number }>;
  #series: readonly StoredSeries[] = [];

  /** `hasWritten`: the table says which series others write. */
  constructor(database: Database, table: 'series' | 'duration_series', hasWritten = false) {
    this.#state = database.prepare(`select max(id) last, count(*) count from ${table}`);
    const written = hasWritten ? 'written' : '0 written';
    this.#select = database.prepare(`select id, key, ${written} from ${table} where id > ? order by id`);
  }

  /** Those that match, in the order in which they first appeared. All of them are the same list until there are others. */
  find({ measurement, field, tags }: SeriesFilter): readonly StoredSeries[] {
    if (measurement === undefined && field === undefined && tags === undefined) return this.#all();
    const wanted = Object.entries(tags ?? {});
    return this.#all().filter(
      (series) =>
        (measurement === undefined || series.measurement === measurement) &&
        (field === undefined || series.field === field) &&
        wanted.every(([name, value]) => tagOf(series, name) === value),
    );
  }

  #all(): readonly StoredSeries[] {
    const { last, count } = this.#state.get()!;
    const known = this.#series.at(-1)?.id ?? 0;
    if ((last ?? 0) === known && count === this.#series.length) return this.#series;
    const added = this.#read(known);
    const isLonger = added.length > 0 && this.#series.length + added.length === count;
    this.#series = isLonger ? [...this.#series, ...added] : this.#read(0);
    return this.#series;
  }

  #read(afterId: number): StoredSeries[] {
    return this.#select
      .all(afterId)
      .map(({ id, key, written }) => ({ id, isWritten: written === 1, ...parseSeriesKey(key) }));
  }
}

/** Series with equal values of some tags. */
export interface SeriesGroup {
  /** The same for the same values, whatever else the series are. */
  readonly key: string;
  /** The tags that were asked for, without those that the series lack. */
  readonly tags: Tags;
  readonly series: StoredSeries[];
}

/** Groups series by the values of the tags `by`, in the order in which they first appeared. */
export function groupSeries(series: readonly StoredSeries[], by: readonly string[]): SeriesGroup[] {
  const groups = new Map<string, SeriesGroup>();
  for (const each of series) {
    const values = by.map((name) => tagOf(each, name));
    const key = JSON.stringify(values.map((value) => value ?? ''));
    let group = groups.get(key);
    if (!group) {
      const known = by.flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]] as const]));
      group = { key, tags: Object.fromEntries(known), series: [] };
      groups.set(key, group);
    }
    group.series.push(each);
  }
  return [...groups.values()];
}

function tagOf({ tags }: SeriesName, name: string): string | undefined {
  return Object.hasOwn(tags, name) ? tags[name] : undefined;
}

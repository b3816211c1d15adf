import type { NewestFields } from '../contract/standings.ts';
import type { ColumnRows, RingReader } from '../ring/ring-reader.ts';

/** What is read every 10 s comes every minute at the worst: one more may be late. */
export const freshMs = 150_000;

/** The series of one tag set of a measurement. */
export interface TaggedColumns {
  readonly tags: Readonly<Record<string, string>>;
  /** By field. */
  readonly columns: ReadonlyMap<string, number>;
}

/** The newest rows of the ring, for telling how things stand now. */
export class RecentRows {
  /** Of the newest row; 0 while there is none. */
  readonly timeMs: number;
  readonly #ring: RingReader;
  readonly #rows: ColumnRows;

  constructor(ring: RingReader) {
    this.#ring = ring;
    this.timeMs = ring.newestTimeMs() ?? 0;
    this.#rows = ring.rowsBetween(this.timeMs - freshMs, this.timeMs) ?? noRows;
  }

  /** The tag sets of a measurement, in the order in which they came. */
  tagSets(measurement: string): TaggedColumns[] {
    const sets = new Map<string, { tags: TaggedColumns['tags']; columns: Map<string, number> }>();
    for (const { tags, field, column } of this.#ring.seriesOf(measurement)) {
      const key = JSON.stringify(tags);
      let set = sets.get(key);
      if (!set) {
        set = { tags, columns: new Map() };
        sets.set(key, set);
      }
      set.columns.set(field, column);
    }
    return [...sets.values()];
  }

  /**
   * Those of the fields that stand in the newest of the last `rows` rows (all of the last 150 s unless told) in which
   * any of them does: what was not known then is null, however well it was known before. Undefined when there is no
   * such row.
   */
  newest(
    { columns }: TaggedColumns,
    fields: readonly string[],
    rows = Number.POSITIVE_INFINITY,
  ): NewestFields | undefined {
    const values = fields.map((field) => this.#values(columns.get(field)));
    const end = this.#rows.timestampsMs.length;
    for (let row = end - 1; row >= Math.max(0, end - rows); row--) {
      if (values.every((value) => Number.isNaN(value?.[row] ?? Number.NaN))) continue;
      return Object.fromEntries(fields.map((field, i) => [field, known(values[i]?.[row])]));
    }
    return undefined;
  }

  /** The newest value of each field by itself. */
  latest(set: TaggedColumns, fields: readonly string[]): NewestFields {
    return Object.fromEntries(fields.map((field) => [field, this.newest(set, [field])?.[field] ?? null]));
  }

  /** True when the last reading of a source failed. */
  isDown(source: string): boolean {
    const set = this.tagSets('agent').find(({ tags }) => tags.source === source);
    return set !== undefined && this.newest(set, ['source_up'])?.source_up === 0;
  }

  #values(column: number | undefined): Float64Array | undefined {
    if (column === undefined) return undefined;
    const values = new Float64Array(this.#rows.timestampsMs.length);
    return this.#ring.copyRows(column, this.#rows, values) ? values : undefined;
  }
}

const noRows: ColumnRows = { timestampsMs: new Float64Array(0), first: 0 };

function known(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

import { buildLayout, type Layout, type PointKey, seriesKey } from '../point/point.ts';
import { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { Database, Statement } from './database.ts';
import { hourOf, hoursPerDay } from './schema.ts';

/** Identity of a series. */
export interface SeriesName {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly field: string;
}

/** A layout as ticks refer to it. */
export interface StoredLayout {
  readonly layout: Layout;
  /** Series of each column. */
  readonly seriesIds: readonly number[];
}

/** Reads a key of table `series`. */
export function parseSeriesKey(key: string): SeriesName {
  const [measurement, tags, field] = JSON.parse(key) as [string, [string, string][], string];
  return { measurement, tags: Object.fromEntries(tags), field };
}

/** Points of decoded layouts that are kept: a running agent has a handful of layouts, and one for each series that others write. */
const maxDecodedPoints = 20_000;

/** Series and layouts by id. Good for readers too. */
export class LayoutBook {
  readonly #selectLayout: Statement<{ series: Uint8Array }>;
  readonly #selectKey: Statement<{ key: string }>;
  readonly #decoded = new Map<number, StoredLayout | null>();
  #decodedPoints = 0;

  constructor(database: Database) {
    this.#selectLayout = database.prepare('select series from layout where id = ?');
    this.#selectKey = database.prepare('select key from series where id = ?');
  }

  /** null when there is no such layout, or it cannot be read. */
  layout(id: number): StoredLayout | null {
    const known = this.#decoded.get(id);
    if (known !== undefined) return known;
    const row = this.#selectLayout.get(id);
    const layout = row ? this.#decode(row.series) : null;
    this.#decodedPoints += layout?.layout.points.length ?? 1;
    if (this.#decodedPoints > maxDecodedPoints) {
      this.#decoded.clear();
      this.#decodedPoints = 0;
    }
    this.#decoded.set(id, layout);
    return layout;
  }

  #decode(bytes: Uint8Array): StoredLayout | null {
    const points: PointKey[] = [];
    const seriesIds: number[] = [];
    const columns = readColumns(bytes);
    if (!columns) return null;
    for (const ids of columns) {
      const names: SeriesName[] = [];
      for (const id of ids) {
        const row = this.#selectKey.get(id);
        if (!row) return null;
        names.push(parseSeriesKey(row.key));
        seriesIds.push(id);
      }
      const { measurement = '', tags = {} } = names[0] ?? {};
      points.push({ measurement, tags, fields: names.map(({ field }) => field) });
    }
    return { layout: buildLayout(points), seriesIds };
  }
}

/** Series ids of each point of a layout, see `writeColumns`; null when the bytes are not such. */
export function readColumns(bytes: Uint8Array): number[][] | null {
  const points: number[][] = [];
  const reader = new ByteReader(bytes);
  let last = 0;
  try {
    while (!reader.ended) {
      const ids: number[] = [];
      for (let fields = reader.varint(); fields > 0; fields--) {
        last += reader.signed();
        ids.push(last);
      }
      points.push(ids);
    }
  } catch {
    return null;
  }
  return points;
}

/** For each point its number of fields, then each series id as difference to the one before. */
function writeColumns(writer: ByteWriter, points: readonly (readonly number[])[]): void {
  let last = 0;
  for (const ids of points) {
    writer.varint(ids.length);
    for (const id of ids) {
      writer.signed(id - last);
      last = id;
    }
  }
}

interface KnownLayout {
  readonly id: number;
  /** The latest hour that its row says it was used in. */
  lastHour: number;
}

/** Gives ids to layouts as they appear in ticks. Belongs to the writer; a transaction that fails discards it. */
export class NameWriter {
  readonly #known = new WeakMap<Layout, KnownLayout>();
  readonly #writer = new ByteWriter();
  readonly #findSeries: Statement<{ id: number }>;
  readonly #addSeries: Statement<never>;
  readonly #findLayout: Statement<{ id: number; last_hour: number }>;
  readonly #addLayout: Statement<never>;
  readonly #useLayout: Statement<never>;

  constructor(database: Database) {
    this.#findSeries = database.prepare('select id from series where key = ?');
    this.#addSeries = database.prepare('insert into series(key, last_day, written) values (?, ?, ?)');
    this.#findLayout = database.prepare('select id, last_hour from layout where series = ?');
    this.#addLayout = database.prepare('insert into layout(series, last_hour) values (?, ?)');
    this.#useLayout = database.prepare('update layout set last_hour = ? where id = ?');
  }

  /** Id of a layout that points of `timeMs` use; `isWritten` when others wrote them. Within a transaction. */
  idOf(layout: Layout, timeMs: number, isWritten = false): number {
    const hour = hourOf(timeMs);
    let known = this.#known.get(layout);
    if (!known) {
      known = this.#intern(layout, hour, isWritten);
      this.#known.set(layout, known);
    }
    if (hour > known.lastHour) {
      this.#useLayout.run(hour, known.id);
      known.lastHour = hour;
    }
    return known.id;
  }

  #intern(layout: Layout, hour: number, isWritten: boolean): KnownLayout {
    const day = Math.floor(hour / hoursPerDay);
    const points = layout.points.map(({ measurement, tags, fields }) => {
      const carried = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
      return fields.map((field) => this.#seriesId(seriesKey(measurement, carried, field), day, isWritten));
    });
    this.#writer.clear();
    writeColumns(this.#writer, points);
    const bytes = this.#writer.copy();
    const row = this.#findLayout.get(bytes);
    if (row) return { id: row.id, lastHour: row.last_hour };
    return { id: this.#addLayout.run(bytes, hour).lastId, lastHour: hour };
  }

  #seriesId(key: string, day: number, isWritten: boolean): number {
    return this.#findSeries.get(key)?.id ?? this.#addSeries.run(key, day, isWritten ? 1 : 0).lastId;
  }
}

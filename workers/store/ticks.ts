import { countPoints, type Section } from '../point/point.ts';
import type { Database, Statement } from './database.ts';
import type { NameWriter } from './names.ts';
import { hourMs, hourOf } from './schema.ts';
import type { TickHours } from './tick-hours.ts';

/** A section as it lies in a tick row. */
export interface StoredSection {
  readonly layoutId: number;
  /** NaN is "not known". */
  readonly values: Float64Array;
}

export interface TickRow {
  readonly seq: number;
  readonly t: number;
  readonly points: number;
  readonly sections: Uint8Array;
}

/** Writes ticks. Belongs to the writer; a transaction that fails discards it. */
export class TickWriter {
  readonly #names: NameWriter;
  readonly #hours: TickHours;
  readonly #insert: Statement<never>;
  readonly #findTime: Statement<{ t: number }>;
  #scratch = new ArrayBuffer(65_536);

  constructor(database: Database, names: NameWriter, hours: TickHours) {
    this.#names = names;
    this.#hours = hours;
    this.#insert = database.prepare('insert into tick(seq, t, points, sections) values (?, ?, ?, ?)');
    this.#findTime = database.prepare('select t from tick where t = ?');
  }

  /**
   * Writes one tick within a transaction; sections without a known value are left out. Gives the time that it got
   * and the points that it has, or no points and no row when nothing is known.
   */
  write(seq: number, timeMs: number, sections: readonly Section[]): { timeMs: number; points: number } {
    const given = this.#freeTime(Math.floor(timeMs));
    let points = 0;
    let length = 0;
    for (const section of sections) {
      const known = countPoints(section);
      if (known === 0) continue;
      points += known;
      length = this.#put(section, this.#names.idOf(section.layout, given), length);
    }
    if (points === 0) return { timeMs: given, points };
    this.#hours.use(hourOf(given), seq);
    this.#insert.run(seq, given, points, new Uint8Array(this.#scratch, 0, length));
    return { timeMs: given, points };
  }

  /** `timeMs`, or the next millisecond that no tick has had. */
  #freeTime(timeMs: number): number {
    let free = timeMs;
    while (this.#findTime.get(free) || this.#hours.usedTimes(hourOf(free)).has(free)) free++;
    return free;
  }

  /** u32 layout id, u32 number of values, then the values: 8-byte aligned throughout. */
  #put({ layout, values }: Section, layoutId: number, at: number): number {
    if (values.length !== layout.width) {
      throw new RangeError(`${values.length} values for a layout of ${layout.width}`);
    }
    const end = at + 8 + values.length * 8;
    if (end > this.#scratch.byteLength) {
      const grown = new ArrayBuffer(end * 2);
      new Uint8Array(grown).set(new Uint8Array(this.#scratch, 0, at));
      this.#scratch = grown;
    }
    new Uint32Array(this.#scratch, at, 2).set([layoutId, values.length]);
    new Float64Array(this.#scratch, at + 8, values.length).set(values);
    return end;
  }
}

/** Sections as the bytes of a row. */
export function packSections(
  sections: readonly { readonly layoutId: number; readonly values: ArrayLike<number> }[],
): Uint8Array {
  const length = sections.reduce((sum, { values }) => sum + 8 + values.length * 8, 0);
  const bytes = new ArrayBuffer(length);
  let at = 0;
  for (const { layoutId, values } of sections) {
    new Uint32Array(bytes, at, 2).set([layoutId, values.length]);
    new Float64Array(bytes, at + 8, values.length).set(values);
    at += 8 + values.length * 8;
  }
  return new Uint8Array(bytes);
}

/** The sections of a tick row; null when the bytes are not such. Shares memory with the row where it can. */
export function readSections(bytes: Uint8Array): StoredSection[] | null {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const sections: StoredSection[] = [];
  for (let at = 0; at < aligned.length; ) {
    if (at + 8 > aligned.length) return null;
    const [layoutId = 0, count = 0] = new Uint32Array(aligned.buffer, aligned.byteOffset + at, 2);
    at += 8;
    if (at + count * 8 > aligned.length) return null;
    sections.push({ layoutId, values: new Float64Array(aligned.buffer, aligned.byteOffset + at, count) });
    at += count * 8;
  }
  return sections;
}

/** Ticks that are read at once: a bound on memory. */
const pageRows = 128;

/** Reads the ticks of an hour in the order of their times, in pages. */
export class HourTicks {
  readonly #select: Statement<TickRow>;

  constructor(database: Database) {
    this.#select = database.prepare(
      `select seq, t, points, sections from tick where t >= ? and t < ? and seq <= ? order by t limit ${pageRows}`,
    );
  }

  /** Visits ticks with a time from `startMs` up to and without `endMs` and a seq up to `lastSeq`. */
  each(
    startMs: number,
    endMs: number,
    lastSeq: number,
    visit: (t: number, sections: readonly StoredSection[]) => void,
  ): void {
    for (let from = startMs; ; ) {
      const rows = this.#select.all(from, endMs, lastSeq);
      for (const row of rows) {
        const sections = readSections(row.sections);
        if (sections) visit(row.t, sections);
      }
      if (rows.length < pageRows) return;
      from = rows.at(-1)!.t + 1;
    }
  }
}

/** First and last millisecond, exclusive, of an hour. */
export function hourSpan(hour: number): [number, number] {
  return [hour * hourMs, (hour + 1) * hourMs];
}

import type { Batch, Cursor, DeliveryOutcome } from '../contract/tasks.ts';
import { LineWriter } from '../point/line-protocol.ts';
import { hasValue, type Layout } from '../point/point.ts';
import type { Database, Statement } from './database.ts';
import type { Ledger } from './ledger.ts';
import type { LayoutBook, StoredLayout } from './names.ts';
import type { Quarantine } from './quarantine.ts';
import { StoreError } from './store-error.ts';
import { readSections } from './ticks.ts';

interface Row {
  readonly seq: number;
  /** null: each point has a time of its own. */
  readonly t: number | null;
  readonly points: number;
  readonly sections: Uint8Array;
}

/** A section that can be written as lines. */
interface ReadableSection {
  readonly layout: Layout;
  readonly writer: LineWriter;
  readonly values: Float64Array;
  readonly timeMs: number;
}

/** Rows that are read at once: a bound on memory. */
const pageRows = 64;
/** Points of the writers that are kept; there is one for each layout and prefix in use. */
const maxWriterPoints = 20_000;

/** Gives each sink the points behind its cursor, and moves the cursor when they are settled. */
export class Delivery {
  readonly #ledger: Ledger;
  readonly #layouts: LayoutBook;
  readonly #quarantine: Quarantine;
  readonly #select: Statement<Row>;
  readonly #writers = new Map<string, { stored: StoredLayout; writer: LineWriter }>();
  #writerPoints = 0;

  constructor(database: Database, ledger: Ledger, layouts: LayoutBook, quarantine: Quarantine) {
    this.#ledger = ledger;
    this.#layouts = layouts;
    this.#quarantine = quarantine;
    this.#select = database.prepare(
      `select seq, t, points, sections from tick where seq >= ? union all
        select seq, null, points, sections from written where seq >= ? order by seq limit ?`,
    );
  }

  /**
   * The next points of a sink as line protocol, what was committed first first, or null when none wait. A tick that cannot be
   * read any more is counted as dropped: so this needs a transaction.
   */
  readBatch(sink: string, maxPoints: number, measurementPrefix: string): Batch | null {
    let from = this.#ledger.cursor(sink);
    if (!from || this.#ledger.waiting(sink) === 0) return null;
    let to = from;
    let points = 0;
    let text = '';
    while (points < maxPoints) {
      const rows = this.#select.all(to.seq, to.seq, pageRows);
      for (const row of rows) {
        const skip = row.seq === to.seq ? to.offset : 0;
        const take = Math.min(row.points - skip, maxPoints - points);
        const lines = this.#lines(row, skip, take, measurementPrefix);
        const behind = { seq: row.seq + 1, offset: 0 };
        if (lines === null) {
          if (points > 0) return { from, to, points, text, more: true };
          this.#ledger.drop(sink, 'store_damaged', row.points - skip, behind);
          from = behind;
          to = behind;
          continue;
        }
        text += lines;
        points += take;
        to = skip + take === row.points ? behind : { seq: row.seq, offset: skip + take };
        if (points === maxPoints) break;
      }
      if (rows.length < pageRows) break;
    }
    if (points === 0) return null;
    return { from, to, points, text, more: this.#ledger.waiting(sink) > points };
  }

  /** Takes what became of a batch, within a transaction. Throws `StoreError` 'refused' when it does not fit. */
  settle(sink: string, outcome: DeliveryOutcome, nowMs: number): void {
    const { from, to, delivered, quarantined } = outcome;
    const present = this.#ledger.cursor(sink);
    if (!present || !isSame(from, present)) {
      throw new StoreError(
        'refused',
        `sink ${sink}: the outcome is of ${place(from)}, the cursor is at ${place(present)}`,
      );
    }
    const between = this.#ledger.countBetween(from, to);
    if (delivered < 0 || delivered + quarantined.length !== between) {
      throw new StoreError(
        'refused',
        `sink ${sink}: ${delivered} delivered and ${quarantined.length} quarantined of ${between} points`,
      );
    }
    this.#ledger.settle(sink, to, delivered, quarantined.length);
    this.#quarantine.add(sink, quarantined, nowMs);
  }

  /** Lines of the points from `skip` to `skip + take` of a row; null when it cannot be read. */
  #lines(row: Row, skip: number, take: number, measurementPrefix: string): string | null {
    const sections = this.#sectionsOf(row, measurementPrefix);
    if (!sections) return null;
    const end = skip + take;
    let seen = 0;
    let text = '';
    for (const { layout, writer, values, timeMs } of sections) {
      for (let i = 0; i < layout.points.length && seen < end; i++) {
        if (seen >= skip) {
          const line = writer.line(i, values, timeMs);
          if (line === '') continue;
          text += line;
          seen++;
        } else if (hasValue(layout, values, i)) {
          seen++;
        }
      }
    }
    return seen === end ? text : null;
  }

  #sectionsOf(row: Row, measurementPrefix: string): ReadableSection[] | null {
    const readable: ReadableSection[] = [];
    for (const { layoutId, values: all } of readSections(row.sections) ?? [noSection]) {
      const timeMs = row.t ?? all[0] ?? Number.NaN;
      const values = row.t === null ? all.subarray(1) : all;
      const stored = this.#layouts.layout(layoutId);
      if (!stored || stored.layout.width !== values.length) return null;
      readable.push({
        layout: stored.layout,
        writer: this.#writer(layoutId, stored, measurementPrefix),
        values,
        timeMs,
      });
    }
    return readable;
  }

  #writer(layoutId: number, stored: StoredLayout, measurementPrefix: string): LineWriter {
    const key = `${layoutId} ${measurementPrefix}`;
    const known = this.#writers.get(key);
    if (known?.stored === stored) return known.writer;
    const writer = new LineWriter(stored.layout, measurementPrefix);
    this.#writerPoints += stored.layout.points.length;
    if (this.#writerPoints > maxWriterPoints) {
      this.#writers.clear();
      this.#writerPoints = 0;
    }
    this.#writers.set(key, { stored, writer });
    return writer;
  }
}

const noSection = { layoutId: 0, values: new Float64Array(0) };

function isSame(a: Cursor, b: Cursor): boolean {
  return a.seq === b.seq && a.offset === b.offset;
}

function place(cursor: Cursor | null): string {
  return cursor ? `${cursor.seq}:${cursor.offset}` : 'nowhere';
}

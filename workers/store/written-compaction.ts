import { type Database, transaction } from './database.ts';
import type { HourRows } from './hour-rows.ts';
import type { LayoutBook } from './names.ts';
import { HourWritten, SampleLists } from './written.ts';

/** Samples in memory at once, and written in one slice: some tens of milliseconds. */
const sliceSamples = 40_000;

/** Samples of some rows of an hour. */
interface Part {
  readonly lists: SampleLists;
  readonly seriesIds: readonly number[];
  done: number;
}

/** Adds what others wrote of an hour to its chunks, some rows at a time; once more does no harm. */
export class WrittenCompaction {
  readonly #database: Database;
  readonly #layouts: LayoutBook;
  readonly #rows: HourRows;
  readonly #written: HourWritten;
  #hour = Number.NaN;
  #afterSeq = 0;
  #part: Part | null = null;

  constructor(database: Database, layouts: LayoutBook, rows: HourRows) {
    this.#database = database;
    this.#layouts = layouts;
    this.#rows = rows;
    this.#written = new HourWritten(database);
  }

  /** One slice; false when all of the hour up to `lastSeq` is done, after which it begins with the next one. */
  step({ hour, lastSeq }: { readonly hour: number; readonly lastSeq: number }): boolean {
    if (this.#hour !== hour) {
      this.#hour = hour;
      this.#afterSeq = 0;
      this.#part = null;
    }
    if (this.#part) {
      this.#writeSlice(this.#part);
      if (this.#part.done === this.#part.seriesIds.length) this.#part = null;
      return true;
    }
    this.#part = this.#load(lastSeq);
    if (this.#part.seriesIds.length > 0) return true;
    this.#hour = Number.NaN;
    return false;
  }

  #load(lastSeq: number): Part {
    const lists = new SampleLists(this.#layouts);
    this.#written.each(this.#hour, this.#afterSeq, lastSeq, lists.add.bind(lists), (seq) => {
      this.#afterSeq = seq;
      return lists.size < sliceSamples;
    });
    return { lists, seriesIds: lists.seriesIds(), done: 0 };
  }

  #writeSlice(part: Part): void {
    transaction(this.#database, () => {
      for (let samples = 0; samples < sliceSamples && part.done < part.seriesIds.length; part.done++) {
        const id = part.seriesIds[part.done]!;
        samples += this.#rows.write(this.#hour, id, part.lists.samples(id));
      }
    });
  }
}

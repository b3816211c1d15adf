import type { DurationHistograms } from '../contract/events.ts';
import { ByteWriter } from '../sketch/bytes.ts';
import type { Database, Statement } from './database.ts';
import { BlockWriter } from './duration-block.ts';
import { hourOf, hoursPerDay } from './schema.ts';

interface KnownSeries {
  readonly id: number;
  /** The latest day that its row says it was used in. */
  lastDay: number;
}

/** Ids of series that are kept; the services of an agent have some thousands at most. */
const maxKnown = 20_000;

/** Writes the histograms of ticks. Belongs to the writer; a transaction that fails discards it. */
export class DurationWriter {
  readonly #writer = new ByteWriter();
  readonly #known = new Map<string, KnownSeries>();
  readonly #insert: Statement<never>;
  readonly #findSeries: Statement<{ id: number; last_day: number }>;
  readonly #addSeries: Statement<never>;
  readonly #useSeries: Statement<never>;

  constructor(database: Database) {
    this.#insert = database.prepare('insert or ignore into duration_tick(t, data) values (?, ?)');
    this.#findSeries = database.prepare('select id, last_day from duration_series where key = ?');
    this.#addSeries = database.prepare('insert into duration_series(key, last_day) values (?, ?)');
    this.#useSeries = database.prepare('update duration_series set last_day = ? where id = ?');
  }

  /** Within the transaction of the tick; `timeMs` is the time that it got. */
  write(timeMs: number, histograms: DurationHistograms): void {
    const day = Math.floor(hourOf(timeMs) / hoursPerDay);
    this.#writer.clear();
    const block = new BlockWriter(this.#writer);
    for (let i = 0; i < histograms.keys.length; i++) {
      block.series(this.#seriesId(histograms.keys[i]!, day), histograms, i);
    }
    if (this.#writer.length === 0) return;
    // A tick without points leaves its time free for another one.
    for (let t = timeMs; this.#insert.run(t, this.#writer.view()).changes === 0; ) t++;
  }

  #seriesId(key: string, day: number): number {
    let known = this.#known.get(key);
    if (!known) {
      const row = this.#findSeries.get(key);
      known = row
        ? { id: row.id, lastDay: row.last_day }
        : { id: this.#addSeries.run(key, day).lastId, lastDay: day };
      if (this.#known.size >= maxKnown) this.#known.clear();
      this.#known.set(key, known);
    }
    if (day > known.lastDay) {
      this.#useSeries.run(day, known.id);
      known.lastDay = day;
    }
    return known.id;
  }
}

import { decodeChunk, encodeChunk, mergeSamples, noSamples, type Samples } from './chunk.ts';
import type { Database, Statement } from './database.ts';
import { putHour, RollupEncoder } from './rollup.ts';
import { hourMs, hoursPerDay, rowKey } from './schema.ts';
import { scaleOf } from './value-codec.ts';

/** Writes what a series has of an hour: its chunk, its minutes, and its part of the day's row. */
export class HourRows {
  readonly #rollups = new RollupEncoder();
  readonly #selectChunk: Statement<{ data: Uint8Array }>;
  readonly #selectDay: Statement<{ data: Uint8Array }>;
  readonly #writeChunk: Statement<never>;
  readonly #writeMinutes: Statement<never>;
  readonly #writeDay: Statement<never>;
  readonly #useSeries: Statement<never>;

  constructor(database: Database) {
    this.#selectChunk = database.prepare('select data from chunk where key = ?');
    this.#selectDay = database.prepare('select data from day where key = ?');
    this.#writeChunk = database.prepare('insert or replace into chunk(key, data) values (?, ?)');
    this.#writeMinutes = database.prepare('insert or replace into minute(key, data) values (?, ?)');
    this.#writeDay = database.prepare('insert or replace into day(key, data) values (?, ?)');
    this.#useSeries = database.prepare('update series set last_day = ? where id = ? and last_day < ?');
  }

  /** Adds samples to what is there; gives how many the hour has then. Within a transaction. */
  write(hour: number, seriesId: number, fresh: Samples): number {
    if (fresh.values.length === 0) return 0;
    const startMs = hour * hourMs;
    const key = rowKey(hour, seriesId);
    const samples = mergeSamples(this.#oldSamples(key, startMs), fresh);
    const scale = scaleOf(samples.values, samples.values.length);
    const rollups = this.#rollups.encode(samples, startMs, scale);
    this.#writeChunk.run(key, encodeChunk(samples, startMs, scale));
    this.#writeMinutes.run(key, rollups.minutes);

    const day = Math.floor(hour / hoursPerDay);
    const dayKey = rowKey(day, seriesId);
    const dayRow = this.#selectDay.get(dayKey)?.data;
    if (!dayRow) this.#useSeries.run(day, seriesId, day);
    this.#writeDay.run(dayKey, putHour(dayRow, hour % hoursPerDay, rollups.hour));
    return samples.values.length;
  }

  /** What an earlier compaction of the hour left: the clock came back to it, points came late, or a crash came between. */
  #oldSamples(key: number, startMs: number): Samples {
    const row = this.#selectChunk.get(key);
    if (!row) return noSamples;
    try {
      return decodeChunk(row.data, startMs);
    } catch {
      // Damaged samples are lost; the ticks at hand need not be.
      return noSamples;
    }
  }
}

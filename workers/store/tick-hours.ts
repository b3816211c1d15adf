import { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import type { Database, Statement } from './database.ts';
import { hourMs } from './schema.ts';
import { readDifferences, writeDifferences } from './value-codec.ts';

interface TickHour {
  /** Its ticks are not in chunks yet. */
  pending: boolean;
  /** A seq that none of its ticks and written points lies before. */
  firstSeq: number;
}

/**
 * Which hours have ticks or points that others wrote, and which times those of earlier hours had. Belongs to the writer; a transaction that
 * fails discards it.
 */
export class TickHours {
  readonly #hours = new Map<number, TickHour>();
  readonly #write: Statement<never>;
  readonly #remove: Statement<never>;
  readonly #firstSeq: Statement<{ seq: number | null }>;
  readonly #lastSeq: Statement<{ seq: number | null }>;
  readonly #selectUsed: Statement<{ times: Uint8Array }>;
  readonly #writeUsed: Statement<never>;
  #usedHour = Number.NaN;
  #usedTimes: ReadonlySet<number> = new Set();

  constructor(database: Database) {
    this.#write = database.prepare('insert or replace into tick_hour(hour, pending) values (?, ?)');
    this.#remove = database.prepare('delete from tick_hour where hour = ?');
    const seqs = (pick: 'min' | 'max') =>
      database.prepare<{ seq: number | null }>(
        `select ${pick}(seq) seq from (
          select ${pick}(seq) seq from tick where t >= ? and t < ? union all
          select ${pick}(seq) from written where hour = ?)`,
      );
    this.#firstSeq = seqs('min');
    this.#lastSeq = seqs('max');
    this.#selectUsed = database.prepare('select times from used_time where hour = ?');
    this.#writeUsed = database.prepare('insert or replace into used_time(hour, times) values (?, ?)');
    for (const { hour, pending } of database
      .prepare<{ hour: number; pending: number }>('select hour, pending from tick_hour')
      .all()) {
      this.#hours.set(hour, { pending: pending === 1, firstSeq: 0 });
    }
  }

  /** Notes that tick `seq`, or the written points of that number, lie in this hour. */
  use(hour: number, seq: number): void {
    const known = this.#hours.get(hour);
    if (known?.pending) return;
    this.#write.run(hour, 1);
    this.#hours.set(hour, { pending: true, firstSeq: known?.firstSeq ?? seq });
  }

  /** Pending hours, oldest first. */
  pending(): number[] {
    return this.#select(({ pending }) => pending);
  }

  /** Compacted hours that have ticks before `seq`, oldest first. */
  leftovers(seq: number): number[] {
    return this.#select(({ pending, firstSeq }) => !pending && firstSeq < seq);
  }

  /** All of this hour up to `lastSeq` is in chunks; `timesMs` are those of its ticks. Within a transaction. */
  compacted(hour: number, timesMs: Float64Array, lastSeq: number): void {
    const all = new Set([...this.usedTimes(hour), ...timesMs]);
    this.#writeUsed.run(hour, packTimes(hour, Float64Array.from(all).sort()));
    if (hour === this.#usedHour) this.#usedTimes = all;
    // The clock may have come back to the hour meanwhile.
    const newest = this.#lastSeq.get(hour * hourMs, (hour + 1) * hourMs, hour)!.seq ?? 0;
    if (newest > lastSeq) return;
    this.#write.run(hour, 0);
    this.#hours.set(hour, { pending: false, firstSeq: 0 });
  }

  /** Ticks of this hour were removed: looks what is left. */
  recount(hour: number): void {
    const known = this.#hours.get(hour);
    if (!known) return;
    const { seq } = this.#firstSeq.get(hour * hourMs, (hour + 1) * hourMs, hour)!;
    if (seq !== null) {
      known.firstSeq = seq;
    } else {
      this.#remove.run(hour);
      this.#hours.delete(hour);
    }
  }

  /** Times of ticks of a compacted hour. Asked again and again for the hour that is now: one hour is kept. */
  usedTimes(hour: number): ReadonlySet<number> {
    if (hour !== this.#usedHour) {
      const row = this.#selectUsed.get(hour);
      this.#usedTimes = new Set(row ? unpackTimes(hour, row.times) : []);
      this.#usedHour = hour;
    }
    return this.#usedTimes;
  }

  #select(wanted: (hour: TickHour) => boolean): number[] {
    const found: number[] = [];
    for (const [hour, state] of this.#hours) if (wanted(state)) found.push(hour);
    return found.sort((a, b) => a - b);
  }
}

function packTimes(hour: number, timesMs: Float64Array): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(timesMs.length);
  writeDifferences(
    writer,
    timesMs.map((t) => t - hour * hourMs),
    timesMs.length,
    2,
  );
  return writer.copy();
}

/** Times of a row of `used_time`, ascending. */
export function unpackTimes(hour: number, bytes: Uint8Array): Float64Array {
  try {
    const reader = new ByteReader(bytes);
    const timesMs = new Float64Array(Math.min(reader.varint(), hourMs));
    readDifferences(reader, timesMs, timesMs.length, 2);
    return timesMs.map((t) => t + hour * hourMs);
  } catch {
    // Unreadable times cannot be kept free any more; every other use of the hour stays sound.
    return new Float64Array(0);
  }
}

import type { TickExtras } from '../contract/events.ts';
import type { Database, Statement } from './database.ts';
import { DurationWriter } from './duration-writer.ts';
import type { ErrorGroups } from './error-groups.ts';

/** Writes what a tick brings beside its points. Belongs to the writer; a transaction that fails discards it. */
export class InsideWriter {
  readonly #durations: DurationWriter;
  readonly #errors: ErrorGroups;
  readonly #keep: Statement<never>;
  readonly #findKept: Statement<{ data: Uint8Array }>;

  constructor(database: Database, errors: ErrorGroups) {
    this.#durations = new DurationWriter(database);
    this.#errors = errors;
    this.#keep = database.prepare('insert or replace into kept(name, data) values (?, ?)');
    this.#findKept = database.prepare('select data from kept where name = ?');
  }

  /** Within the transaction of the tick; `timeMs` is the time that it got. */
  write(timeMs: number, { histograms, errorGroups, kept }: TickExtras): void {
    if (histograms) this.#durations.write(timeMs, histograms);
    for (const group of errorGroups) this.#errors.put(group);
    for (const { name, bytes } of kept) this.#keep.run(name, bytes);
  }

  kept(name: string): Uint8Array | undefined {
    return this.#findKept.get(name)?.data;
  }
}

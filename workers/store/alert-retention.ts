import type { AlertWriter } from './alert-writer.ts';
import type { Database, Statement } from './database.ts';

/** Rows removed in one slice. */
const sliceRows = 200;

/** Removes what is old or too much of alerts, a slice a call, within a transaction. Active alerts and groups always stay. */
export class AlertRetention {
  readonly #writer: AlertWriter;
  readonly #old: readonly Statement<never>[];
  readonly #orphans: Statement<never>;
  readonly #excess: readonly Statement<never>[];
  readonly #oldestWaiting: Statement<never>;
  readonly #bytes: Statement<{ bytes: number }>;

  constructor(database: Database, writer: AlertWriter) {
    this.#writer = writer;
    const remove = (table: string, which: string) =>
      database.prepare<never>(
        `delete from ${table} where rowid in (select rowid from ${table} ${which} limit ${sliceRows})`,
      );
    this.#old = [
      remove('alert', 'where resolved_at > 0 and resolved_at < ?'),
      remove('alert_recording', 'where to_ms < ?'),
      remove('silence', 'where ends_at < ?'),
    ];
    this.#orphans = database.prepare(
      'delete from acknowledgement where alert_id not in (select id from alert)',
    );
    this.#excess = [
      remove('alert_recording', 'order by to_ms'),
      remove('alert', 'where resolved_at > 0 order by resolved_at'),
    ];
    this.#oldestWaiting = remove('outbox', 'order by seq');
    const tables = ['alert', 'alert_recording', 'outbox'];
    const sums = tables.map((table) => `coalesce((select sum(length(data)) from ${table}), 0)`);
    this.#bytes = database.prepare(`select ${sums.join(' + ')} bytes`);
  }

  /** Removes some of what ended before; false when there is none. */
  removeOld(beforeMs: number): boolean {
    for (const remove of this.#old) if (remove.run(beforeMs).changes > 0) return true;
    this.#orphans.run();
    return false;
  }

  /**
   * When all takes more than `mostBytes`, removes some of the oldest recordings, else of the alerts that were resolved
   * longest ago, else of the notifications that wait longest, which count as dropped. False when there is nothing to do.
   */
  removeExcess(mostBytes: number): boolean {
    if (this.#bytes.get()!.bytes <= mostBytes) return false;
    for (const remove of this.#excess) if (remove.run().changes > 0) return true;
    const dropped = this.#oldestWaiting.run().changes;
    this.#writer.countDropped(dropped);
    return dropped > 0;
  }
}

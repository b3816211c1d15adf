import { AlertRetention } from './alert-retention.ts';
import { AlertWriter } from './alert-writer.ts';
import { Compaction } from './compaction.ts';
import type { Database } from './database.ts';
import { Delivery } from './delivery.ts';
import { DurationCompaction } from './duration-compaction.ts';
import { ErrorGroups } from './error-groups.ts';
import { InsideWriter } from './inside-writer.ts';
import { Ledger } from './ledger.ts';
import { LayoutBook, NameWriter } from './names.ts';
import { Quarantine } from './quarantine.ts';
import { Housekeeping } from './retention.ts';
import { TickHours } from './tick-hours.ts';
import { TickWriter } from './ticks.ts';
import { WrittenWriter } from './written.ts';

/** What is read from the file when it is first needed, and again after a transaction that failed. */
export interface StoreParts {
  readonly ledger: Ledger;
  readonly ticks: TickWriter;
  readonly written: WrittenWriter;
  readonly insides: InsideWriter;
  readonly errors: ErrorGroups;
  readonly alerts: AlertWriter;
  readonly quarantine: Quarantine;
  readonly delivery: Delivery;
  readonly compaction: Compaction;
  readonly durations: DurationCompaction;
  readonly housekeeping: Housekeeping;
}

export function createParts(database: Database): StoreParts {
  const ledger = new Ledger(database);
  const hours = new TickHours(database);
  const layouts = new LayoutBook(database);
  const names = new NameWriter(database);
  const quarantine = new Quarantine(database, ledger);
  const errors = new ErrorGroups(database);
  const alerts = new AlertWriter(database);
  return {
    ledger,
    quarantine,
    errors,
    alerts,
    ticks: new TickWriter(database, names, hours),
    written: new WrittenWriter(database, names, hours),
    insides: new InsideWriter(database, errors),
    delivery: new Delivery(database, ledger, layouts, quarantine),
    compaction: new Compaction(database, hours, layouts),
    durations: new DurationCompaction(database),
    housekeeping: new Housekeeping(database, ledger, hours, errors, new AlertRetention(database, alerts)),
  };
}

import { type Database, type SqlValue, transaction } from './database.ts';

/** What must not be lost with a damaged file: whom was told what, who waits to be told, who wants silence. */
const tables = ['alert', 'acknowledgement', 'notify_group', 'outbox', 'silence', 'alert_state'] as const;

export type SavedAlerts = ReadonlyMap<string, readonly (readonly SqlValue[])[]>;

/** Rows about alerts that a damaged file still gives; of a table that cannot be read whole, none. */
export function salvageAlerts(damaged: Database): SavedAlerts {
  const saved = new Map<string, SqlValue[][]>();
  for (const table of tables) {
    try {
      const rows = damaged.prepare(`select * from ${table}`).all();
      saved.set(
        table,
        rows.map((row) => Object.values(row)),
      );
    } catch {
      // This table is lost; the others may not be.
    }
  }
  return saved;
}

/** Puts them into a fresh store. */
export function restoreAlerts(database: Database, saved: SavedAlerts): void {
  for (const [table, rows] of saved) {
    const [first] = rows;
    if (!first) continue;
    try {
      transaction(database, () => {
        const put = database.prepare(
          `insert or replace into ${table} values (${first.map(() => '?').join(', ')})`,
        );
        for (const row of rows) put.run(...row);
      });
    } catch {
      // Rows of a damaged file may break any rule; what they say cannot be trusted then.
    }
  }
}

import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { restoreAlerts, type SavedAlerts, salvageAlerts } from './alert-salvage.ts';
import { type Database, openDatabase, transaction } from './database.ts';
import { StoreError } from './store-error.ts';

/** Up to this size the whole file is checked at every start; a larger one when it was not closed well. */
const alwaysCheckedBytes = 256 * 1024 * 1024;

/** Throws `StoreError` 'damaged' when the file is not sound. */
export function checkIntegrity(database: Database, path: string): void {
  const state = database.prepare<{ clean: number }>('select clean from state').get();
  if (!state) throw new StoreError('damaged', 'its counts are gone');
  if (state.clean === 1 && statSync(path).size >= alwaysCheckedBytes) return;
  const [found] = Object.values(database.prepare('pragma quick_check(1)').get() ?? {});
  if (found !== 'ok') throw new StoreError('damaged', `the integrity check says: ${found}`);
}

interface SavedSink {
  readonly name: string;
  readonly base: number;
  readonly delivered: number;
  readonly quarantined: number;
  readonly removed_collected: number | null;
}

interface SavedLedger {
  readonly collected: number;
  readonly nextSeq: number;
  readonly sinks: readonly SavedSink[];
  readonly dropped: readonly { readonly sink: string; readonly reason: string; readonly points: number }[];
}

export interface Salvaged {
  /** null when it cannot be read. */
  readonly ledger: SavedLedger | null;
  readonly alerts: SavedAlerts;
}

/** What can still be read of a damaged file. */
export function salvage(path: string): Salvaged {
  let database: Database | undefined;
  try {
    database = openDatabase(path, { readOnly: true });
    return { ledger: salvageLedger(database), alerts: salvageAlerts(database) };
  } catch {
    return { ledger: null, alerts: new Map() };
  } finally {
    try {
      database?.close();
    } catch {
      // A damaged file may not even close well.
    }
  }
}

/** Puts what was read into a fresh store. */
export function restore(database: Database, { ledger, alerts }: Salvaged): void {
  if (ledger) restoreLedger(database, ledger);
  restoreAlerts(database, alerts);
}

function salvageLedger(database: Database): SavedLedger | null {
  try {
    const { collected, next_seq } = database
      .prepare<{ collected: number; next_seq: number }>('select collected, next_seq from state')
      .get()!;
    return {
      collected,
      nextSeq: next_seq,
      sinks: database.prepare<SavedSink>('select * from sink').all(),
      dropped: database.prepare<SavedLedger['dropped'][number]>('select * from dropped').all(),
    };
  } catch {
    return null;
  }
}

/**
 * Puts a ledger into a fresh store. Collected, delivered and dropped go on; what waited or was quarantined lay in
 * the damaged file, and is dropped. Seqs go on as well, so that no cursor of before fits by chance.
 */
function restoreLedger(database: Database, saved: SavedLedger): void {
  transaction(database, () => {
    database.prepare('update state set collected = ?, next_seq = ?').run(saved.collected, saved.nextSeq);
    const putDropped = database.prepare('insert or replace into dropped values (?, ?, ?)');
    const putSink = database.prepare('insert into sink values (?, ?, 0, ?, ?, 0, ?)');
    for (const { sink, reason, points } of saved.dropped) putDropped.run(sink, reason, points);
    for (const { name, base, delivered, removed_collected } of saved.sinks) {
      putSink.run(name, saved.nextSeq, base, delivered, removed_collected);
      const reasons = saved.dropped.filter(({ sink }) => sink === name);
      const dropped = reasons.reduce((sum, { points }) => sum + points, 0);
      const before = reasons.find(({ reason }) => reason === 'store_damaged')?.points ?? 0;
      const lost = (removed_collected ?? saved.collected - base) - delivered - dropped;
      if (lost > 0) putDropped.run(name, 'store_damaged', before + lost);
    }
  });
}

/** Renames a damaged store with its log, and returns the new path. The name tells the time, UTC. */
export function setAside(path: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  const named = (n: number) => join(dirname(path), `store.damaged-${time}${n === 0 ? '' : `-${n}`}.db`);
  let n = 0;
  while (existsSync(named(n))) n++;
  if (existsSync(path)) renameSync(path, named(n));
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${named(n)}-wal`);
  rmSync(`${path}-shm`, { force: true });
  return named(n);
}

/** Notes whether the file was closed well. */
export function markClean(database: Database, clean: boolean): void {
  database.prepare('update state set clean = ?').run(clean ? 1 : 0);
}

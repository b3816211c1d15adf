import { accessSync, constants, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase } from './database.ts';
import { StoreError } from './store-error.ts';

/** The ownership of a data directory: one process at a time writes there. */
export interface Owner {
  /** Gives it up; a second call does nothing. */
  release(): void;
}

/** Directories that this process owns: see below why they may not be tried again. */
const owned = new Set<string>();

/**
 * Takes the data directory for this process, or throws `StoreError` at once: `owned`, which says who has it, or
 * why the directory cannot be written. The kernel frees it when the process ends, however.
 *
 * The lock is an exclusive transaction on a database of its own, as SQLite locks the same way on every system.
 * Nothing else may open that file: on POSIX, closing any file handle of it drops the locks of the whole process.
 * So who holds it stands in a file beside it.
 */
export function takeOwnerLock(dataDir: string): Owner {
  const directory = realpathSync(dataDir);
  if (owned.has(directory)) throw new StoreError('owned', `this process owns ${dataDir} already`);
  const ownerPath = join(directory, 'owner.json');
  try {
    // SQLite would only say that it cannot open a file; the system says why.
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw new StoreError('io', (error as Error).message, error);
  }
  const database = openDatabase(join(directory, 'lock.db'), { busyTimeoutMs: 0 });
  try {
    database.exec('pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    database.close();
    if (error instanceof StoreError && error.code === 'busy') {
      throw new StoreError('owned', `${dataDir} is in use by ${ownerText(ownerPath)}`, error);
    }
    throw error;
  }
  try {
    const owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    writeFileSync(ownerPath, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw new StoreError('io', `${ownerPath}: ${(error as Error).message}`, error);
  }
  owned.add(directory);
  return { release: () => release(directory, ownerPath, database) };
}

function release(directory: string, ownerPath: string, database: Database): void {
  if (!owned.delete(directory)) return;
  rmSync(ownerPath, { force: true });
  database.close();
}

function ownerText(ownerPath: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(ownerPath, 'utf8')) as Record<string, unknown>;
    return `process ${pid} on ${host} since ${since}`;
  } catch {
    return 'another process';
  }
}

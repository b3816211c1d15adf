import type { AlertsTask, KeptAlerts } from '../contract/alert-tasks.ts';
import type { StoredErrorGroup, TickExtras } from '../contract/events.ts';
import type {
  AlertsResult,
  Batch,
  DeliveryOutcome,
  LedgerEntry,
  SpoolResult,
  SpoolTask,
  TickSettings,
} from '../contract/tasks.ts';
import type { Section, TimedPoint } from '../point/point.ts';
import { AlertReader } from './alert-reader.ts';
import { checkIntegrity, markClean, restore, salvage, setAside } from './damage.ts';
import { type Database, openDatabase, transaction } from './database.ts';
import type { Ledger } from './ledger.ts';
import { listQuarantine } from './quarantine.ts';
import { ClockWatch, type Limits } from './retention.ts';
import { hourOf, setUpSchema } from './schema.ts';
import { StoreError, storeErrorOf } from './store-error.ts';
import { createParts, type StoreParts } from './store-parts.ts';

export type StoreSettings = Limits & Pick<TickSettings, 'sinks'>;

/** Points that are counted with a tick but are not in it. */
export interface NotStored {
  /** Points of earlier ticks that could not be committed: dropped, reason `store_failed`. */
  readonly lostPoints: number;
  /** Points left out because their measurement has too many tag sets: dropped, reason `overflow`. */
  readonly overflowPoints: number;
}

/**
 * Opens the embedded store for writing, or begins one. `isChecked` says that this process checked the file before,
 * so that a worker which takes the place of another need not read it all again. The caller owns the data directory. A damaged file is set
 * aside and a fresh one begun, which `notices` then tells. Throws `StoreError`: 'foreign' for a newer version or
 * another program's file, which is left as it is, else what SQLite says.
 */
export function openStore(
  path: string,
  settings: StoreSettings,
  now: () => number = Date.now,
  isChecked = false,
): Store {
  const store = new Store(path, settings, now, isChecked);
  store.open();
  return store;
}

/**
 * The embedded store: every point is committed to it first, and each sink is a cursor over it. One writer, all
 * calls synchronous. A call that fails throws `StoreError` and changes nothing; the next one works as soon as the
 * trouble is over.
 */
export class Store {
  /** What a person should know, for the caller to log and remove. */
  readonly notices: string[] = [];
  readonly #path: string;
  readonly #now: () => number;
  #settings: StoreSettings;
  #isChecked: boolean;
  #database: Database | undefined;
  #parts: StoreParts | undefined;
  #clock: ClockWatch | undefined;
  #namesHour: number;
  /** Points collected as of the last append that was told as done; undefined before the first. */
  #toldCollected: number | undefined;
  /** Points of ticks that were told as failed and found in the file, until the next tick counts the lost. */
  #foundPoints = 0;

  constructor(path: string, settings: StoreSettings, now: () => number, isChecked: boolean) {
    this.#path = path;
    this.#settings = settings;
    this.#isChecked = isChecked;
    this.#now = now;
    this.#namesHour = hourOf(now());
  }

  open(): void {
    this.#use();
  }

  /** Other limits and sinks, from the next call on. */
  configure(settings: StoreSettings): void {
    this.#settings = settings;
  }

  /**
   * Commits one tick with what it brings beside its points, and takes up the sinks of the settings. `timeMs` is the
   * time that it got: the one given, or the next millisecond that no tick has had. `points` are those that have a value.
   */
  append(
    timeMs: number,
    sections: readonly Section[],
    notStored: NotStored,
    extras?: TickExtras,
  ): { timeMs: number; points: number } {
    const appended = this.#change(({ ledger, ticks, insides }) => {
      this.#begin(ledger);
      const lostPoints = Math.max(0, notStored.lostPoints - this.#foundPoints);
      const written = ticks.write(ledger.nextSeq, timeMs, sections);
      if (extras) insides.write(written.timeMs, extras);
      ledger.collect(written.points, lostPoints, notStored.overflowPoints);
      return written;
    });
    this.#toldCollected = this.collected();
    this.#foundPoints = 0;
    return appended;
  }

  /**
   * Commits points that others wrote, each with a time of its own, and gives how many: those of hours of which single
   * samples are kept no longer are left out. The same series and time once more takes the place of what was there.
   */
  write(points: readonly TimedPoint[]): number {
    try {
      const count = this.#change(({ ledger, written }) => {
        this.#begin(ledger);
        let stored = 0;
        for (const row of written.rowsOf(points)) {
          written.write(ledger.nextSeq, row.hour, row.points);
          ledger.collect(row.points.length, 0, 0);
          stored += row.points.length;
        }
        return stored;
      });
      this.#toldCollected = this.collected();
      return count;
    } catch (error) {
      // Should they be found in the file, they are no points of a tick.
      this.#toldCollected = undefined;
      throw error;
    }
  }

  /** Takes up the sinks, and what is found of ticks that were told as failed. */
  #begin(ledger: Ledger): void {
    if (!ledger.hasSinks(this.#settings.sinks)) ledger.configure(this.#settings.sinks);
    this.#toldCollected ??= ledger.collected;
    // A commit whose sync failed was told as failed, but may be found in the file when it is opened again: its
    // points are collected already, and the caller counts them among the lost.
    this.#foundPoints += Math.max(0, ledger.collected - this.#toldCollected);
    this.#toldCollected = ledger.collected;
  }

  /** What is stored of an error group, for going on counting. */
  errorGroup(process: string, fingerprint: string): StoredErrorGroup | undefined {
    return this.#guard(({ errors }) => errors.find(process, fingerprint));
  }

  /** State that was given under this name with a tick. */
  kept(name: string): Uint8Array | undefined {
    return this.#guard(({ insides }) => insides.kept(name));
  }

  /** Takes one change of what is kept of alerts; the same change once more does no harm. */
  alerts(task: AlertsTask): AlertsResult {
    return this.#change(({ alerts }) => alerts.write(task));
  }

  /** What alerts go on from after a start. */
  keptAlerts(): KeptAlerts {
    return this.#guard((_, database) => new AlertReader(database).kept());
  }

  /** The next points of a sink, or null when none wait for it or there is no such sink. */
  readBatch(sink: string, maxPoints: number, measurementPrefix: string): Batch | null {
    return this.#change(({ delivery }) => delivery.readBatch(sink, maxPoints, measurementPrefix));
  }

  /** Takes what became of a batch. Throws `StoreError` 'refused' unless `from` is the sink's present cursor. */
  settle(sink: string, outcome: DeliveryOutcome): void {
    this.#change(({ delivery }) => delivery.settle(sink, outcome, this.#now()));
  }

  /** Lists, settles or drops points of the quarantine. */
  spool(task: SpoolTask): SpoolResult {
    if (task.do === 'list') return { points: listQuarantine(this.#use().database, task), changed: 0 };
    return { points: [], changed: this.#change(({ quarantine }) => quarantine.change(task)) };
  }

  /** The configured sinks, as of the last append. */
  ledger(): LedgerEntry[] {
    return this.#use().parts.ledger.entries();
  }

  /** Points committed since the store was begun, and those lost since. */
  collected(): number {
    return this.#use().parts.ledger.collected;
  }

  /** Points waiting for a sink, counted from the rows: what `ledger` says must be the same. */
  countWaiting(sink: string): number {
    return this.#use().parts.ledger.countWaiting(sink);
  }

  /** Bytes in use; NaN while the file cannot be read. */
  bytesUsed(): number {
    try {
      return this.#use().parts.housekeeping.bytesUsed();
    } catch {
      return Number.NaN;
    }
  }

  /** Does one bounded slice of background work, some tens of milliseconds; `more` when there is more to do now. */
  compact(nowMs: number): { more: boolean } {
    const { retention, quotaBytes } = this.#settings;
    return this.#guard(({ ledger, compaction, durations, housekeeping }) => {
      this.#clock ??= new ClockWatch(housekeeping.newestMs());
      const trusted = this.#clock.trusts(nowMs);
      // The quota comes first: work on ticks needs room as well.
      const removed = housekeeping.removeExcess(quotaBytes);
      if (removed === 'ticks') this.#parts = undefined;
      if (removed !== 'nothing') return { more: true };
      if (durations.step(nowMs)) return { more: true };
      if (compaction.step(nowMs, ledger.nextSeq)) return { more: true };
      if (housekeeping.removeDeliveredTicks()) return { more: true };
      if (trusted && housekeeping.removeOld(nowMs, retention)) return { more: true };
      if (this.#namesHour !== hourOf(nowMs)) {
        this.#namesHour = hourOf(nowMs);
        if (housekeeping.removeUnusedNames()) this.#parts = undefined;
      }
      return { more: false };
    });
  }

  close(): void {
    const database = this.#database;
    this.#forget();
    if (!database) return;
    try {
      markClean(database, true);
      // libsql keeps a connection half open until its statements are collected, and leaves this undone.
      database.prepare('pragma wal_checkpoint(truncate)').get();
    } catch {
      // It is checked at the next start, then.
    }
    database.close();
  }

  #change<T>(work: (parts: StoreParts) => T): T {
    return this.#guard((parts, database) => transaction(database, () => work(parts)));
  }

  /** What failed may have left the parts ahead of the rows, or the connection broken. */
  #guard<T>(work: (parts: StoreParts, database: Database) => T): T {
    const { parts, database } = this.#use();
    try {
      return work(parts, database);
    } catch (error) {
      if (error instanceof StoreError) {
        if (error.code !== 'refused') this.#recover(error);
      } else {
        this.#parts = undefined;
      }
      throw error;
    }
  }

  #recover(error: StoreError): void {
    this.#parts = undefined;
    if (error.code === 'damaged') {
      this.#replace(error);
    } else if (error.code === 'io' || error.code === 'sql') {
      const database = this.#database;
      this.#forget();
      closeQuietly(database);
    }
  }

  #use(): { parts: StoreParts; database: Database } {
    if (!this.#database) {
      try {
        this.#database = this.#connect();
      } catch (error) {
        const trouble = storeErrorOf(error);
        if (trouble.code !== 'damaged') throw trouble;
        this.#replace(trouble);
        this.#database ??= this.#connect();
      }
    }
    this.#parts ??= createParts(this.#database);
    return { parts: this.#parts, database: this.#database };
  }

  #connect(): Database {
    const database = openDatabase(this.#path);
    try {
      setUpSchema(database);
      if (!this.#isChecked) checkIntegrity(database, this.#path);
      // Trouble that makes us connect again may be damage.
      this.#isChecked = false;
      markClean(database, false);
      return database;
    } catch (error) {
      closeQuietly(database);
      throw error;
    }
  }

  /** Sets the damaged file aside, begins a fresh one, and carries over what can still be read of ledger and alerts. */
  #replace(trouble: StoreError): void {
    const damaged = this.#database;
    this.#forget();
    const saved = salvage(this.#path);
    closeQuietly(damaged);
    const aside = setAside(this.#path, this.#now());
    const fresh = this.#connect();
    restore(fresh, saved);
    this.#database = fresh;
    const counts = saved.ledger
      ? 'what waited is counted as dropped'
      : 'its counts could not be read and begin anew';
    this.notices.push(
      `the store ${this.#path} was damaged (${trouble.message}): set aside as ${aside}, a fresh one is begun; ${counts}`,
    );
  }

  #forget(): void {
    this.#database = undefined;
    this.#parts = undefined;
  }
}

function closeQuietly(database: Database | undefined): void {
  try {
    database?.close();
  } catch {
    // A connection in trouble may not close well; it is given up either way.
  }
}

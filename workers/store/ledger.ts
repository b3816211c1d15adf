import type { Cursor, LedgerEntry } from '../contract/tasks.ts';
import type { Database, Statement } from './database.ts';
import { StoreError } from './store-error.ts';

/** Why points were dropped. */
export type DropReason =
  | 'store_failed'
  | 'overflow'
  | 'quota'
  | 'quarantine_full'
  | 'spool_drop'
  | 'store_damaged'
  | 'sink_removed';

interface SinkState {
  readonly name: string;
  cursor: Cursor;
  base: number;
  delivered: number;
  waiting: number;
  quarantined: number;
  readonly dropped: Map<string, number>;
  /** What it had collected when it left the configuration; null while it is there. */
  removedCollected: number | null;
}

interface SinkRow {
  readonly name: string;
  readonly seq: number;
  readonly offset: number;
  readonly base: number;
  readonly delivered: number;
  readonly quarantined: number;
  readonly removed_collected: number | null;
}

/**
 * For each sink: collected = delivered + waiting + quarantined + dropped, in points. All changes are made within a
 * transaction; one that fails discards this object, and the next one is read from the rows. `waiting` is never
 * stored: at the start it is counted from the ticks behind the cursor.
 */
export class Ledger {
  readonly #sinks = new Map<string, SinkState>();
  readonly #saveState: Statement<never>;
  readonly #saveSink: Statement<never>;
  readonly #saveDropped: Statement<never>;
  readonly #sumPoints: Statement<{ points: number | null }>;
  #collected: number;
  #nextSeq: number;

  constructor(database: Database) {
    this.#saveState = database.prepare('update state set collected = ?, next_seq = ?');
    this.#saveSink = database.prepare('insert or replace into sink values (?, ?, ?, ?, ?, ?, ?)');
    this.#saveDropped = database.prepare('insert or replace into dropped values (?, ?, ?)');
    this.#sumPoints = database.prepare(`select sum(points) points from (
        select sum(points) points from tick where seq >= ? and seq < ? union all
        select sum(points) from written where seq >= ? and seq < ?)`);
    const state = database
      .prepare<{ collected: number; next_seq: number }>('select collected, next_seq from state')
      .get()!;
    this.#collected = state.collected;
    this.#nextSeq = state.next_seq;
    for (const row of database.prepare<SinkRow>('select * from sink').all()) this.#take(row);
    const dropped = database.prepare<{ sink: string; reason: string; points: number }>(
      'select * from dropped',
    );
    for (const { sink, reason, points } of dropped.all()) this.#sinks.get(sink)?.dropped.set(reason, points);
  }

  /** Points committed since the store was begun, and those lost since. */
  get collected(): number {
    return this.#collected;
  }

  /** Seq of the next tick. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** The seq that every configured sink has passed; Infinity without sinks. */
  get passedSeq(): number {
    let passed = Number.POSITIVE_INFINITY;
    for (const { cursor, removedCollected } of this.#sinks.values()) {
      if (removedCollected === null) passed = Math.min(passed, cursor.seq);
    }
    return passed;
  }

  /** The sinks of the configuration, by name. */
  entries(): LedgerEntry[] {
    return this.#configured().map(({ name, base, delivered, waiting, quarantined, dropped }) => ({
      sink: name,
      collected: this.#collected - base,
      delivered,
      waiting,
      quarantined,
      dropped: Object.fromEntries(dropped),
    }));
  }

  /** Cursor of a configured sink; null when there is none of this name. */
  cursor(sink: string): Cursor | null {
    const state = this.#sinks.get(sink);
    return state && state.removedCollected === null ? state.cursor : null;
  }

  waiting(sink: string): number {
    return this.#state(sink).waiting;
  }

  /** Whether the configured sinks are these. */
  hasSinks(names: readonly string[]): boolean {
    return this.#configured().length === names.length && names.every((name) => this.cursor(name));
  }

  /**
   * Makes these the configured sinks. A new one begins with the next tick. One that is gone holds nothing back any
   * more: what waited for it is dropped, what it refused stays in the quarantine; should it come back, it goes on
   * counting where it was, without the points of the time between.
   */
  configure(names: readonly string[]): void {
    for (const state of this.#configured()) {
      if (names.includes(state.name)) continue;
      this.drop(state.name, 'sink_removed', state.waiting, this.#end());
      state.removedCollected = this.#collected - state.base;
      this.#save(state);
    }
    for (const name of names) {
      const known = this.#sinks.get(name);
      if (known && known.removedCollected === null) continue;
      const state: SinkState = known ?? {
        name,
        cursor: this.#end(),
        base: this.#collected,
        delivered: 0,
        waiting: 0,
        quarantined: 0,
        dropped: new Map(),
        removedCollected: null,
      };
      state.cursor = this.#end();
      state.base = this.#collected - (state.removedCollected ?? 0);
      state.removedCollected = null;
      this.#sinks.set(name, state);
      this.#save(state);
    }
  }

  /** Counts a tick, or a row of written points: its points wait for every sink, the others are dropped for every sink. */
  collect(points: number, lostPoints: number, overflowPoints: number): void {
    this.#collected += points + lostPoints + overflowPoints;
    if (points > 0) this.#nextSeq++;
    this.#saveState.run(this.#collected, this.#nextSeq);
    for (const state of this.#configured()) {
      state.waiting += points;
      if (lostPoints > 0) this.#addDropped(state, 'store_failed', lostPoints);
      if (overflowPoints > 0) this.#addDropped(state, 'overflow', overflowPoints);
    }
  }

  /** Moves the cursor behind points that are delivered or quarantined. */
  settle(sink: string, to: Cursor, delivered: number, quarantined: number): void {
    const state = this.#state(sink);
    state.cursor = to;
    state.waiting -= delivered + quarantined;
    state.delivered += delivered;
    state.quarantined += quarantined;
    this.#save(state);
  }

  /** Moves the cursor behind waiting points that are given up. */
  drop(sink: string, reason: DropReason, points: number, to: Cursor): void {
    const state = this.#state(sink);
    state.cursor = to;
    state.waiting -= points;
    if (points > 0) this.#addDropped(state, reason, points);
    this.#save(state);
  }

  /** Points that leave the quarantine, as delivered or, with a reason, as dropped. */
  release(sink: string, points: number, reason?: DropReason): void {
    const state = this.#state(sink);
    state.quarantined -= points;
    if (reason) this.#addDropped(state, reason, points);
    else state.delivered += points;
    this.#save(state);
  }

  /** Points between two cursors, counted from the rows. */
  countBetween(from: Cursor, to: Cursor): number {
    const { points } = this.#sumPoints.get(from.seq, to.seq, from.seq, to.seq)!;
    return (points ?? 0) - from.offset + to.offset;
  }

  /** Points waiting for a sink, counted from the rows. */
  countWaiting(sink: string): number {
    return this.countBetween(this.#state(sink).cursor, this.#end());
  }

  /** Ticks are about to be removed from the front: gives up, for each sink, what it has not had of them. */
  dropBefore(seq: number, reason: DropReason): void {
    for (const { name, cursor } of this.#configured()) {
      const to = { seq, offset: 0 };
      if (cursor.seq < seq) this.drop(name, reason, this.countBetween(cursor, to), to);
    }
  }

  #end(): Cursor {
    return { seq: this.#nextSeq, offset: 0 };
  }

  #configured(): SinkState[] {
    return [...this.#sinks.values()].filter(({ removedCollected }) => removedCollected === null);
  }

  #state(sink: string): SinkState {
    const state = this.#sinks.get(sink);
    if (!state) throw new StoreError('refused', `the store knows no sink "${sink}"`);
    return state;
  }

  #take({ name, seq, offset, base, delivered, quarantined, removed_collected }: SinkRow): void {
    const cursor = { seq, offset };
    const waiting = removed_collected === null ? this.countBetween(cursor, this.#end()) : 0;
    const dropped = new Map<string, number>();
    const removedCollected = removed_collected;
    this.#sinks.set(name, { name, cursor, base, delivered, waiting, quarantined, dropped, removedCollected });
  }

  #addDropped(state: SinkState, reason: DropReason, points: number): void {
    const total = (state.dropped.get(reason) ?? 0) + points;
    state.dropped.set(reason, total);
    this.#saveDropped.run(state.name, reason, total);
  }

  #save({ name, cursor, base, delivered, quarantined, removedCollected }: SinkState): void {
    this.#saveSink.run(name, cursor.seq, cursor.offset, base, delivered, quarantined, removedCollected);
  }
}

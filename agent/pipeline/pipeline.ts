import type { BatchResult, FrameBatch } from '../../workers/contract/events.ts';
import type { LedgerEntry, Reading, SourceStatus, TickResult } from '../../workers/contract/tasks.ts';
import { layoutText } from '../../workers/point/point.ts';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Log, TroubleLog } from '../log.ts';
import type { SelfStats } from '../selfstats.ts';
import { mostReadMs, type RunningSource } from './running-source.ts';
import type { TickPool } from './tick-pool.ts';

/** What the last ticks were like, for `/ready`. */
export interface PipelineState {
  /** Time of the last tick that sampled, milliseconds since 1970; 0 before the first. */
  readonly lastTickMs: number;
  readonly ticks: number;
  readonly committed: boolean;
  readonly problem: string;
  readonly sources: readonly SourceStatus[];
  readonly collected: number;
  readonly ledger: readonly LedgerEntry[];
}

/** Frames from inside the services, handed over with each tick. */
export interface FrameSource {
  /** What came since the last call. */
  take(): FrameBatch | null;
  /** What became of it. */
  settle(frames: FrameBatch, result: BatchResult): void;
  /** The worker failed, and what became of it is not known. */
  noteFailed(frames: FrameBatch): void;
}

export interface PipelineParts {
  readonly pool: TickPool;
  /** JSON of `TickSettings`. */
  readonly settings: string;
  readonly sources: readonly RunningSource[];
  readonly frames?: FrameSource | undefined;
  readonly stats: SelfStats;
  readonly clock: Clock;
  readonly log: Log;
  readonly troubles: TroubleLog;
}

const compactEveryMs = 30_000;

/**
 * Data moves one way:
 *
 *     sources ──readings──▶ tick worker: sample host and processes
 *     intake ───frames────▶              decode what services told
 *                                        fold all into sections
 *                                        commit to the store, then write the ring
 *                                                 │                    │
 *     sinks ◀──batches at their own pace──────────┘                    │
 *     snapshot, rules, HTTP ◀──look on──────────────────────────────────┘
 *
 * A tick reads every source at once and waits for them only a bounded time; what is late is down for this tick.
 * One task a tick; while it runs the next tick is skipped and counted, never queued.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #onTick: ((result: TickResult) => void)[] = [];
  #ticking: Promise<TickResult | null> | undefined;
  #isLast = false;
  /** Points of ticks that the store refused: told with the next tick, which counts them as dropped. */
  #lostPoints = 0;
  #compacting: Promise<void> | undefined;
  #compactedMs = Number.NEGATIVE_INFINITY;
  readonly #ended = new AbortController();
  #state: PipelineState = {
    lastTickMs: 0,
    ticks: 0,
    committed: false,
    problem: 'no tick yet',
    sources: [],
    collected: 0,
    ledger: [],
  };

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Adds one who looks on; it is called after each tick and must not throw. */
  onTick(listener: (result: TickResult) => void): void {
    this.#onTick.push(listener);
  }

  state(): PipelineState {
    return this.#state;
  }

  /** Names of the sources that the last tick did not reach. */
  downSources(): string[] {
    return this.#state.sources.filter(({ up }) => !up).map(({ source }) => source);
  }

  /** Runs one tick; gives its result, or null when it was skipped or failed. Never rejects. */
  async tick(timeMs: number, wantLines = false): Promise<TickResult | null> {
    const { stats, troubles } = this.#parts;
    if (this.#ended.signal.aborted) return null;
    if (this.#ticking) {
      stats.ticksMissed++;
      troubles.trouble('tick', 'the one before still runs; skipped');
      return null;
    }
    this.#ticking = this.#tickNow(timeMs, wantLines);
    try {
      return await this.#ticking;
    } finally {
      this.#ticking = undefined;
    }
  }

  /** The last tick, after the one that runs: what came until now is counted, and all that is kept is stored. */
  async lastTick(timeMs: number): Promise<void> {
    await this.#ticking;
    this.#isLast = true;
    await this.tick(timeMs);
  }

  async #tickNow(timeMs: number, wantLines: boolean): Promise<TickResult | null> {
    const { pool, settings, stats, clock, log, troubles, frames: intake } = this.#parts;
    let frames: FrameBatch | null = null;
    try {
      const readings = await this.#readSources(timeMs, wantLines);
      frames = intake?.take() ?? null;
      const startMs = clock.monotonicMs();
      const lostPoints = this.#lostPoints;
      const { slowFactor } = stats;
      const rest = { lostPoints, slowFactor, wantLines, isLast: this.#isLast };
      const task = { timeMs, settings, readings, frames, ...rest };
      const result = await pool.tick(task);
      stats.taskTook(clock.monotonicMs() - startMs);
      if (frames && result.batch) intake?.settle(frames, result.batch);
      for (const notice of pool.notices.splice(0)) log.warn(notice);
      this.#note(result, lostPoints);
      for (const listener of this.#onTick) listener(result);
      return result;
    } catch (error) {
      if (frames) intake?.noteFailed(frames);
      stats.ticksMissed++;
      this.#state = { ...this.#state, committed: false, problem: messageOf(error) };
      troubles.trouble('tick', messageOf(error));
      return null;
    }
  }

  /** Background work of the store, one slice at a time between ticks, until there is no more; at most twice a minute. */
  compact(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#ended.signal.aborted || this.#compacting || nowMs - this.#compactedMs < compactEveryMs) return;
    this.#compactedMs = nowMs;
    this.#compacting = this.#compactAll().finally(() => {
      this.#compacting = undefined;
    });
  }

  /** No further tick or slice is begun; resolves when those that run are done. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#ticking;
    await this.#compacting;
  }

  async #compactAll(): Promise<void> {
    const { pool, clock, log, troubles, stats } = this.#parts;
    try {
      for (;;) {
        const { more, notices } = await pool.compact(clock.now());
        for (const notice of notices) log.warn(notice);
        troubles.over('store compaction');
        if (!more) return;
        await clock.sleep(stats.intervalMs / 4, this.#ended.signal);
        if (this.#ended.signal.aborted) return;
      }
    } catch (error) {
      troubles.trouble('store compaction', messageOf(error));
    }
  }

  /** `isOnly`: no tick follows that could bring what comes too late for this one. */
  async #readSources(timeMs: number, isOnly: boolean): Promise<Reading[]> {
    const { sources, stats } = this.#parts;
    const waitMs = mostReadMs(isOnly ? Number.POSITIVE_INFINITY : stats.intervalMs);
    const readings = await Promise.all(
      sources.map((source) => source.read(timeMs, waitMs, stats.slowFactor)),
    );
    return [...readings.filter((reading) => reading !== null), this.#statusReading()];
  }

  /** The `agent` points that say which source is up. */
  #statusReading(): Reading {
    const statuses = this.#parts.sources.map((source) => source.status());
    const points = statuses.map(({ source }) => ({
      measurement: 'agent',
      tags: { source },
      fields: ['source_up', 'read_ms'],
    }));
    const values = statuses.flatMap(({ up, readMs }) => [
      up ? 1 : 0,
      up ? Math.round(readMs * 1000) / 1000 : Number.NaN,
    ]);
    return { source: 'sources', layout: layoutText(points), values: Float64Array.from(values) };
  }

  #note(result: TickResult, lostPoints: number): void {
    const { stats, troubles, sources } = this.#parts;
    stats.valuesRefused += result.refusedValues;
    stats.storeBytes = result.storeBytes;
    stats.pointsCollected = result.collected;
    if (result.overflowPoints === 0) troubles.over('series');
    else
      troubles.trouble(
        'series',
        'too many of one measurement; the rest is counted as dropped, reason overflow',
      );
    if (result.seriesBeyondRing === 0) troubles.over('ring');
    else
      troubles.trouble(
        'ring',
        'more series than the last minutes in memory have room for; rules do not see the rest, all are stored and delivered',
      );
    if (result.committed) {
      this.#lostPoints -= lostPoints;
      troubles.over('store');
    } else {
      this.#lostPoints += result.points;
      stats.ticksMissed++;
      troubles.trouble(
        'store',
        `${result.storeProblem}; points are dropped and counted until it takes them again`,
      );
    }
    troubles.over('tick');
    const statuses = [...result.sources, ...sources.map((source) => source.status())];
    for (const { source, up, problem } of statuses) {
      if (!up || problem !== '') troubles.trouble(source, problem);
      else troubles.over(source);
    }
    this.#state = {
      lastTickMs: result.timeMs,
      ticks: this.#state.ticks + 1,
      committed: result.committed,
      problem: result.storeProblem,
      sources: statuses,
      collected: result.collected,
      ledger: result.ledger,
    };
  }
}

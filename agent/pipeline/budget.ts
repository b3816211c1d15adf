import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { SelfStats } from '../selfstats.ts';

/** What the agent does when it costs more than it may. */
export interface BudgetState {
  /** 0: all is done. 1: optional work is done less often. 2 and above: the interval is doubled once a level, too. */
  readonly level: number;
  /** How many times less often optional work is done: disks, open files, children, job times, workers. */
  readonly slowFactor: number;
  readonly intervalFactor: number;
}

const windowMs = 60_000;
const maxLevel = 4;
/** What the start costs is no part of what the agent costs. */
const startMs = 30_000;
/** Below this part of the budget a step back is safe: half the interval at most doubles the cost. */
const calmPart = 0.45;
/** Dear readings are a smaller part of it. Where they are too much all the same, the next try waits longer. */
const calmPartOfReadings = 0.85;
const calmWindows = { first: 5, most: 60 };

/**
 * Holds the agent to its CPU budget: over it for a minute it goes one level down, well below it for five minutes
 * one level up again. Each time that this was too early, the next wait is twice as long, up to an hour. Fed with the CPU that was used since the last time; keeps no clock of its own.
 */
export class Budget {
  readonly #cpuPercent: number;
  #cpuMs = 0;
  #elapsedMs = 0;
  #calm = 0;
  #level = 0;
  /** Calm minutes before a step back. */
  #wait = calmWindows.first;
  /** Minutes since the last step back. */
  #sinceBack = Number.POSITIVE_INFINITY;

  /** `cpuPercent` of one core. */
  constructor(cpuPercent: number) {
    this.#cpuPercent = cpuPercent;
  }

  state(): BudgetState {
    const level = this.#level;
    return { level, slowFactor: level > 0 ? 6 : 1, intervalFactor: level > 1 ? 2 ** (level - 1) : 1 };
  }

  /** Notes `cpuMs` used in `elapsedMs`; true when the state is another one now. */
  note(cpuMs: number, elapsedMs: number): boolean {
    this.#cpuMs += cpuMs;
    this.#elapsedMs += elapsedMs;
    if (this.#elapsedMs < windowMs) return false;
    const percent = (100 * this.#cpuMs) / this.#elapsedMs;
    this.#cpuMs = 0;
    this.#elapsedMs = 0;
    const part = this.#level === 1 ? calmPartOfReadings : calmPart;
    this.#calm = percent < this.#cpuPercent * part ? this.#calm + 1 : 0;
    this.#sinceBack++;
    if (this.#sinceBack > this.#wait && this.#level === 0) this.#wait = calmWindows.first;
    const before = this.#level;
    if (percent > this.#cpuPercent) {
      if (this.#sinceBack <= this.#wait) this.#wait = Math.min(calmWindows.most, 2 * this.#wait);
      this.#level = Math.min(maxLevel, this.#level + 1);
    } else if (this.#calm >= this.#wait && this.#level > 0) {
      this.#level--;
      this.#calm = 0;
      this.#sinceBack = 0;
    }
    return this.#level !== before;
  }
}

/** Measures what this process costs, workers included, and puts what the budget says into force through `stats`. */
export class BudgetKeeper {
  readonly #budget: Budget;
  readonly #cpuPercent: number;
  readonly #intervalMs: number;
  readonly #parts: { readonly stats: SelfStats; readonly clock: Clock; readonly log: Log };
  #cpu = process.cpuUsage();
  #notedMs: number;
  /** Until then what is used belongs to the start; undefined before the first tick. */
  #startedMs: number | undefined;

  constructor(
    cpuPercent: number,
    intervalMs: number,
    parts: { readonly stats: SelfStats; readonly clock: Clock; readonly log: Log },
  ) {
    this.#budget = new Budget(cpuPercent);
    this.#cpuPercent = cpuPercent;
    this.#intervalMs = intervalMs;
    this.#parts = parts;
    this.#notedMs = parts.clock.monotonicMs();
  }

  /** To be called once a tick. */
  note(): void {
    const { stats, clock, log } = this.#parts;
    const { user, system } = process.cpuUsage(this.#cpu);
    const nowMs = clock.monotonicMs();
    this.#startedMs ??= nowMs + startMs;
    const changed =
      this.#notedMs >= this.#startedMs && this.#budget.note((user + system) / 1000, nowMs - this.#notedMs);
    this.#cpu = process.cpuUsage();
    this.#notedMs = nowMs;
    if (!changed) return;
    const { level, slowFactor, intervalFactor } = this.#budget.state();
    const isOver = level > stats.budgetLevel;
    stats.budgetLevel = level;
    stats.slowFactor = slowFactor;
    stats.intervalMs = this.#intervalMs * intervalFactor;
    const said = isOver
      ? `over the CPU budget of ${this.#cpuPercent} % for a minute`
      : 'well within the CPU budget';
    log.warn(`${said}: interval ${stats.intervalMs} ms, dear readings every ${10 * slowFactor} s`, { level });
  }
}

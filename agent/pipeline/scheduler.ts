import type { Clock } from '../clock.ts';

/**
 * Calls `onTick` once an interval, on multiples of the interval of the wall clock, as Telegraf's `round_interval`
 * does: points of all hosts then share their times, and times that are evenly spaced take no room on disk. A clock
 * that jumps moves the next tick, it never makes one come twice or wait longer than an interval. A process that was
 * stopped or too busy does not make up for ticks: it is told how many did not come.
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #onTick: (timeMs: number, missed: number) => void;
  readonly #intervalMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  /** `intervalMs` is asked again before each tick. */
  constructor(intervalMs: () => number, clock: Clock, onTick: (timeMs: number, missed: number) => void) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#onTick = onTick;
  }

  start(): void {
    const nowMs = this.#clock.now();
    const intervalMs = this.#intervalMs();
    const waitMs = nextBoundary(nowMs, intervalMs) - nowMs;
    const dueMs = this.#clock.monotonicMs() + waitMs;
    this.#timer = setTimeout(() => {
      const timeMs = boundaryAt(this.#clock.now(), this.#intervalMs());
      const missed = Math.max(0, Math.floor((this.#clock.monotonicMs() - dueMs) / intervalMs));
      this.start();
      this.#onTick(timeMs, missed);
    }, waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Timers come a little early or late: within this part of an interval a boundary counts as met. */
const tolerance = 0.1;

/** The next multiple of the interval; the one that is met now does not count. */
export function nextBoundary(nowMs: number, intervalMs: number): number {
  return (Math.floor(nowMs / intervalMs + tolerance) + 1) * intervalMs;
}

/** The time of a tick that runs at `nowMs`: its boundary when that is met, else the true time. */
export function boundaryAt(nowMs: number, intervalMs: number): number {
  const boundaryMs = Math.round(nowMs / intervalMs) * intervalMs;
  return Math.abs(nowMs - boundaryMs) <= intervalMs * tolerance ? boundaryMs : Math.round(nowMs);
}

/**
 * How many new texts may be cleaned in a while: that takes tens of microseconds each, on the event loop of the service.
 */
export class CleaningBudget {
  readonly #most: number;
  readonly #everyMs: number;
  readonly #monotonicMs: () => number;
  #left = 0;
  #renewedMs = Number.NEGATIVE_INFINITY;

  /** At most `most` in `everyMs`. */
  constructor(most: number, everyMs: number, monotonicMs: () => number) {
    this.#most = most;
    this.#everyMs = everyMs;
    this.#monotonicMs = monotonicMs;
  }

  /** Takes one; false when none is left. */
  take(): boolean {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#renewedMs >= this.#everyMs) {
      this.#renewedMs = nowMs;
      this.#left = this.#most;
    }
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}

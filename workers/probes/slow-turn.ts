/**
 * Says when what is dear is due again. A call that comes a little early counts, so that a tick which jitters does
 * not put the turn off by a whole interval; turns keep their beat.
 */
export class SlowTurn {
  readonly #everyMs: number;
  #dueMs = Number.NaN;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** True when it is due at `nowMs` (monotonic), and the first time; then the next turn is `factor` periods away. */
  take(nowMs: number, factor = 1): boolean {
    const slackMs = this.#everyMs / 20;
    if (nowMs < this.#dueMs - slackMs) return false;
    const onBeat = nowMs < this.#dueMs + slackMs;
    this.#dueMs = (onBeat ? this.#dueMs : nowMs) + this.#everyMs * factor;
    return true;
  }
}

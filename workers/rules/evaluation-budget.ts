import { PromqlError } from '../promql/index.ts';

/** The evaluator asks far more often than a clock needs to be read. */
const asksPerReading = 4;

/** How long the rules of an evaluation may take, each and together. Times are of a clock that never goes back. */
export class EvaluationBudget {
  readonly #limitMs: number;
  readonly #deadlineMs: number;
  readonly #monotonicMs: () => number;
  #startMs = 0;
  #endMs = 0;
  #asks = 0;
  /** Whether the rule in progress is to stop. */
  readonly isCancelled: () => boolean;

  /**
   * @param limitMs most time of one rule
   * @param deadlineMs when all of them must be done
   */
  constructor(limitMs: number, deadlineMs: number, monotonicMs: () => number) {
    this.#limitMs = limitMs;
    this.#deadlineMs = deadlineMs;
    this.#monotonicMs = monotonicMs;
    this.isCancelled = () => ++this.#asks % asksPerReading === 0 && this.#monotonicMs() >= this.#endMs;
  }

  /** Begins with the next rule. @throws Error when no time is left */
  begin(): void {
    this.#startMs = this.#monotonicMs();
    if (this.#startMs >= this.#deadlineMs)
      throw new Error('not evaluated: the rules before it took all the time');
    this.#endMs = Math.min(this.#deadlineMs, this.#startMs + this.#limitMs);
  }

  get tookMs(): number {
    return this.#monotonicMs() - this.#startMs;
  }

  /** Why a rule failed, for people. */
  reason(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    if (!(error instanceof PromqlError) || error.kind !== 'cancelled') return error.message;
    return `stopped after ${Math.round(this.#endMs - this.#startMs)} ms: the expression takes too long`;
  }
}

import type { OlderFound, OlderNeed } from '../../workers/contract/older.ts';
import type {
  PromqlAnswer,
  PromqlAsk,
  PromqlBase,
  PromqlResult,
  PromqlTask,
} from '../../workers/contract/promql-tasks.ts';
import type { Clock } from '../clock.ts';
import type { OlderAnswer } from './older.ts';

export interface PromqlTurnsParts {
  readonly run: (task: PromqlTask) => Promise<PromqlResult>;
  /** Fetches what is older than the store; never rejects. Null where nothing keeps it. */
  readonly older: ((needs: readonly OlderNeed[], signal: AbortSignal) => Promise<OlderAnswer>) | null;
  readonly clock: Clock;
  /** How long single samples and minutes are kept, in milliseconds. */
  readonly retention: { readonly raw: number; readonly minute: number };
  readonly intervalMs: number;
  readonly commonTags: PromqlBase['commonTags'];
  /** How often slow readings come, compared with usual. */
  readonly slowFactor: () => number;
}

/** An answer needs two, and one more when an hour leaves the store meanwhile. */
const mostTries = 4;

/** So many may wait. */
const mostWaiting = 32;

const gone: PromqlAnswer = { errorType: 'canceled', error: 'query was canceled in query queue' };

const tooLate: PromqlAnswer = { errorType: 'timeout', error: 'query timed out in query queue' };

interface Waiting {
  readonly ask: PromqlAsk;
  readonly endMs: number;
  readonly signal: AbortSignal;
  readonly resolve: (answer: PromqlAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Hands queries of people and programs to the query worker one at a time, so that its other questions never wait for more
 * than one, and cancels the one that nobody waits for any more.
 */
export class PromqlTurns {
  readonly #parts: PromqlTurnsParts;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;

  constructor(parts: PromqlTurnsParts) {
    this.#parts = parts;
  }

  /** Never takes longer than `timeoutMs` and the time that the worker needs to notice. Rejects when the worker fails. */
  ask(ask: PromqlAsk, timeoutMs: number, signal: AbortSignal): Promise<PromqlAnswer> {
    if (this.#waiting.length >= mostWaiting) {
      const error = `too many queries wait (${mostWaiting}); ask again later`;
      return Promise.resolve({ errorType: 'unavailable', error });
    }
    return new Promise((resolve, reject) => {
      const endMs = this.#parts.clock.monotonicMs() + timeoutMs;
      const waiting = { ask, endMs, signal, resolve, reject };
      this.#waiting.push(waiting);
      signal.addEventListener('abort', () => this.#leave(waiting), { once: true });
      this.#next();
    });
  }

  /** Who has gone keeps nobody's place. */
  #leave(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    waiting.resolve(gone);
  }

  #next(): void {
    if (this.#isBusy) return;
    const next = this.#waiting.shift();
    if (!next) return;
    this.#isBusy = true;
    this.#run(next)
      .then(next.resolve, next.reject)
      .finally(() => {
        this.#isBusy = false;
        this.#next();
      });
  }

  /** What the worker needs from before the store is fetched, and it is asked again. */
  async #answer(task: PromqlTask, endMs: number, signal: AbortSignal): Promise<PromqlAnswer> {
    const { run, older, clock } = this.#parts;
    const found: OlderFound[] = [];
    const warnings: string[] = [];
    for (let tries = 0; tries < mostTries; tries++) {
      const limitMs = endMs - clock.monotonicMs();
      if (limitMs <= 0) return tooLate;
      const result = await run({ ...task, limitMs, older: older && { found, warnings } });
      if (!('needs' in result)) return result;
      const leftMs = Math.max(0, Math.ceil(endMs - clock.monotonicMs()));
      const answer = await older!(result.needs, AbortSignal.any([signal, AbortSignal.timeout(leftMs)]));
      found.push(...answer.found);
      warnings.push(...answer.warnings);
    }
    return { errorType: 'internal', error: 'the store begins at another time at each try' };
  }

  async #run({ ask, endMs, signal }: Waiting): Promise<PromqlAnswer> {
    if (signal.aborted) return gone;
    const cancelled = new SharedArrayBuffer(4);
    const cancel = () => Atomics.store(new Int32Array(cancelled), 0, 1);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await this.#answer({ ...ask, ...this.#base(cancelled) }, endMs, signal);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  #base(cancelled: SharedArrayBuffer): PromqlBase {
    const { clock, retention, intervalMs, commonTags, slowFactor } = this.#parts;
    const nowMs = clock.now();
    return {
      ...{ nowMs, rawFromMs: nowMs - retention.raw, minutesFromMs: nowMs - retention.minute },
      ...{ intervalMs, slowFactor: slowFactor(), commonTags },
      ...{ cancelled, limitMs: 0, older: null },
    };
  }
}

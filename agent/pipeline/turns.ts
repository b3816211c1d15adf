import { AgentError } from '../errors.ts';

interface Waiting {
  readonly begin: () => void;
  readonly leave: () => void;
}

/**
 * One piece of work at a time, in the order in which it came. Who leaves while waiting gives the place away; what has
 * begun is not ended for that.
 */
export class Turns {
  readonly #mostWaiting: number;
  readonly #waiting = new Set<Waiting>();
  #isBusy = false;

  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting;
  }

  /** Rejects as `work` does, with the signal's reason when it comes before the turn, and with AgentError BUSY when too many wait. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#isBusy) await this.#turn(signal);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      // Whose turn it is then finds it busy: nobody comes between.
      if (next) next.begin();
      else this.#isBusy = false;
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting) {
      const message = `too many questions wait (${this.#mostWaiting}); ask again later`;
      throw new AgentError('BUSY', message, { retryable: true });
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#waiting.delete(waiting);
        signal?.removeEventListener('abort', waiting.leave);
      };
      const waiting: Waiting = {
        begin: () => {
          settle();
          resolve();
        },
        leave: () => {
          settle();
          reject(signal?.reason as unknown);
        },
      };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', waiting.leave, { once: true });
    });
  }
}

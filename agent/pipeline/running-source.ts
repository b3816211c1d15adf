import type { Reading, SourceStatus } from '../../workers/contract/tasks.ts';
import type { Clock } from '../clock.ts';
import { withDeadline } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Source } from '../sources/source.ts';

/** How often the dear part of a source is read. */
export const slowEveryMs = 10_000;

const mostWaitMs = 1000;

/** How long a tick waits for a source at most; queues sources end their own reading after 1 s. */
export function mostReadMs(intervalMs: number): number {
  return Math.min(intervalMs / 2, mostWaitMs);
}

/**
 * Timing and status around a source, so that sources stay simple. It waits for an answer only for a bounded time;
 * while an answer is outstanding it asks nothing more and does not wait again, so that a source that hangs delays
 * one tick, a little, and no other.
 */
export class RunningSource {
  readonly name: string;
  readonly #source: Source;
  readonly #clock: Clock;
  #outstandingSinceMs: number | undefined;
  #slowReadMs: number | undefined;
  #wasRead = false;
  #status: SourceStatus;

  constructor(source: Source, clock: Clock) {
    this.name = source.name;
    this.#source = source;
    this.#clock = clock;
    this.#status = { source: source.name, up: false, readMs: Number.NaN, problem: 'not read yet' };
  }

  /** How the reading of this tick went. */
  status(): SourceStatus {
    return this.#status;
  }

  /** False while its first answer since the start is awaited, for a tick at most: it is neither up nor down. */
  wasRead(): boolean {
    return this.#wasRead;
  }

  /** One reading, or null when the source is down or late; what is dear is read `slowFactor` times less often. */
  async read(timeMs: number, waitMs: number, slowFactor = 1): Promise<Reading | null> {
    const startMs = this.#clock.monotonicMs();
    if (this.#outstandingSinceMs !== undefined) {
      this.#wasRead = true;
      this.#down(Number.NaN, 'no answer yet; nothing more is asked until there is one');
      return null;
    }
    const sinceSlowMs = Math.abs(timeMs - (this.#slowReadMs ?? Number.NEGATIVE_INFINITY));
    const slow = sinceSlowMs >= slowEveryMs * slowFactor;
    try {
      const reading = await withDeadline(this.#ask(timeMs, slow, startMs), waitMs, () =>
        late(this.name, waitMs),
      );
      if (slow) this.#slowReadMs = timeMs;
      this.#status = {
        source: this.name,
        up: true,
        readMs: this.#clock.monotonicMs() - startMs,
        problem: this.#source.problem?.() ?? '',
      };
      return reading;
    } catch (error) {
      // What is dear may be what made it late: the next ticks do without.
      if (slow && error instanceof AgentError && error.code === 'SOURCE_TIMEOUT') this.#slowReadMs = timeMs;
      this.#down(this.#clock.monotonicMs() - startMs, messageOf(error));
      return null;
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  async #ask(timeMs: number, slow: boolean, startMs: number): Promise<Reading> {
    this.#outstandingSinceMs = startMs;
    try {
      return await this.#source.read({ timeMs, slow });
    } finally {
      this.#wasRead = true;
      this.#outstandingSinceMs = undefined;
    }
  }

  #down(readMs: number, problem: string): void {
    this.#status = { source: this.name, up: false, readMs, problem };
  }
}

function late(name: string, waitMs: number): AgentError {
  return new AgentError('SOURCE_TIMEOUT', `${name}: no answer in ${waitMs} ms`, { retryable: true });
}

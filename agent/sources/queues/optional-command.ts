import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { type Connection, isReplyError } from './connection.ts';

const askAgainMs = 10 * 60_000;

/** A command that a Redis may refuse, as managed ones do: it is then not asked again for ten minutes. */
export class OptionalCommand {
  readonly #connection: Connection;
  readonly #clock: Clock;
  #refusedUntilMs = Number.NEGATIVE_INFINITY;
  #problem = '';

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Why Redis refused; '' when it did not. */
  get problem(): string {
    return this.#problem;
  }

  /** The reply; undefined when Redis refuses. Rejects when it is down, loading or busy. */
  async call(name: string, ...args: string[]): Promise<unknown> {
    if (this.#clock.monotonicMs() < this.#refusedUntilMs) return undefined;
    try {
      const reply = await this.#connection.call(name, ...args);
      this.#problem = '';
      return reply;
    } catch (error) {
      if (!isReplyError(error) || isPassing(error)) throw error;
      this.#refusedUntilMs = this.#clock.monotonicMs() + askAgainMs;
      this.#problem = messageOf(error);
      return undefined;
    }
  }
}

function isPassing(error: Error): boolean {
  return /^(LOADING|BUSY|MASTERDOWN|NOAUTH)/.test(error.message);
}

import type { OlderFound, OlderNeed, OlderQuery } from '../../workers/contract/older.ts';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Past } from '../sinks/sink.ts';

/** What was fetched for some needs, and in words what could not be. */
export interface OlderAnswer {
  readonly found: readonly OlderFound[];
  readonly warnings: readonly string[];
}

/** Characters of all answers for one query: they are copied to the worker. */
const mostCharacters = 64 * 1024 * 1024;
/** All of one query's needs may take so long. */
const mostMs = 10_000;
/** One that failed is not asked again so soon: those who wait would wait for it each time. */
const restMs = 15_000;

/** Reads what is older than the store from a destination that keeps it longer. */
export class OlderReader {
  readonly #past: Past;
  readonly #clock: Clock;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #problem = '';

  constructor(past: Past, clock: Clock) {
    this.#past = past;
    this.#clock = clock;
  }

  /** One answer; throws AgentError with words for a person. */
  async read(query: OlderQuery, signal: AbortSignal): Promise<string> {
    if (this.#clock.monotonicMs() < this.#restUntilMs) throw this.#failure(this.#problem);
    try {
      return await this.#past.read(query, signal);
    } catch (error) {
      const isUnreachable = error instanceof AgentError && error.code === 'SINK_UNREACHABLE';
      if (isUnreachable && !signal.aborted) this.#restUntilMs = this.#clock.monotonicMs() + restMs;
      this.#problem = messageOf(error);
      throw this.#failure(this.#problem);
    }
  }

  /** Never rejects: who asked gets what the store has, and why that is all. */
  async fetch(needs: readonly OlderNeed[], signal: AbortSignal): Promise<OlderAnswer> {
    const endMs = this.#clock.monotonicMs() + mostMs;
    const found: OlderFound[] = [];
    const warnings = new Set<string>();
    let characters = 0;
    for (const { key, queries } of needs) {
      const texts: string[] = [];
      for (const query of queries) {
        try {
          if (characters > mostCharacters || this.#clock.monotonicMs() > endMs)
            throw this.#failure('the query asks for too much of it');
          const text = await this.read(query, signal);
          characters += text.length;
          texts.push(text);
        } catch (error) {
          warnings.add(messageOf(error));
          break;
        }
      }
      found.push({ key, texts });
    }
    return { found, warnings: [...warnings] };
  }

  #failure(why: string): AgentError {
    const message = `what is older than the store could not be read from ${this.#past.name}: ${why}`;
    return new AgentError('SINK_UNREACHABLE', message, { retryable: true });
  }
}

import type { Redis } from 'ioredis';
import type { Clock } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';

/** The name that the connection shows in CLIENT LIST. */
export const connectionName = 'nova-agent';

const connectTimeoutMs = 5_000;
/** A connection that owes an answer for so long is given up for a new one. */
const silenceMs = 10_000;
const maxRetryMs = 2_000;
/** How long a server that hangs may delay `close`. */
const disconnectTimeoutMs = 500;

/**
 * One connection to one Redis, opened on first use and again whenever it breaks. A command that cannot be sent now
 * fails now; one whose connection breaks fails with it, and none is ever sent twice.
 */
export class Connection {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  #redis: Redis | undefined;
  #opening: Promise<Redis> | undefined;
  #lastProblem = '';
  #commandsSent = 0;
  #made = 0;
  #closed = false;

  constructor(url: string, clock: Clock, log?: Log) {
    this.#url = url;
    this.#clock = clock;
    this.#log = log;
  }

  /** How often a connection was made. When it grows, what was learned of the server may no longer hold. */
  get made(): number {
    return this.#made;
  }

  /** Commands sent, those that open a connection included. */
  get commandsSent(): number {
    return this.#commandsSent;
  }

  /** Database number in use. */
  get db(): number {
    return this.#redis?.options.db ?? 0;
  }

  /** Resolves when commands can be sent; rejects at once while Redis is down. Not bounded in time. */
  async ready(): Promise<void> {
    this.#opening ??= this.#open();
    const redis = await this.#opening;
    if (redis.status === 'ready') return;
    if (redis.status !== 'connecting' && redis.status !== 'connect') throw this.#down();
    await new Promise<void>((resolve, reject) => {
      const settle = () => {
        redis.off('ready', settle).off('close', settle);
        redis.status === 'ready' ? resolve() : reject(this.#down());
      };
      redis.once('ready', settle).once('close', settle);
    });
  }

  /** Sends one command. Rejects with Redis's own error, or as SOURCE_FAILED when the connection is lost. */
  async call(name: string, ...args: (string | number)[]): Promise<unknown> {
    const redis = this.#readyRedis();
    this.#commandsSent++;
    try {
      return await redis.call(name, args);
    } catch (error) {
      throw isReplyError(error) ? error : this.#down();
    }
  }

  /** Round trip of a PING in milliseconds; a PING that the ACL forbids is answered too. */
  async ping(): Promise<number> {
    const startMs = this.#clock.monotonicMs();
    try {
      await this.call('PING');
    } catch (error) {
      if (!messageOf(error).startsWith('NOPERM')) throw error;
    }
    return this.#clock.monotonicMs() - startMs;
  }

  /** Sends commands together; gives the answer or the error of each. Rejects when the connection is lost. */
  async callAll(commands: readonly (readonly string[])[]): Promise<unknown[]> {
    const redis = this.#readyRedis();
    this.#commandsSent += commands.length;
    const answers = await redis.pipeline(commands.map((command) => ['call', ...command])).exec();
    return (answers ?? []).map(([error, value]) => {
      if (error && !isReplyError(error)) throw this.#down();
      return error ?? value;
    });
  }

  close(): void {
    this.#closed = true;
    this.#redis?.disconnect();
  }

  #readyRedis(): Redis {
    if (this.#redis?.status !== 'ready') throw this.#down();
    return this.#redis;
  }

  async #open(): Promise<Redis> {
    const { Redis } = await import('ioredis');
    const redis = new Redis(this.#url, {
      connectionName,
      // Every version understands it, and nothing here needs more.
      protocol: 2,
      disableClientInfo: true,
      enableOfflineQueue: false,
      // A Redis that loads its data answers so, in words worth showing.
      enableReadyCheck: false,
      // Both together: when a connection breaks, its commands fail and are not sent again.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectTimeout: connectTimeoutMs,
      disconnectTimeout: disconnectTimeoutMs,
      // Not commandTimeout: that would forget commands that a hung server still owes an answer to.
      socketTimeout: silenceMs,
      retryStrategy: (attempt) => (this.#closed ? null : Math.min(maxRetryMs, 100 * 2 ** (attempt - 1))),
    });
    redis.on('error', (error) => {
      this.#lastProblem = messageOf(error);
      this.#log?.debug('redis connection', { problem: this.#lastProblem });
    });
    redis.on('connect', () => {
      const { username, password, db } = redis.options;
      this.#commandsSent += 1 + (username || password ? 1 : 0) + (db ? 1 : 0);
    });
    redis.on('ready', () => {
      this.#made++;
      this.#lastProblem = '';
    });
    this.#redis = redis;
    if (this.#closed) redis.disconnect();
    return redis;
  }

  /** ioredis's own errors hold the arguments of the command, passwords among them: they are not passed on. */
  #down(): AgentError {
    return new AgentError('SOURCE_FAILED', this.#lastProblem || 'the connection was lost', {
      retryable: true,
    });
  }
}

/** True for an error that Redis answered with, as against a connection that failed. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

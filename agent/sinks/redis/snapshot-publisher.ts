import type { Redis } from 'ioredis';
import type { EventTexts } from '../../../workers/contract/events.ts';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { type Log, TroubleLog } from '../../log.ts';
import type { Sink, SinkStatus } from '../sink.ts';
import { EventLists } from './event-lists.ts';
import type { RedisTarget } from './options.ts';

export interface SnapshotPublisherSetup {
  readonly log: Log;
  readonly clock: Clock;
  /** The newest snapshot; null when there is none yet. */
  readonly snapshot: () => object | null;
}

export interface PublishCounts {
  readonly published: number;
  /** Redis was away, refused or did not answer in time. */
  readonly failed: number;
  /** The snapshot before was still on its way. */
  readonly skipped: number;
}

/** Told of each tick with `publish`, which never throws and never waits. */
export interface SnapshotPublisher extends Sink {
  /** Publishes the newest snapshot and pushes the requests and queries since the tick before to their lists. */
  publish(texts?: EventTexts | null): void;
  counts(): PublishCounts;
  /** Commands sent to Redis since the start. */
  commandsSent(): number;
}

const commandTimeoutMs = 2000;

/** A connection that is silent for so long while it owes an answer is given up for a new one. */
const silenceMs = 5000;

const maxReconnectMs = 2000;

/**
 * Publishes the JSON of the snapshot on the channel, and pushes requests and queries to the lists, trimmed: one
 * pipelined batch a tick. PUBLISH, LPUSH and LTRIM are the only commands that write. A snapshot that could not be sent
 * at its time is not sent later: the next one is newer.
 */
export function createSnapshotPublisher(
  options: RedisTarget,
  setup: SnapshotPublisherSetup,
): SnapshotPublisher {
  return new Publisher(options, setup);
}

class Publisher implements SnapshotPublisher {
  readonly name = 'redis';
  readonly #options: RedisTarget;
  readonly #setup: SnapshotPublisherSetup;
  readonly #troubles: TroubleLog;
  readonly #lists: EventLists;
  #client: Promise<Redis> | undefined;
  #redis: Redis | undefined;
  #problem = 'nothing published yet';
  #isOutstanding = false;
  #published = 0;
  #failed = 0;
  #skipped = 0;
  /** Requests and queries whose push failed, or whose answer never came. */
  #unpushed = 0;
  #commands = 0;

  constructor(options: RedisTarget, setup: SnapshotPublisherSetup) {
    this.#options = options;
    this.#setup = setup;
    this.#troubles = new TroubleLog(setup.log);
    this.#lists = new EventLists(options.lists);
  }

  start(): void {
    this.#client = this.#connect();
    this.#client.catch((error) => this.#ill(messageOf(error)));
  }

  publish(texts: EventTexts | null = null): void {
    if (texts) this.#lists.add(texts);
    if (this.#isOutstanding) {
      this.#skipped++;
      return;
    }
    this.#isOutstanding = true;
    void this.#send().finally(() => {
      this.#isOutstanding = false;
    });
  }

  status(): SinkStatus {
    return { sink: this.name, up: this.#problem === '', problem: this.#problem };
  }

  counts(): PublishCounts {
    return { published: this.#published, failed: this.#failed, skipped: this.#skipped };
  }

  commandsSent(): number {
    return this.#commands;
  }

  async close(deadlineMs: number): Promise<void> {
    const redis = await this.#client?.catch(() => undefined);
    if (redis?.status === 'ready') {
      const over = new AbortController();
      this.#commands++;
      await Promise.race([redis.quit().catch(() => {}), this.#setup.clock.sleep(deadlineMs, over.signal)]);
      over.abort();
    }
    redis?.disconnect();
  }

  /** Loads the library, which is dear, only where a Redis is named; it then connects, and again, by itself. */
  async #connect(): Promise<Redis> {
    const { Redis } = await import('ioredis');
    const redis = new Redis(this.#options.url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: commandTimeoutMs,
      socketTimeout: silenceMs,
      retryStrategy: (attempt) => Math.min(attempt * 100, maxReconnectMs),
      // Nothing else is needed: no INFO, no CLIENT, and no HELLO, which Redis before 6 does not know.
      enableReadyCheck: false,
      disableClientInfo: true,
      protocol: 2,
    });
    redis.on('error', (error) => this.#ill(messageOf(error)));
    this.#redis = redis;
    return redis;
  }

  async #send(): Promise<void> {
    let pushed = 0;
    try {
      const snapshot = this.#setup.snapshot();
      if (snapshot === null) return;
      if (this.#redis?.status !== 'ready') {
        // Why is known from the connection.
        this.#failed++;
        return;
      }
      const batch = this.#redis.pipeline().publish(this.#options.channel, JSON.stringify(snapshot));
      pushed = this.#lists.drainInto(batch);
      this.#commands += batch.length;
      const answers = (await batch.exec()) ?? [];
      const refused = answers.find(([error]) => error);
      if (!answers[0]?.[0]) this.#published++;
      if (refused) throw refused[0];
      this.#well();
    } catch (error) {
      this.#failed++;
      this.#unpushed += pushed;
      const missing = `; ${this.#unpushed} requests and queries are missing in their lists since the start`;
      this.#ill(messageOf(error) + (this.#unpushed > 0 ? missing : ''));
    }
  }

  #ill(problem: string): void {
    const hint = /^(NOAUTH|WRONGPASS|NOPERM)/.test(problem) ? ': check user and password in redis.url' : '';
    this.#problem = problem + hint;
    this.#troubles.trouble(this.name, this.#problem);
  }

  #well(): void {
    this.#problem = '';
    this.#troubles.over(this.name);
  }
}

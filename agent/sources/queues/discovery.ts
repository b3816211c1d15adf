import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { type Connection, isReplyError } from './connection.ts';
import type { QueueId } from './queue-table.ts';

const everyMs = 60_000;
/** How long the first scan of a connection may go at full speed, so that queues are seen at once. */
const hurryMs = 200;
const keysPerScan = 500;
/** A scan call is followed by a pause of so many times its own time: at most 1 % of a Redis core. */
const pauseFactor = 99;
/**
 * What one scan call costs Redis is taken to be its round trip less the best PING's, with what Redis spends on any
 * command added again; at the most 50 ms, since a longer wait was for others.
 */
const callCostMs = { anyCommand: 0.1, least: 0.2, most: 50 };

/**
 * Finds queues by their key `<prefix>:<queue>:meta`, in the background: a quick look when a connection was made,
 * then a full scan every 60 s. What a scan found takes effect when it ends; before the first one has ended, at once.
 */
export class Discovery {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #prefixes: readonly string[];
  readonly #wanted: RegExp;
  readonly #pattern: string;
  #found: ReadonlyMap<string, QueueId> = new Map();
  #complete = false;
  #problem = '';
  #scanningOn = 0;
  #end = new AbortController();
  #bestPingMs = Number.POSITIVE_INFINITY;
  #byType = true;

  constructor(
    connection: Connection,
    prefixes: readonly string[],
    patterns: readonly string[],
    clock: Clock,
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.#prefixes = prefixes;
    this.#wanted = namePattern(patterns);
    this.#pattern = prefixes.length === 1 ? `${escapeGlob(prefixes[0]!)}:*:meta` : '*:meta';
  }

  /** Why queues cannot be discovered, in words; '' when they can. */
  get problem(): string {
    return this.#problem;
  }

  /** The queues found. Another map when they changed, and the same one while they do not. */
  get found(): ReadonlyMap<string, QueueId> {
    return this.#found;
  }

  /** Sees to it that scans go on over the connection in use; waits for the quick look when it is a new one. */
  async keepUp(): Promise<void> {
    if (this.#scanningOn === this.#connection.made) return;
    this.#scanningOn = this.#connection.made;
    this.#end.abort();
    this.#end = new AbortController();
    const looked = new AbortController();
    void this.#scanForEver(this.#end.signal, () => looked.abort());
    await this.#clock.sleep(hurryMs, looked.signal);
  }

  close(): void {
    this.#end.abort();
  }

  async #scanForEver(end: AbortSignal, firstEnded: () => void): Promise<void> {
    let hurryUntilMs = this.#clock.monotonicMs() + hurryMs;
    while (!end.aborted) {
      try {
        await this.#scan(hurryUntilMs, end);
        this.#problem = '';
      } catch (error) {
        // A lost connection is the reading's to report; the next one starts this again.
        if (isReplyError(error)) this.#problem = messageOf(error);
      }
      firstEnded();
      hurryUntilMs = Number.NEGATIVE_INFINITY;
      await this.#clock.sleep(everyMs, end);
    }
  }

  async #scan(hurryUntilMs: number, end: AbortSignal): Promise<void> {
    const seen = new Map<string, QueueId>();
    let cursor = '0';
    this.#bestPingMs = Math.min(this.#bestPingMs, await this.#connection.ping());
    do {
      const startMs = this.#clock.monotonicMs();
      const [next, keys] = await this.#scanCall(cursor);
      const nowMs = this.#clock.monotonicMs();
      cursor = next;
      for (const key of keys) {
        const id = this.#queueOf(key);
        if (id) seen.set(key, id);
      }
      if (end.aborted) return;
      if (!this.#complete && cursor !== '0') this.#take(new Map([...this.#found, ...seen]));
      if (nowMs >= hurryUntilMs && cursor !== '0') {
        const spentMs = nowMs - startMs - this.#bestPingMs + callCostMs.anyCommand;
        const costMs = Math.max(callCostMs.least, spentMs);
        await this.#clock.sleep(pauseFactor * Math.min(callCostMs.most, costMs), end);
      }
    } while (cursor !== '0' && !end.aborted);
    if (end.aborted) return;
    this.#complete = true;
    this.#take(seen);
  }

  async #scanCall(cursor: string): Promise<[string, string[]]> {
    const type = this.#byType ? ['TYPE', 'hash'] : [];
    try {
      const args = [cursor, 'MATCH', this.#pattern, 'COUNT', keysPerScan, ...type];
      return (await this.#connection.call('SCAN', ...args)) as [string, string[]];
    } catch (error) {
      // Before version 6 there is no TYPE.
      if (!this.#byType || !/syntax/i.test(messageOf(error))) throw error;
      this.#byType = false;
      return this.#scanCall(cursor);
    }
  }

  #queueOf(key: string): QueueId | undefined {
    for (const prefix of this.#prefixes) {
      if (!key.startsWith(`${prefix}:`)) continue;
      const name = key.slice(prefix.length + 1, -':meta'.length);
      // A colon in it is one of a longer prefix.
      if (name !== '' && !name.includes(':') && this.#wanted.test(name)) return { prefix, name };
    }
    return undefined;
  }

  #take(found: ReadonlyMap<string, QueueId>): void {
    const same = found.size === this.#found.size && [...found.keys()].every((key) => this.#found.has(key));
    if (!same) this.#found = found;
  }
}

/** A text as SCAN's MATCH finds it and nothing else. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}

/** Names that fit one of the patterns, in which `*` stands for any text and `?` for one character. */
function namePattern(patterns: readonly string[]): RegExp {
  const alternatives = patterns.map((pattern) =>
    pattern
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.'),
  );
  return new RegExp(`^(?:${alternatives.join('|')})$`, 'su');
}

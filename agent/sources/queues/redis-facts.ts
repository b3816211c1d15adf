import type { Clock } from '../../clock.ts';
import type { Connection } from './connection.ts';
import { OptionalCommand } from './optional-command.ts';
import { redisField } from './queue-table.ts';

/** Reads the Redis itself: memory, evictions, clients, round trip. */
export class RedisFactsReader {
  readonly #connection: Connection;
  readonly #info: OptionalCommand;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#info = new OptionalCommand(connection, clock);
  }

  /** Why INFO is refused; '' when it is not. */
  get problem(): string {
    return this.#info.problem;
  }

  /** Writes the fields of the measurement `redis`, the first of them at `at`. */
  async read(values: Float64Array, at: number): Promise<void> {
    values[at + redisField.latency_ms] = Math.round((await this.#connection.ping()) * 1000) / 1000;
    // Without naming sections: several at once are refused before Redis 7.
    const text = await this.#info.call('INFO');
    if (typeof text === 'string') writeInfo(text, values, at);
  }
}

/** https://redis.io/docs/latest/commands/info/ : lines `key:value` ended by CR LF, and headings. */
function writeInfo(text: string, values: Float64Array, at: number): void {
  const info = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const number = (key: string) => Number.parseFloat(info.get(key) ?? '');
  const maxBytes = number('maxmemory');
  const policy = info.get('maxmemory_policy');
  values[at + redisField.memory_used_bytes] = number('used_memory');
  values[at + redisField.memory_max_bytes] = maxBytes > 0 ? maxBytes : Number.NaN;
  values[at + redisField.evicted_keys_total] = number('evicted_keys');
  values[at + redisField.connected_clients] = number('connected_clients');
  values[at + redisField.ops_per_second] = number('instantaneous_ops_per_sec');
  // Without a limit nothing is evicted, whatever the policy says.
  if (maxBytes === 0 || policy !== undefined) {
    values[at + redisField.eviction_safe] = maxBytes === 0 || policy === 'noeviction' ? 1 : 0;
  }
}

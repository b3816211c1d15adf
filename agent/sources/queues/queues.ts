import type { Reading } from '../../../workers/contract/tasks.ts';
import { type Clock, withDeadline } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Source } from '../source.ts';
import { BacklogReader } from './backlog.ts';
import { Connection } from './connection.ts';
import { CountsReader } from './counts.ts';
import { Discovery } from './discovery.ts';
import { FinishedJobsReader } from './finished-jobs.ts';
import { OptionalCommand } from './optional-command.ts';
import type { QueueRedis } from './options.ts';
import { maxQueues, type QueueId, QueueTable, queueField } from './queue-table.ts';
import { RedisFactsReader } from './redis-facts.ts';
import { ScriptRunner } from './scripts.ts';
import { countWorkers } from './workers.ts';

const defaultDeadlineMs = 1_000;
/** Of the deadline: after it no further slice of the dear part begins, so that the counts are not lost with it. */
const slowShare = 0.8;

export interface QueuesSourceContext {
  readonly clock: Clock;
  readonly log?: Log;
  /** A reading settles within this; 1 s unless told. */
  readonly deadlineMs?: number;
}

export interface QueuesSource extends Source {
  /** Commands sent to this Redis so far. */
  commandsSent(): number;
  /** What the last reading lacks although Redis answers; '' when it lacks nothing. */
  problem(): string;
}

/** The queues of one Redis and the Redis itself, as the source `queues/<name>`. It only reads. */
export function createQueuesSource(options: QueueRedis, context: QueuesSourceContext): QueuesSource {
  return new RedisQueues(options, context);
}

class RedisQueues implements QueuesSource {
  readonly name: string;
  readonly #options: QueueRedis;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #connection: Connection;
  readonly #discovery: Discovery | undefined;
  readonly #counts: CountsReader;
  readonly #backlog: BacklogReader;
  readonly #finishedJobs: FinishedJobsReader;
  readonly #clientList: OptionalCommand;
  readonly #redisFacts: RedisFactsReader;
  #table: QueueTable;
  #tableOf: ReadonlyMap<string, QueueId> | undefined;
  #outstanding: Promise<unknown> = Promise.resolve();
  #missing: string[] = [];
  #cutShort = false;
  /** Why Redis refused a part of the 10 s readings. */
  #refused = '';

  constructor(options: QueueRedis, { clock, log, deadlineMs = defaultDeadlineMs }: QueuesSourceContext) {
    this.name = `queues/${options.name}`;
    this.#options = options;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#connection = new Connection(options.redis, clock, log);
    const { prefix, discover, names } = options;
    if (discover.length > 0) {
      this.#discovery = new Discovery(this.#connection, prefix, discover, clock);
    }
    const scripts = new ScriptRunner(this.#connection);
    this.#counts = new CountsReader(this.#connection, scripts);
    this.#backlog = new BacklogReader(scripts);
    this.#finishedJobs = new FinishedJobsReader(scripts);
    this.#clientList = new OptionalCommand(this.#connection, clock);
    this.#redisFacts = new RedisFactsReader(this.#connection, clock);
    const named = prefix.flatMap((prefix) => names.map((name) => ({ prefix, name })));
    this.#table = new QueueTable(options.name, named);
  }

  commandsSent(): number {
    return this.#connection.commandsSent;
  }

  async read({ slow }: { readonly slow: boolean }): Promise<Reading> {
    const deadline = this.#clock.monotonicMs() + this.#deadlineMs;
    const before = this.#outstanding;
    const poll = before.then(() => this.#poll(slow, deadline));
    this.#outstanding = poll.catch(() => {});
    return withDeadline(poll, this.#deadlineMs, () => this.#late());
  }

  async close(): Promise<void> {
    this.#discovery?.close();
    this.#connection.close();
    await this.#outstanding;
  }

  problem(): string {
    const problems: string[] = [];
    const add = (problem: string, what: string) => problem && problems.push(`${what}: ${problem}`);
    add(this.#missing.join(', '), 'queues that are not there');
    if (this.#table.leftOut > 0) {
      problems.push(`${this.#table.leftOut} queues beyond the first ${maxQueues} are not read`);
    }
    add(this.#discovery?.problem ?? '', 'queues cannot be discovered, name them in `names`');
    if (this.#counts.scriptsForbidden) problems.push('EVALSHA is forbidden: only counts are read');
    if (this.#cutShort) problems.push('Redis is too slow for all of the 10 s readings');
    add(this.#refused, 'Redis refuses a part of the 10 s readings');
    add(this.#outrun(), 'finished jobs are removed too early to be counted, let the workers keep metrics');
    add(this.#clientList.problem, 'workers are not known');
    add(this.#redisFacts.problem, 'nothing is known of Redis itself');
    return problems.join('; ');
  }

  async #poll(slow: boolean, deadline: number): Promise<Reading> {
    const inTime = () => {
      if (this.#clock.monotonicMs() >= deadline) throw this.#late();
    };
    inTime();
    try {
      await this.#connection.ready();
      inTime();
      await this.#discovery?.keepUp();
      this.#refreshTable();
      const table = this.#table;
      const values = table.emptyValues();
      // Without a queue there is nothing to count; Redis must answer all the same.
      if (table.queues.length === 0) await this.#connection.ping();
      await this.#counts.read(table, values, inTime);
      this.#noteMissing(table, values);
      if (slow) await this.#readSlow(table, values, inTime, deadline);
      return { source: this.name, layout: table.layout, values };
    } catch (error) {
      if (error instanceof AgentError) throw error;
      throw new AgentError('SOURCE_FAILED', messageOf(error), { retryable: true });
    }
  }

  async #readSlow(
    table: QueueTable,
    values: Float64Array,
    inTime: () => void,
    deadline: number,
  ): Promise<void> {
    inTime();
    await this.#redisFacts.read(values, table.redisOffset);
    await this.#readWorkers(table, values);
    if (this.#counts.scriptsForbidden) return;
    const late = this.#late();
    const enoughTime = () => {
      if (this.#clock.monotonicMs() >= deadline - (1 - slowShare) * this.#deadlineMs) throw late;
    };
    this.#cutShort = false;
    this.#refused = '';
    try {
      const spans = await this.#backlog.read(table, values, enoughTime);
      if (spans.length > 0) await this.#finishedJobs.read(table, values, spans, enoughTime);
    } catch (error) {
      if (error === late) this.#cutShort = true;
      // Redis answered and refused, as an ACL makes it do: the counts are known all the same.
      else if (/^[A-Z]+ /.test(messageOf(error))) this.#refused = messageOf(error);
      else throw error;
    }
  }

  async #readWorkers(table: QueueTable, values: Float64Array): Promise<void> {
    const list = await this.#clientList.call('CLIENT', 'LIST');
    const counts = typeof list === 'string' ? countWorkers(list, table.queues, this.#connection.db) : null;
    counts?.forEach((count, i) => {
      const at = table.offset(i);
      if (!Number.isNaN(values[at + queueField.paused]!)) values[at + queueField.workers] = count;
    });
  }

  #refreshTable(): void {
    const found = this.#discovery?.found;
    if (found === undefined || found === this.#tableOf) return;
    this.#tableOf = found;
    this.#table = new QueueTable(this.#options.name, [...found.values()], this.#table);
  }

  /** Queues that were discovered may go; those that were named should be there. */
  #noteMissing(table: QueueTable, values: Float64Array): void {
    if (this.#discovery) return;
    const missing = (_: unknown, i: number) => Number.isNaN(values[table.offset(i) + queueField.paused]!);
    this.#missing = table.queues.filter(missing).map(({ prefix, name }) => `${prefix}:${name}`);
  }

  #outrun(): string {
    const outrun = this.#table.queues.filter(({ completed, failed }) => completed.outrun || failed.outrun);
    return outrun.map(({ prefix, name }) => `${prefix}:${name}`).join(', ');
  }

  #late(): AgentError {
    return new AgentError('SOURCE_TIMEOUT', `no answer in ${this.#deadlineMs} ms`, { retryable: true });
  }
}

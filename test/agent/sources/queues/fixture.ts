import type { TestContext } from 'node:test';
import { type Job, Queue, Worker, type WorkerOptions } from 'bullmq';
import { systemClock } from '../../../../agent/clock.ts';
import { type QueueRedis, queuesOptions } from '../../../../agent/sources/queues/options.ts';
import { createQueuesSource, type QueuesSource } from '../../../../agent/sources/queues/queues.ts';
import { parseLayout } from '../../../../workers/point/point.ts';
import { startRedis, type TestServer } from '../../../support/servers.ts';

/** Known values by field. */
export type Fields = Record<string, number>;

export interface Seen {
  /** By `prefix:queue`; queues without any known value are left out. */
  readonly queues: Record<string, Fields>;
  readonly redis: Fields;
}

/** Longer than the default: what these tests are about must not depend on how busy the machine is. */
const deadlineMs = 15_000;

/** A real Redis that ends with the test. */
export async function redisFor(t: TestContext, extra: readonly string[] = []): Promise<TestServer> {
  const redis = await startRedis(extra);
  t.after(() => redis.remove());
  return redis;
}

export function sourceFor(
  t: TestContext,
  entry: Record<string, unknown>,
  settings: { deadlineMs?: number } = {},
): QueuesSource {
  const [options] = queuesOptions.parse([{ name: 'main', ...entry }]) as QueueRedis[];
  const source = createQueuesSource(options!, { clock: systemClock, deadlineMs, ...settings });
  t.after(() => source.close());
  return source;
}

export function queueFor(
  t: TestContext,
  redis: TestServer,
  name: string,
  options: Record<string, unknown> = {},
): Queue {
  const queue = new Queue(name, { connection: { host: '127.0.0.1', port: redis.port }, ...options });
  queue.on('error', () => {});
  t.after(() => queue.close());
  return queue;
}

export function workerFor(
  t: TestContext,
  redis: TestServer,
  name: string,
  work: (job: Job) => Promise<unknown>,
  options: Partial<WorkerOptions> = {},
): Worker {
  const worker = new Worker(name, work, { connection: { host: '127.0.0.1', port: redis.port }, ...options });
  worker.on('error', () => {});
  t.after(() => worker.close(true));
  return worker;
}

export async function look(source: QueuesSource, slow = false): Promise<Seen> {
  const { layout: text, values } = await source.read({ timeMs: Date.now(), slow });
  const layout = parseLayout(text, {});
  const seen: { queues: Record<string, Fields>; redis: Fields } = { queues: {}, redis: {} };
  layout.points.forEach(({ measurement, tags, fields }, i) => {
    const known: Fields = {};
    fields.forEach((field, f) => {
      const value = values[layout.offsets[i]! + f]!;
      if (!Number.isNaN(value)) known[field] = value;
    });
    if (measurement === 'redis') Object.assign(seen.redis, known);
    else if (Object.keys(known).length > 0) seen.queues[`${tags.prefix}:${tags.queue}`] = known;
  });
  return seen;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

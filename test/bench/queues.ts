import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { systemClock } from '../../agent/clock.ts';
import { createQueuesSource } from '../../agent/sources/queues/queues.ts';
import { startRedis } from '../support/servers.ts';
import { fillQueues } from './agent-beside.ts';
import { cpuMsDuring, cpuMsOf, sleep } from './cost.ts';
import { atMost, median, type Row, valueAtMost } from './row.ts';

const count = 1000;
const rounds = 12;
const polls = 5;
const slowPolls = 50;
const scriptLimitMs = 2;
/** Less than any slice of ours takes, more than the commands in it. */
const loggedFromMicroseconds = 200;

/** The counts of 1,000 queues once, beside BullMQ's `getJobCounts` of each at the same time; rounds take turns. */
export async function* queues(): AsyncGenerator<Row> {
  const redis = await startRedis();
  const names = await fillQueues(redis.url, count);
  const admin = new Redis(redis.url);
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const bullmq = names.map((name) => new Queue(name, { connection, skipMetasUpdate: true }));
  const source = createQueuesSource(
    { name: 'bench', redis: redis.url, prefix: ['bull'], discover: [], names },
    { clock: systemClock, deadlineMs: 10_000 },
  );
  try {
    await untilRead(source);
    await Promise.all(bullmq.map((queue) => queue.getJobCounts()));
    const ours: Cost[] = [];
    const theirs: Cost[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await cost(redis.process.pid!, () => source.read({ timeMs: Date.now(), slow: false })));
      theirs.push(
        await cost(redis.process.pid!, () => Promise.all(bullmq.map((queue) => queue.getJobCounts()))),
      );
    }
    const each = (all: Cost[], which: keyof Cost) => median(all.slice(2).map((one) => one[which]));
    yield atMost(
      'queues',
      '1,000 counts, agent CPU ms',
      each(ours, 'client'),
      ['getJobCounts', each(theirs, 'client')],
      1 / 4,
    );
    yield atMost(
      'queues',
      '1,000 counts, Redis CPU ms',
      each(ours, 'server'),
      ['getJobCounts', each(theirs, 'server')],
      1 / 2,
    );
    // Not before: Redis logs the commands within a script as well, which would cost it more than they do.
    await admin.config('SET', 'slowlog-log-slower-than', loggedFromMicroseconds);
    await admin.config('SET', 'slowlog-max-len', 100_000);
    for (let poll = 0; poll < slowPolls; poll++) {
      await source.read({ timeMs: Date.now(), slow: poll % 5 === 0 });
    }
    const longest = await longestScriptMs(admin);
    yield valueAtMost('queues', 'longest script, ms', longest, ['limit', scriptLimitMs], scriptLimitMs);
  } finally {
    await source.close();
    await Promise.all(bullmq.map((queue) => queue.close()));
    admin.disconnect();
    connection.disconnect();
    await redis.remove();
  }
}

interface Cost {
  readonly client: number;
  readonly server: number;
}

async function cost(redisPid: number, poll: () => Promise<unknown>): Promise<Cost> {
  const before = cpuMsOf(redisPid);
  const client = await cpuMsDuring(async () => {
    for (let i = 0; i < polls; i++) await poll();
  });
  return { client: client / polls, server: (cpuMsOf(redisPid) - before) / polls };
}

async function untilRead(source: {
  read(at: { timeMs: number; slow: boolean }): Promise<unknown>;
}): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await source.read({ timeMs: Date.now(), slow: false });
      return;
    } catch (error) {
      if (attempt > 50) throw error;
      await sleep(100);
    }
  }
}

/**
 * Of our scripts, which are the only ones that may not write (EVALSHA_RO), the milliseconds of the longest: each slice
 * by the median of its runs, because the log counts the time when Redis was not on a core, too.
 */
async function longestScriptMs(admin: Redis): Promise<number> {
  const entries = (await admin.call('SLOWLOG', 'GET', '100000')) as [number, number, number, string[]][];
  const runs = new Map<string, number[]>();
  for (const [, , microseconds, [command = '', sha, , firstKey]] of entries) {
    if (!/^eval(sha)?_ro$/i.test(command)) continue;
    const slice = `${sha} ${firstKey}`;
    runs.set(slice, [...(runs.get(slice) ?? []), microseconds]);
  }
  if (runs.size === 0) throw new Error('no script of ours is in the slow log');
  return Math.max(...[...runs.values()].map(median)) / 1000;
}

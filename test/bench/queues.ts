import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { systemClock } from '../../agent/clock.ts';
import { createQueuesSource } from '../../agent/sources/queues/queues.ts';
import { startRedis } from '../support/servers.ts';
import { fillQueues } from './agent-beside.ts';
import { cpuMsDuring, cpuMsOf, sleep } from './cost.ts';
import { atMost, median, type Row } from './row.ts';

const count = 1000;
const rounds = 12;
const polls = 5;
const scriptLimitMicroseconds = 2000;

/** The counts of 1,000 queues once, beside BullMQ's `getJobCounts` of each at the same time; rounds take turns. */
export async function* queues(): AsyncGenerator<Row> {
  const redis = await startRedis(['--slowlog-log-slower-than', '0', '--slowlog-max-len', '100000']);
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
    yield atMost(
      'queues',
      'longest script, ms',
      (await longestScript(admin)) / 1000,
      ['limit', scriptLimitMicroseconds / 1000],
      1,
    );
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

/** Microseconds of the longest script with several queues' keys: BullMQ's own run one queue each. */
async function longestScript(admin: Redis): Promise<number> {
  const entries = (await admin.call('SLOWLOG', 'GET', '100000')) as [number, number, number, string[]][];
  const ours = entries.filter(
    ([, , , args]) => /^eval(sha)?(_ro)?$/i.test(args[0]!) && Number(args[2]) !== 1,
  );
  const times = ours.map(([, , microseconds]) => microseconds).filter((_, i) => i < ours.length - 20);
  return Math.max(...times);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowProducer } from 'bullmq';
import { Redis } from 'ioredis';
import { settleMs } from '../../../../agent/sources/queues/backlog.ts';
import { untilTrue } from '../../../support/servers.ts';
import { look, queueFor, redisFor, sleep, sourceFor, workerFor } from './fixture.ts';
import '../../../support/watchdog.ts';

test('totals past the watermark are exact while workers finish jobs', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const work = async ({ data }: { data: { fails?: boolean } }) => {
    await sleep(1);
    if (data.fails) throw new Error('no');
  };
  // Kept in Redis before the first look, and not to be counted.
  await mail.addBulk([
    { name: 'old', data: {} },
    { name: 'old', data: { fails: true } },
  ]);
  workerFor(t, redis, 'mail', work, { concurrency: 5 });
  workerFor(t, redis, 'mail', work, { concurrency: 5 });
  await untilTrue(async () => assert.equal(await mail.getJobCountByTypes('completed', 'failed'), 2));
  await sleep(5);
  const source = sourceFor(t, { redis: redis.url });
  const first = (await look(source, true)).queues['bull:mail'];
  assert.equal(first?.completed_total, 0);
  assert.equal(first?.failed_total, 0);

  let last = { completed: 0, failed: 0 };
  const check = async () => {
    const { completed_total: completed = Number.NaN, failed_total: failed = Number.NaN } =
      (await look(source, true)).queues['bull:mail'] ?? {};
    assert.ok(completed >= last.completed && failed >= last.failed, 'totals only grow');
    last = { completed, failed };
  };
  for (let burst = 0; burst < 10; burst++) {
    await mail.addBulk(
      Array.from({ length: 50 }, (_, i) => ({ name: 'new', data: { fails: i % 10 === 0 } })),
    );
    await check();
  }
  await untilTrue(async () => assert.equal(await mail.getJobCountByTypes('completed', 'failed'), 502));
  await untilTrue(async () => {
    await check();
    assert.deepEqual(last, { completed: 450, failed: 50 });
  });
  await mail.clean(0, 10_000, 'completed');
  await check();
  assert.deepEqual(last, { completed: 450, failed: 50 });
});

test('where the workers keep metrics, the totals are those', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  workerFor(t, redis, 'mail', async () => {}, {
    metrics: { maxDataPoints: 60 },
    removeOnComplete: { count: 0 },
  });
  await mail.addBulk(Array.from({ length: 7 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal((await mail.getMetrics('completed')).meta.count, 7));
  const { queues } = await look(sourceFor(t, { redis: redis.url }), true);
  assert.equal(queues['bull:mail']?.completed_total, 7);
  assert.equal(queues['bull:mail']?.failed_total, 0);
  assert.equal(queues['bull:mail']?.completed, 0);
});

test('totals are unknown where finished jobs are not kept', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  await mail.waitUntilReady();
  await look(source, true);
  let done = 0;
  workerFor(t, redis, 'mail', async () => done++, { removeOnComplete: { count: 0 } });
  await mail.addBulk(Array.from({ length: 7 }, () => ({ name: 'a', data: {} })));
  await untilTrue(() => assert.equal(done, 7));
  await sleep(settleMs + 50);
  const { completed_total, failed_total } = (await look(source, true)).queues['bull:mail']!;
  assert.equal(completed_total, undefined);
  assert.equal(failed_total, undefined);
});

test('a total is unknown, and said to be, when jobs are removed faster than they are read', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  workerFor(t, redis, 'mail', async () => {}, { removeOnComplete: { count: 3 } });
  await mail.addBulk(Array.from({ length: 5 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () =>
    assert.equal(await mail.getJobCountByTypes('completed', 'waiting', 'active'), 3),
  );
  await sleep(5);
  assert.equal((await look(source, true)).queues['bull:mail']?.completed_total, 0);
  await mail.addBulk(Array.from({ length: 20 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => {
    assert.equal((await look(source, true)).queues['bull:mail']?.completed_total, undefined);
    assert.match(source.problem(), /removed too early to be counted.*: bull:mail/);
  });
});

test('jobs that finished just before a reading are counted at the next, and not taken for removed', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  await mail.waitUntilReady();
  await look(source, true);
  workerFor(t, redis, 'mail', async () => {});
  await mail.addBulk(Array.from({ length: 3 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal((await mail.getJobCounts()).completed, 3));
  await look(source, true);
  await sleep(settleMs + 50);
  assert.equal((await look(source, true)).queues['bull:mail']?.completed_total, 3);
  assert.equal(source.problem(), '');
});

test('wait and run come from the jobs that finished, without the delay they were added with', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await mail.waitUntilReady();
  const source = sourceFor(t, { redis: redis.url });
  await look(source, true);
  const at = Date.now() + 100;
  const finish = async (id: string, fields: Record<string, string | number>) => {
    await client.hset(`bull:mail:${id}`, { timestamp: at - 60_000, opts: '{}', delay: 0, ats: 1, ...fields });
    await client.zadd('bull:mail:completed', at, id);
  };
  await finish('1', { processedOn: at - 59_900, finishedOn: at - 59_890 });
  await finish('2', {
    processedOn: at - 29_700,
    finishedOn: at - 29_670,
    opts: '{"backoff":{"type":"fixed","delay":5},"delay":30000}',
  });
  // Of these only the run counts: a second start, one before version 5, a parent of finished children.
  await finish('3', { processedOn: at - 50, finishedOn: at, ats: 2 });
  await client.hdel('bull:mail:4', 'ats');
  await finish('4', { processedOn: at - 70, finishedOn: at });
  await client.hdel('bull:mail:4', 'ats');
  await client.hset('bull:mail:4', 'attemptsMade', 2);
  await finish('5', { processedOn: at - 90, finishedOn: at });
  await client.hset('bull:mail:5:processed', 'bull:mail:1', '1');
  await sleep(settleMs + 200);
  const { queues } = await look(source, true);
  const { wait_p50_ms, wait_p95_ms, run_p50_ms, run_p95_ms, completed_total } = queues['bull:mail']!;
  assert.equal(completed_total, 5);
  assert.equal(wait_p50_ms, 200);
  assert.equal(wait_p95_ms, 290);
  assert.equal(run_p50_ms, 50);
  assert.equal(run_p95_ms, 86);
});

test('a delayed job of BullMQ waits from when it is due', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  await mail.waitUntilReady();
  await look(source, true);
  workerFor(t, redis, 'mail', async () => {});
  const delayMs = 60_000;
  const job = await mail.add('a', {}, { delay: delayMs, timestamp: Date.now() - delayMs + 200 });
  await untilTrue(async () => assert.equal(await job.getState(), 'completed'));
  await sleep(settleMs + 50);
  const { queues } = await look(source, true);
  assert.ok(queues['bull:mail']!.wait_p50_ms! < 30_000, `${queues['bull:mail']!.wait_p50_ms} ms`);
});

test('the oldest waiting job is found at both ends, in every priority and in a paused queue', async (t) => {
  const redis = await redisFor(t);
  const source = sourceFor(t, { redis: redis.url });
  const now = Date.now();
  const add = async (queue: string, options: readonly Record<string, unknown>[]) => {
    const bull = queueFor(t, redis, queue);
    for (const option of options) await bull.add('a', {}, option);
    return bull;
  };
  await add('fifo', [{ timestamp: now - 500_000 }, { timestamp: now - 100_000 }]);
  await add('lifo', [{ timestamp: now - 100_000 }, { timestamp: now - 500_000, lifo: true }]);
  await add('starved', [
    { timestamp: now - 100_000, priority: 1 },
    { timestamp: now - 500_000, priority: 9 },
    { timestamp: now - 200_000, priority: 9 },
  ]);
  const paused = await add('paused', [{ timestamp: now - 500_000 }]);
  await paused.pause();
  await add('due', [{ timestamp: now - 600_000, delay: 100_000 }]);
  workerFor(t, redis, 'due', async () => {}, { concurrency: 1 }).pause(true);
  await queueFor(t, redis, 'due').promoteJobs();
  await add('later', [{ timestamp: now - 500_000, delay: 3_600_000 }]);
  const { queues } = await look(source, true);
  for (const name of ['fifo', 'lifo', 'starved', 'paused', 'due']) {
    const age = queues[`bull:${name}`]!.oldest_waiting_age_ms!;
    assert.ok(age >= 500_000 && age < 590_000, `${name}: ${age}`);
  }
  assert.equal(queues['bull:later']!.oldest_waiting_age_ms, undefined);
});

test('a parent whose children are done has no waiting age on record', async (t) => {
  const redis = await redisFor(t);
  const flows = new FlowProducer({ connection: { host: '127.0.0.1', port: redis.port } });
  t.after(() => flows.close());
  await flows.add({
    name: 'parent',
    queueName: 'parents',
    children: [{ name: 'child', queueName: 'children' }],
  });
  workerFor(t, redis, 'children', async () => {});
  const parents = queueFor(t, redis, 'parents');
  await untilTrue(async () => assert.equal((await parents.getJobCounts()).waiting, 1));
  const { queues } = await look(sourceFor(t, { redis: redis.url }), true);
  assert.equal(queues['bull:parents']!.waiting, 1);
  assert.equal(queues['bull:parents']!.oldest_waiting_age_ms, undefined);
});

test('what is read every 10 s is unknown in the readings between', async (t) => {
  const redis = await redisFor(t);
  await queueFor(t, redis, 'mail').add('a', {});
  const source = sourceFor(t, { redis: redis.url });
  await look(source, true);
  const { queues, redis: server } = await look(source, false);
  assert.deepEqual(Object.keys(queues['bull:mail']!), [
    'waiting',
    'active',
    'completed',
    'failed',
    'delayed',
    'prioritized',
    'waiting_children',
    'paused',
  ]);
  assert.deepEqual(server, {});
});

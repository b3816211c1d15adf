import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { FlowProducer, type Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { untilTrue } from '../../../support/servers.ts';
import { type Fields, look, queueFor, redisFor, sourceFor, workerFor } from './fixture.ts';
import '../../../support/watchdog.ts';

/** What BullMQ itself says, under our names. */
async function askBullmq(queue: Queue): Promise<Fields> {
  const counts = await queue.getJobCounts();
  return {
    waiting: counts.waiting!,
    active: counts.active!,
    completed: counts.completed!,
    failed: counts.failed!,
    delayed: counts.delayed!,
    prioritized: counts.prioritized!,
    waiting_children: counts['waiting-children']!,
    paused: (await queue.isPaused()) ? 1 : 0,
  };
}

test('counts agree with BullMQ in every state', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  workerFor(t, redis, 'mail', async (job) => {
    if (job.name === 'bad') throw new Error('no');
    if (job.name === 'slow') await held;
  });
  await mail.addBulk([
    { name: 'good', data: {} },
    { name: 'bad', data: {} },
    { name: 'slow', data: {} },
  ]);
  await untilTrue(async () => assert.equal((await mail.getJobCounts()).active, 1));
  await mail.addBulk([
    { name: 'next', data: {} },
    { name: 'next', data: {} },
    { name: 'later', data: {}, opts: { delay: 3_600_000 } },
    { name: 'first', data: {}, opts: { priority: 7 } },
  ]);
  const flows = new FlowProducer({ connection: { host: '127.0.0.1', port: redis.port } });
  t.after(() => flows.close());
  await flows.add({ name: 'parent', queueName: 'mail', children: [{ name: 'child', queueName: 'other' }] });

  const { queues } = await look(source);
  assert.deepEqual(queues['bull:mail'], {
    waiting: 2,
    active: 1,
    completed: 1,
    failed: 1,
    delayed: 1,
    prioritized: 1,
    waiting_children: 1,
    paused: 0,
  });
  assert.deepEqual(queues['bull:mail'], await askBullmq(mail));
  release();
});

test('counts agree with BullMQ at every reading while jobs move', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url, names: ['mail'] });
  await look(source);
  await mail.add('a', {});
  assert.deepEqual((await look(source)).queues['bull:mail'], await askBullmq(mail));
  await mail.add('b', {}, { delay: 3_600_000 });
  await mail.pause();
  assert.deepEqual((await look(source)).queues['bull:mail'], await askBullmq(mail));
  await mail.drain(true);
  await mail.resume();
  assert.deepEqual((await look(source)).queues['bull:mail'], await askBullmq(mail));
});

test('a paused queue says so and its jobs count as waiting, in the key of BullMQ 5 too', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  await mail.add('a', {});
  await mail.pause();
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.rpush('bull:mail:paused', '11', '12');
  const { queues } = await look(sourceFor(t, { redis: redis.url }));
  assert.equal(queues['bull:mail']?.paused, 1);
  assert.equal(queues['bull:mail']?.waiting, 3);
});

test('the marker that BullMQ 4 keeps in the list of waiting jobs is not a job', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.hset('bull:old:meta', 'opts.maxLenEvents', '10000');
  await client.rpush('bull:old:wait', '2', '1', '0:1700000000000');
  const source = sourceFor(t, { redis: redis.url });
  assert.equal((await look(source)).queues['bull:old']?.waiting, 2);
  assert.equal(await client.llen('bull:old:wait'), 3);
});

test('a named queue that is not there has no values and is reported', async (t) => {
  const redis = await redisFor(t);
  const source = sourceFor(t, { redis: redis.url, names: ['nobody'] });
  const { queues } = await look(source, true);
  assert.deepEqual(queues, {});
  assert.match(source.problem(), /not there: bull:nobody/);
  const queue = queueFor(t, redis, 'nobody');
  await queue.waitUntilReady();
  assert.equal((await look(source)).queues['bull:nobody']?.waiting, 0);
  assert.equal(source.problem(), '');
});

test('a queue that is deleted has no values from then on', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  await mail.add('a', {});
  const source = sourceFor(t, { redis: redis.url });
  assert.equal((await look(source)).queues['bull:mail']?.waiting, 1);
  await mail.obliterate({ force: true });
  assert.deepEqual((await look(source)).queues, {});
});

test('a key of another type leaves its count unknown and harms no other', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  await mail.add('a', {});
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.set('bull:mail:failed', 'text');
  const { queues } = await look(sourceFor(t, { redis: redis.url }));
  assert.equal(queues['bull:mail']?.waiting, 1);
  assert.equal(queues['bull:mail']?.failed, undefined);
});

async function forbidden(t: TestContext, rules: readonly string[]) {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  await mail.addBulk([
    { name: 'a', data: {} },
    { name: 'b', data: {}, opts: { priority: 1 } },
  ]);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.call('ACL', ['SETUSER', 'watcher', 'on', '>secret', '~*', '+@all', ...rules]);
  const url = `redis://watcher:secret@127.0.0.1:${redis.port}`;
  return { mail, client, url };
}

test('counts are read by plain commands where scripts are forbidden', async (t) => {
  const { mail, client, url } = await forbidden(t, ['-@scripting']);
  await client.rpush('bull:mail:paused', '0:1700000000000');
  await client.hset('bull:empty:meta', 'paused', '1');
  const source = sourceFor(t, { redis: url, names: ['mail', 'empty', 'nobody'] });
  const { queues } = await look(source, true);
  const { workers, ...counts } = queues['bull:mail']!;
  assert.deepEqual(counts, await askBullmq(mail));
  assert.equal(workers, 0);
  assert.equal(queues['bull:empty']?.paused, 1);
  assert.equal(queues['bull:nobody'], undefined);
  assert.match(source.problem(), /EVALSHA is forbidden/);
});

test('where CLIENT LIST and INFO are refused, workers and Redis are unknown and the rest is read', async (t) => {
  const { url } = await forbidden(t, ['-client|list', '-info']);
  const source = sourceFor(t, { redis: url });
  const { queues, redis } = await look(source, true);
  assert.equal(queues['bull:mail']?.waiting, 1);
  assert.equal(queues['bull:mail']?.workers, undefined);
  assert.deepEqual(Object.keys(redis), ['latency_ms']);
  assert.match(source.problem(), /workers are not known: NOPERM.*nothing is known of Redis itself: NOPERM/);
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { holdsBack } from '../../../../agent/sources/queues/rate-limit.ts';
import { type TestServer, untilTrue } from '../../../support/servers.ts';
import { type Fields, look, queueFor, redisFor, sleep, sourceFor, workerFor } from './fixture.ts';
import '../../../support/watchdog.ts';

const { NaN: unknown } = Number;

/** What keeps the queue `mail` back. */
function hindrances({ rate_limited, overdue, stalled }: Fields = {}) {
  return { rate_limited, overdue, stalled };
}

/** Work that does not end. */
const endless = () => new Promise<void>(() => {});

/** A worker in a process of its own, so that it can be killed; it holds a job when this resolves. */
async function workerProcess(t: TestContext, redis: TestServer, queue: string): Promise<ChildProcess> {
  const code = `
    const { Worker } = require('bullmq');
    const connection = { host: '127.0.0.1', port: ${redis.port} };
    new Worker(${JSON.stringify(queue)}, () => { console.log('started'); return new Promise(() => {}); },
      { connection, lockDuration: 1000, concurrency: 5 });`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('nothing keeps an idle queue or one that is worked on back', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  await mail.add('a', {}, { delay: 3_600_000 });
  const nothing = { rate_limited: 0, overdue: 0, stalled: 0 };
  assert.deepEqual(hindrances((await look(source, true)).queues['bull:mail']), nothing);
  workerFor(t, redis, 'mail', endless, { concurrency: 2 });
  await mail.addBulk(Array.from({ length: 5 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal(await mail.getActiveCount(), 2));
  assert.deepEqual(hindrances((await look(source, true)).queues['bull:mail']), nothing);
});

test('a limit of the workers shows while they leave jobs waiting', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  workerFor(t, redis, 'mail', async () => {}, { limiter: { max: 3, duration: 60_000 } });
  await mail.addBulk(Array.from({ length: 10 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal(await mail.getCompletedCount(), 3));
  await untilTrue(async () => assert.equal((await look(source, true)).queues['bull:mail']?.rate_limited, 1));
});

test('a limit that is not reached keeps nothing back', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  workerFor(t, redis, 'mail', endless, { limiter: { max: 100, duration: 60_000 }, concurrency: 3 });
  await mail.addBulk(Array.from({ length: 10 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal(await mail.getActiveCount(), 3));
  assert.equal((await look(source, true)).queues['bull:mail']?.rate_limited, 0);
});

test('a limit of the whole queue and one set by hand are on record', async (t) => {
  const redis = await redisFor(t);
  const source = sourceFor(t, { redis: redis.url });
  const mail = queueFor(t, redis, 'mail');
  await mail.setGlobalRateLimit(2, 60_000);
  workerFor(t, redis, 'mail', endless, { concurrency: 5 });
  await mail.addBulk(Array.from({ length: 10 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal(await mail.getActiveCount(), 2));
  const news = queueFor(t, redis, 'news');
  // BullMQ looks for it only where the workers have a limit of their own.
  const limiter = { max: 1000, duration: 1000 };
  const worker = workerFor(t, redis, 'news', endless, { concurrency: 5, limiter });
  await news.add('a', {});
  await untilTrue(async () => assert.equal(await news.getActiveCount(), 1));
  await worker.rateLimit(60_000);
  await news.add('a', {});
  const { queues } = await look(source, true);
  assert.deepEqual([queues['bull:mail']?.rate_limited, queues['bull:news']?.rate_limited], [1, 1]);
  await news.pause();
  assert.equal((await look(source, true)).queues['bull:news']?.rate_limited, 0);
});

test('active jobs whose worker was killed are stalled when their lock has run out', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  await mail.addBulk(Array.from({ length: 5 }, () => ({ name: 'a', data: {} })));
  const worker = await workerProcess(t, redis, 'mail');
  await untilTrue(async () => assert.equal(await mail.getActiveCount(), 5));
  await sleep(1_500);
  assert.equal((await look(source, true)).queues['bull:mail']?.stalled, 0, 'locks are renewed');
  worker.kill('SIGKILL');
  await untilTrue(async () => assert.equal((await look(source, true)).queues['bull:mail']?.stalled, 5));
});

test('delayed jobs that nobody moves are overdue after 5 s', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const source = sourceFor(t, { redis: redis.url });
  await mail.add('a', {}, { delay: 60_000, timestamp: Date.now() - 90_000 });
  await mail.add('a', {}, { delay: 60_000, timestamp: Date.now() - 60_000 });
  await mail.add('a', {}, { delay: 60_000 });
  assert.equal((await look(source, true)).queues['bull:mail']?.overdue, 1);
  workerFor(t, redis, 'mail', async () => {});
  await untilTrue(async () => assert.equal((await look(source, true)).queues['bull:mail']?.overdue, 0));
});

test('what Redis refuses to tell is unknown', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  await mail.add('a', {});
  await mail.add('a', {}, { delay: 60_000 });
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-get', '-zcount');
  const source = sourceFor(t, { redis: redis.url.replace('//', '//reader:secret@') });
  const { rate_limited, overdue, stalled } = hindrances((await look(source, true)).queues['bull:mail']);
  assert.deepEqual([rate_limited, overdue, stalled], [undefined, undefined, 0]);
});

test('a limit is deduced from workers that could take more', () => {
  const inForce = { limitedStarts: 3, limit: -1 };
  assert.equal(holdsBack(inForce, 0, unknown, 0), 1);
  assert.equal(holdsBack(inForce, 1, 2, 0), 1);
  assert.equal(holdsBack(inForce, 2, 2, 2), 0);
  assert.equal(holdsBack(inForce, 2, 2, 5), 1);
  assert.equal(holdsBack(inForce, 0, 0, 5), 0);
  assert.equal(holdsBack({ limitedStarts: 0, limit: -1 }, 0, 2, 5), 0);
  assert.equal(holdsBack({ limitedStarts: 3, limit: 4 }, 0, 2, 5), 0);
  assert.equal(holdsBack({ limitedStarts: 4, limit: 4 }, 2, 2, 2), 1);
  assert.equal(holdsBack({ limitedStarts: -1, limit: -1 }, 0, 2, 5), unknown);
});

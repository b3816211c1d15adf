import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { untilTrue } from '../../../support/servers.ts';
import { look, queueFor, redisFor, sourceFor } from './fixture.ts';
import '../../../support/watchdog.ts';

const patience = { deadlineMs: 1000 };

test('a hung Redis is given up after the deadline, asked nothing more, and read again when it goes on', async (t) => {
  const redis = await redisFor(t);
  await queueFor(t, redis, 'mail').add('a', {});
  const source = sourceFor(t, { redis: redis.url }, patience);
  await untilTrue(() => look(source).then(() => {}));
  redis.process.kill('SIGSTOP');
  await assert.rejects(look(source), { code: 'SOURCE_TIMEOUT' });
  const sent = source.commandsSent();
  for (let i = 0; i < 3; i++) await assert.rejects(look(source, true), { code: 'SOURCE_TIMEOUT' });
  assert.equal(source.commandsSent(), sent);
  redis.process.kill('SIGCONT');
  await untilTrue(async () => assert.equal((await look(source)).queues['bull:mail']?.waiting, 1));
});

test('a Redis that is not there yet is read once it is', async (t) => {
  const redis = await redisFor(t);
  await redis.stop();
  const source = sourceFor(t, { redis: redis.url }, patience);
  await untilTrue(() => assert.rejects(look(source), { code: 'SOURCE_FAILED', message: /ECONNREFUSED/ }));
  await redis.start();
  await untilTrue(async () => assert.ok((await look(source, true)).redis.memory_used_bytes! > 0));
});

test('a Redis that was killed and started again is read again, new queues included', async (t) => {
  const redis = await redisFor(t);
  await queueFor(t, redis, 'mail').add('a', {});
  const source = sourceFor(t, { redis: redis.url }, patience);
  await untilTrue(async () => assert.equal((await look(source)).queues['bull:mail']?.waiting, 1));
  await redis.stop();
  await assert.rejects(look(source), { code: 'SOURCE_FAILED' });
  await redis.start();
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.hset('bull:fresh:meta', 'version', 'bullmq:6');
  await client.rpush('bull:fresh:wait', '1');
  await untilTrue(async () => assert.equal((await look(source)).queues['bull:fresh']?.waiting, 1));
  assert.equal((await look(source)).queues['bull:mail']?.waiting, undefined);
});

test('a password is used, and never told when it is wrong', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.port);
  t.after(() => client.disconnect());
  await client.config('SET', 'requirepass', 'p@ss/word');
  await client.hset('bull:mail:meta', 'version', 'bullmq:6');
  const right = sourceFor(t, { redis: `redis://:p%40ss%2Fword@127.0.0.1:${redis.port}` });
  assert.equal((await look(right)).queues['bull:mail']?.waiting, 0);
  const wrong = sourceFor(t, { redis: `redis://:sekret@127.0.0.1:${redis.port}` });
  await assert.rejects(look(wrong), (error: Error) => {
    assert.match(error.message, /WRONGPASS/);
    assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /sekret/);
    return true;
  });
  const none = sourceFor(t, { redis: redis.url });
  await assert.rejects(look(none), { message: /NOAUTH/ });
});

test('close ends a reading of a hung Redis and leaves nothing behind', async (t) => {
  const redis = await redisFor(t);
  const source = sourceFor(t, { redis: redis.url }, patience);
  await untilTrue(() => look(source).then(() => {}));
  redis.process.kill('SIGSTOP');
  await assert.rejects(look(source));
  await source.close();
  await assert.rejects(look(source));
});

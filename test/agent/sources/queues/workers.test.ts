import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countWorkers } from '../../../../agent/sources/queues/workers.ts';
import { untilTrue } from '../../../support/servers.ts';
import { look, queueFor, redisFor, sourceFor, workerFor } from './fixture.ts';
import '../../../support/watchdog.ts';

const idle = async () => {};

test('workers agree with BullMQ, with and without a name', async (t) => {
  const redis = await redisFor(t);
  const queues = ['mail', 'mail2', 'none'].map((name) => queueFor(t, redis, name));
  for (const options of [{}, { name: 'anna' }, { name: 'b:w:b' }]) workerFor(t, redis, 'mail', idle, options);
  workerFor(t, redis, 'mail2', idle);
  await untilTrue(async () => {
    assert.deepEqual(await Promise.all(queues.map((queue) => queue.getWorkersCount())), [3, 1, 0]);
  });
  const seen = await look(sourceFor(t, { redis: redis.url }), true);
  assert.deepEqual(
    ['mail', 'mail2', 'none'].map((name) => seen.queues[`bull:${name}`]!.workers),
    [3, 1, 0],
  );
});

test('workers of another database or prefix are not counted', async (t) => {
  const redis = await redisFor(t);
  const queue = queueFor(t, redis, 'mail', { connection: { port: redis.port, db: 2 }, prefix: 'a:w:b' });
  await queue.waitUntilReady();
  const at = (db: number, prefix: string) =>
    workerFor(t, redis, 'mail', idle, { connection: { port: redis.port, db }, prefix });
  const workers = [at(2, 'a:w:b'), at(3, 'a:w:b'), at(2, 'a')];
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const source = sourceFor(t, { redis: `${redis.url}/2`, prefix: 'a:w:b' });
  await untilTrue(async () => assert.equal((await look(source, true)).queues['a:w:b:mail']?.workers, 1));
});

test('a client list that does not show our own name says nothing about workers', () => {
  const list = 'id=3 addr=127.0.0.1:1 laddr=127.0.0.1:2 fd=8 name= age=1 db=0 sub=0\n';
  assert.equal(countWorkers(list, [{ prefix: 'bull', name: 'mail' }], 0), null);
});

test('workers of a prefix that cannot be in a client name are unknown', () => {
  const list = 'id=3 addr=127.0.0.1:1 fd=8 name=nova-agent age=1 db=0 sub=0\n';
  const queues = [
    { prefix: 'my bull', name: 'mail' },
    { prefix: 'bull', name: 'mail' },
  ];
  assert.deepEqual(countWorkers(list, queues, 0), Float64Array.of(Number.NaN, 0));
});

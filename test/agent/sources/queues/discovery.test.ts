import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { systemClock } from '../../../../agent/clock.ts';
import { Connection } from '../../../../agent/sources/queues/connection.ts';
import { Discovery } from '../../../../agent/sources/queues/discovery.ts';
import { untilTrue } from '../../../support/servers.ts';
import { look, queueFor, redisFor, sourceFor } from './fixture.ts';
import '../../../support/watchdog.ts';

const names = ["it's", '"quoted"', 'two words', 'größe 🚀', '{tag}', 'a*b?c[d]', 'back\\slash', '-', 'meta'];

test('queues of any name are found and counted', async (t) => {
  const redis = await redisFor(t);
  for (const name of names) await queueFor(t, redis, name).add('a', {});
  const { queues } = await look(sourceFor(t, { redis: redis.url }));
  assert.deepEqual(Object.keys(queues).sort(), names.map((name) => `bull:${name}`).sort());
  assert.ok(Object.values(queues).every(({ waiting }) => waiting === 1));
});

test('prefixes of any kind are searched, and only those', async (t) => {
  const redis = await redisFor(t);
  const prefixes = ['bull', '{bull}', 'a:b', 'x*', 'y[1]'];
  for (const prefix of [...prefixes, 'a', 'xyz', 'y1', 'bull2']) {
    await queueFor(t, redis, 'mail', { prefix }).add('a', {});
  }
  const all = await look(sourceFor(t, { redis: redis.url, prefix: prefixes }));
  assert.deepEqual(Object.keys(all.queues).sort(), prefixes.map((prefix) => `${prefix}:mail`).sort());
  for (const prefix of prefixes) {
    const { queues } = await look(sourceFor(t, { redis: redis.url, prefix }));
    assert.deepEqual(Object.keys(queues), [`${prefix}:mail`]);
  }
});

test('only queues that fit a pattern are read', async (t) => {
  const redis = await redisFor(t);
  for (const name of ['mail-in', 'mail-out', 'report.1', 'reportx1', 'other']) {
    await queueFor(t, redis, name).add('a', {});
  }
  const source = sourceFor(t, { redis: redis.url, discover: ['mail-*', 'report.?'] });
  const { queues } = await look(source);
  assert.deepEqual(Object.keys(queues).sort(), ['bull:mail-in', 'bull:mail-out', 'bull:report.1']);
});

test('keys that only look like a queue are not taken for one', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.set('bull:text:meta', 'x');
  await client.hset('bull:a:b:meta', 'x', '1');
  await client.hset('bull::meta', 'x', '1');
  await client.hset('xbull:mail:meta', 'x', '1');
  const { queues } = await look(sourceFor(t, { redis: redis.url }));
  assert.deepEqual(queues, {});
});

test('where SCAN is forbidden, that is said and nothing else fails', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.call('ACL', ['SETUSER', 'watcher', 'on', '>secret', '~*', '+@all', '-scan']);
  const source = sourceFor(t, { redis: `redis://watcher:secret@127.0.0.1:${redis.port}` });
  assert.deepEqual((await look(source)).queues, {});
  assert.match(source.problem(), /queues cannot be discovered, name them in `names`: NOPERM/);
});

test('a scan takes effect as a whole: queues that are gone go, new ones come', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.hset('bull:gone:meta', 'x', '1');
  const connection = new Connection(redis.url, systemClock);
  let waits = 0;
  let nextScan = () => {};
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal?: AbortSignal) => {
      if (ms < 60_000) return systemClock.sleep(ms, signal);
      waits++;
      return new Promise<void>((resolve) => {
        nextScan = resolve;
      });
    },
  };
  const discovery = new Discovery(connection, ['bull'], ['*'], clock);
  t.after(() => {
    discovery.close();
    connection.close();
  });
  await connection.ready();
  await discovery.keepUp();
  await untilTrue(() => assert.equal(waits, 1));
  const first = discovery.found;
  assert.deepEqual([...first.values()], [{ prefix: 'bull', name: 'gone' }]);
  nextScan();
  await untilTrue(() => assert.equal(waits, 2));
  assert.equal(discovery.found, first);
  await client.rename('bull:gone:meta', 'bull:new:meta');
  nextScan();
  await untilTrue(() => assert.equal(waits, 3));
  assert.deepEqual([...discovery.found.values()], [{ prefix: 'bull', name: 'new' }]);
});

test('after each call of a scan that is not the first there is a pause of 99 times its cost', async (t) => {
  const redis = await redisFor(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  const fill = client.pipeline();
  for (let i = 0; i < 2_000; i++) fill.set(`filler:${i}`, '');
  await fill.exec();
  const pauses: number[] = [];
  // Ten milliseconds at every look at the clock: a PING costs 10 and so does a scan call, which leaves the least.
  let nowMs = 0;
  const clock = {
    ...systemClock,
    monotonicMs: () => {
      nowMs += 10;
      return nowMs;
    },
    sleep: async (ms: number) => {
      pauses.push(ms);
      if (ms >= 60_000) await new Promise(() => {});
    },
  };
  const connection = new Connection(redis.url, clock);
  const discovery = new Discovery(connection, ['bull'], ['*'], clock);
  t.after(() => {
    discovery.close();
    connection.close();
  });
  await connection.ready();
  nowMs = 0;
  await discovery.keepUp();
  nowMs = 1_000_000;
  await untilTrue(() => assert.equal(pauses.at(-1), 60_000));
  const scans = pauses.filter((ms) => ms !== 200 && ms !== 60_000);
  assert.ok(scans.length >= 1);
  assert.ok(
    scans.every((ms) => ms === 99 * 0.2),
    `${scans}`,
  );
});

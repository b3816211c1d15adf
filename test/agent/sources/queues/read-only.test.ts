import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { settleMs } from '../../../../agent/sources/queues/backlog.ts';
import { untilTrue } from '../../../support/servers.ts';
import { look, queueFor, redisFor, sleep, sourceFor, workerFor } from './fixture.ts';
import '../../../support/watchdog.ts';

/** Everything that may be sent, by itself or from a script: none of it writes. */
const allowed = new Set(
  'auth client eval evalsha eval_ro evalsha_ro exists get hexists hget hmget info lindex llen lrange ping pttl scan select time zcard zcount zrange zrangebyscore zrevrangebyscore'.split(
    ' ',
  ),
);

test('no command that could write is ever sent, and no key comes, goes or changes', async (t) => {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  const worker = workerFor(t, redis, 'mail', async () => {});
  await mail.addBulk(Array.from({ length: 20 }, () => ({ name: 'a', data: {} })));
  await untilTrue(async () => assert.equal((await mail.getJobCounts()).completed, 20));
  await worker.close();
  await mail.addBulk([
    { name: 'a', data: {} },
    { name: 'a', data: {}, opts: { priority: 2 } },
    { name: 'a', data: {}, opts: { delay: 3_600_000 } },
  ]);
  await mail.close();
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await sleep(50);
  const before = await dump(client);

  const commands: { name: string; args: string[]; from: string }[] = [];
  const monitor = await client.monitor();
  t.after(() => monitor.disconnect());
  monitor.on('monitor', (_time: string, [name = '', ...args]: string[], from: string) => {
    commands.push({ name: name.toLowerCase(), args, from });
  });
  const source = sourceFor(t, { redis: redis.url });
  const plain = sourceFor(t, { redis: redis.url, names: ['mail', 'nobody'], prefix: ['bull', 'other'] });
  for (let i = 0; i < 3; i++) {
    await look(source, true);
    await look(plain, true);
    await client.zadd('bull:mail:completed', Date.now(), `${i + 1}`);
    await sleep(settleMs / 2 + 50);
  }
  await client.ping('end');
  await untilTrue(() => assert.ok(commands.some(({ args }) => args[0] === 'end')));
  const own = (await client.client('INFO')).match(/addr=(\S+)/)?.[1];
  const ours = commands.filter(({ from }) => from !== own);
  assert.deepEqual(
    ours.filter(({ name }) => !allowed.has(name)),
    [],
  );
  for (const name of ['evalsha_ro', 'hmget', 'zrevrangebyscore', 'scan', 'info']) {
    assert.ok(
      ours.some((command) => command.name === name),
      `${name} was sent`,
    );
  }
  const clients = ours.filter(({ name }) => name === 'client').map(({ args }) => args[0]?.toLowerCase());
  assert.deepEqual([...new Set(clients)], ['setname']);
  // MONITOR does not show the CLIENT LIST of each of the six readings.
  const sent = ours.filter(({ from }) => from !== 'lua').length + 6;
  assert.equal(source.commandsSent() + plain.commandsSent(), sent);

  for (const [score, id] of before.finished) await client.zadd('bull:mail:completed', score, id);
  assert.deepEqual(await dump(client), before);
});

async function dump(client: Redis): Promise<{ finished: [string, string][]; keys: Record<string, string> }> {
  const keys: Record<string, string> = {};
  for (const key of (await client.keys('*')).sort()) {
    keys[key] = (await client.dumpBuffer(key))!.toString('base64');
  }
  const members = await client.zrange('bull:mail:completed', '0', '-1', 'WITHSCORES');
  const finished: [string, string][] = [];
  for (let i = 0; i < members.length; i += 2) finished.push([members[i + 1]!, members[i]!]);
  return { finished, keys };
}

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { runAgent, startAgent, type TestAgent } from '../support/agent.ts';
import { startRedis, type TestServer, untilTrue } from '../support/servers.ts';
import { endAndCheck, stored, untilTicks } from './evidence.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, newFolder, newInflux } from './stage.ts';
import '../support/watchdog.ts';

/**
 * A whole run under Redis's own MONITOR, with no application beside it: discovery, counts, the readings of every
 * 10 s, the publisher, a queue that is deleted, doctor, once, and the end.
 */
const channel = 'metrics:snapshot';
let redis: TestServer;
let influx: TestServer;
let client: Redis;
let agent: TestAgent;

/** One command as MONITOR shows it; those of scripts included. */
interface Seen {
  readonly name: string;
  readonly args: readonly string[];
  readonly source: string;
}
const seen: Seen[] = [];

before(async () => {
  [influx, redis] = await Promise.all([newInflux(), startRedis(['--enable-debug-command', 'yes'])]);
  atEnd(() => redis.remove());
  client = new Redis(redis.url);
  client.on('error', () => {});
  atEnd(() => client.disconnect());
  await fill();
});

/** Queues of every kind that BullMQ has, made by BullMQ. */
async function fill(): Promise<void> {
  const connection = { host: '127.0.0.1', port: redis.port };
  for (const name of ['mail', 'reports', 'paused', 'gone']) {
    const queue = new Queue(name, { connection });
    const jobs = Array.from({ length: 20 }, (_, i) => ({
      name: 'job',
      data: { i },
      opts: { ...(i % 3 === 1 && { delay: 3_600_000 }), ...(i % 3 === 2 && { priority: i }) },
    }));
    await queue.addBulk(jobs);
    if (name === 'paused') await queue.pause();
    if (name === 'gone') await queue.obliterate({ force: true });
    await queue.close();
  }
  await client.set('cache:user:1', 'x', 'EX', 86_400);
  await client.rpush('metrics:api', '{}');
}

/** Everything in the Redis: each key with its value and when it ends, and Redis's own digest of all. */
async function content() {
  const keys = (await client.keys('*')).sort();
  const values = await Promise.all(
    keys.map(async (key) => (await client.dumpBuffer(key))?.toString('base64')),
  );
  const ends = await Promise.all(keys.map((key) => client.pexpiretime(key)));
  const digest = await client.call('DEBUG', 'DIGEST');
  return { size: await client.dbsize(), keys, values, ends, digest };
}

/** What Redis says of a command; undefined when it has no such command. */
async function commandFlags(name: string): Promise<string[] | undefined> {
  const [info] = (await client.call('COMMAND', 'INFO', name)) as [[string, number, string[]] | null];
  return info?.[2];
}

test('the agent writes nothing but what it publishes, and leaves every key as it was', async (t) => {
  const before = await content();
  const own = new Set([await addressOf(client)]);
  const monitor = await client.monitor();
  monitor.on('error', () => {});
  atEnd(() => monitor.disconnect());
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    if (!own.has(source)) seen.push({ name: (args[0] ?? '').toUpperCase(), args: args.slice(1), source });
  });
  const folder = await newFolder();
  agent = await startAgent(
    {
      ...configFor(destination(influx.url)),
      queues: [{ name: 'main', redis: redis.url }],
      redis: { url: redis.url, channel },
    },
    { folder },
  );
  atEnd(() => agent.stop('SIGKILL'));
  const [doctor, once] = await Promise.all([
    runAgent(['doctor', '-c', agent.configFile]),
    runAgent(['once', '-c', agent.configFile, '--data-dir', `${folder}/other`]),
  ]);
  assert.match(doctor.stdout, /queues\/main/, doctor.stderr);
  assert.match(once.stdout, /queue,.*queue=mail/, once.stderr);
  // Twice the readings of every 10 s, and for the whole campaign a scan more.
  const slow = () => stored(agent, 'redis').filter(({ values }) => 'memory_used_bytes' in values).length;
  await untilTrue(() => assert.ok(slow() >= scale(2, 8), `${slow()} readings of Redis`), 100_000, 200);
  await untilTicks(agent, 2);
  const points = await endAndCheck(agent, influx.url);
  monitor.disconnect();

  const counts = new Map<string, number>();
  for (const { name } of seen) counts.set(name, (counts.get(name) ?? 0) + 1);
  const table = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} ${count}`);
  t.diagnostic(`${seen.length} commands: ${table.join(', ')}; ${points} points`);
  for (const name of counts.keys()) {
    const flags = await commandFlags(name);
    assert.equal(flags?.includes('write'), false, `${name} writes, or is no command`);
    assert.ok(
      !['FLUSHALL', 'FLUSHDB', 'CONFIG', 'DEBUG', 'SHUTDOWN', 'FUNCTION', 'SPUBLISH'].includes(name),
      name,
    );
  }
  const published = seen.filter(({ name }) => name === 'PUBLISH');
  assert.ok(published.length > 10, `${published.length} published`);
  assert.deepEqual([...new Set(published.map(({ args }) => args[0]))], [channel]);
  assert.ok((counts.get('SCAN') ?? 0) > 0, 'discovery was seen');
  assert.deepEqual(await content(), before);
});

async function addressOf(client: Redis): Promise<string> {
  return / addr=(\S+)/.exec(`${await client.client('INFO')}`)![1]!;
}

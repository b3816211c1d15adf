import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { startRedis, type TestServer, untilTrue } from '../support/servers.ts';
import {
  askedLedger,
  type Evidence,
  endAndCheck,
  stored,
  timesOf,
  untilTicks,
  valuesOf,
} from './evidence.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, newFolder, newInflux, partOf } from './stage.ts';
import '../support/watchdog.ts';

/**
 * The Redis under the queues is away at the start, killed, hung and flushed, and a queue is deleted. Whatever it is
 * asked, each queue that is there has so many jobs: any other number was invented.
 */
const intervalMs = 250;
const jobs = { mail: 3, reports: 5 };
/** Connections are tried again every second or two; a minute would be the next search for queues. */
const backMs = 15_000;
/** Part of all ticks; the sample runs beside other tests. */
const mostLate = scale(0.25, 0.05);
let influx: TestServer;
let redis: TestServer;
let client: Redis;
let agent: TestAgent;

before(async () => {
  [influx, redis] = await Promise.all([newInflux(), startRedis()]);
  atEnd(() => redis.remove());
  await redis.stop();
  agent = await startAgent(
    {
      ...configFor(destination(influx.url)),
      agent: { interval: `${intervalMs}ms`, budget: { cpuPercent: 100 } },
      queues: [
        { name: 'found', redis: redis.url },
        { name: 'named', redis: redis.url, names: ['mail', 'nowhere'] },
      ],
      redis: { url: redis.url },
    },
    { folder: await newFolder() },
  );
  atEnd(() => agent.stop('SIGKILL'));
  client = new Redis(redis.url, { lazyConnect: true, retryStrategy: (n) => Math.min(n * 50, 200) });
  client.on('error', () => {});
});

after(() => client?.disconnect());

const queuePoints = (startMs = 0): Evidence[] => stored(agent, 'queue', {}, startMs);

/** Queues as BullMQ leaves them: a meta key and jobs that wait. */
async function fill(): Promise<void> {
  const all = client.multi();
  for (const [name, count] of Object.entries(jobs)) {
    all.hset(`bull:${name}:meta`, 'version', 'bullmq:6').del(`bull:${name}:wait`);
    all.rpush(`bull:${name}:wait`, ...Array.from({ length: count }, (_, i) => `${i}`));
  }
  await all.exec();
}

/** Until every queue that is there has points of its own again; gives how long that took. */
async function untilBack(timeoutMs = 20_000): Promise<number> {
  const startMs = Date.now();
  const expected = ['found mail', 'found reports', 'named mail'];
  await untilTrue(() => {
    const seen = new Set(queuePoints(startMs).map(({ tags }) => `${tags.redis} ${tags.queue}`));
    assert.deepEqual([...seen].sort(), expected, agent.log());
  }, timeoutMs);
  const tookMs = Date.now() - startMs;
  await untilTicks(agent, 4);
  await askedLedger(agent);
  return tookMs;
}

/** From a moment after the trouble began, nothing is known of a queue, and the source says so. */
async function assertAbsent(sinceMs: number): Promise<void> {
  await untilTicks(agent, 6);
  assert.deepEqual(queuePoints(sinceMs), [], 'a queue of a Redis that is away has no point');
  assert.deepEqual(stored(agent, 'redis', {}, sinceMs), []);
  for (const source of ['queues/found', 'queues/named']) {
    const up = valuesOf(stored(agent, 'agent', { source }, sinceMs), 'source_up');
    assert.ok(up.length > 0 && up.every((value) => value === 0), `${source}: ${up.join()}`);
    assert.equal(partOf(await agent.ready(), `source/${source}`).ok, false);
  }
}

test('Redis away at the start: absent, and read within seconds once it is there', async (t) => {
  await assertAbsent(0);
  await redis.start();
  await fill();
  const tookMs = await untilBack();
  t.diagnostic(`read ${tookMs} ms after it was there`);
  assert.ok(tookMs <= backMs, `${tookMs} ms`);
});

test('a Redis that hangs is asked once and no more, and read within seconds when it goes on', async (t) => {
  const hungMs = scale(4000, 30_000);
  const commands = () => valuesOf(stored(agent, 'agent'), 'redis_commands_total').at(-1)!;
  redis.process.kill('SIGSTOP');
  const stoppedMs = Date.now();
  // Each reading may take a second to be given up.
  await untilTrue(() => assert.ok(Date.now() > stoppedMs + 2000));
  const sent = commands();
  await untilTrue(() => assert.ok(Date.now() > stoppedMs + hungMs), hungMs + 5000);
  await assertAbsent(stoppedMs + 2000);
  const more = commands() - sent;
  redis.process.kill('SIGCONT');
  const tookMs = await untilBack();
  t.diagnostic(`${more} commands in ${hungMs} ms, read ${tookMs} ms after`);
  // After 10 s of silence a connection is given up for a new one: one poll of a few commands each.
  const most = 2 * 5 * (1 + Math.floor(hungMs / 10_000));
  assert.ok(more <= most, `${more} commands were sent to a Redis that hangs`);
  await untilTrue(async () => {
    const clients = `${await client.client('LIST')}`.split('\n');
    const own = clients.filter((line) => / name=nova-agent /.test(line));
    assert.equal(own.length, 2, 'one connection a source');
  });
  // Ticks that waited for it would take a second each.
  const ticks = stored(agent, 'system', {}, stoppedMs, stoppedMs + hungMs).length;
  assert.ok(ticks >= (hungMs / intervalMs) * 0.4, `${ticks} ticks in ${hungMs} ms`);
  assert.ok(tookMs <= backMs, `${tookMs} ms`);
});

test('a Redis that was killed is absent, and read within seconds after it was started again', async (t) => {
  for (let round = 0; round < scale(1, 5); round++) {
    await redis.stop('SIGKILL');
    await assertAbsent(Date.now() + 500);
    await redis.start();
    await fill();
    const tookMs = await untilBack();
    t.diagnostic(`read ${tookMs} ms after it was there`);
    assert.ok(tookMs <= backMs, `${tookMs} ms`);
  }
});

test('a queue that was deleted has no point from then on, the others have', async () => {
  await client.del('bull:mail:meta', 'bull:mail:wait');
  const deletedMs = Date.now();
  await untilTicks(agent, 4);
  const names = new Set(queuePoints(deletedMs + intervalMs).map(({ tags }) => tags.queue));
  assert.deepEqual([...names], ['reports']);
  assert.match(partOf(await agent.ready(), 'source/queues/named').problem, /^$|not there/);
});

test('after FLUSHALL no queue has a point though Redis is up, and all come back with their jobs', async (t) => {
  await client.flushall();
  const flushedMs = Date.now();
  await untilTicks(agent, 4);
  assert.deepEqual(queuePoints(flushedMs + intervalMs), []);
  const up = valuesOf(stored(agent, 'agent', { source: 'queues/found' }, flushedMs), 'source_up');
  assert.ok(up.includes(1), `source_up ${up.join()}`);
  await fill();
  // Who looked for queues meanwhile found none, and looks again after a minute.
  t.diagnostic(`read ${await untilBack(75_000)} ms after it was filled again`);
});

test('nothing was invented: every number of every queue is the one that was there', () => {
  const points = queuePoints();
  assert.ok(points.length > 20);
  for (const { tags, values } of points) {
    assert.equal(values.waiting, jobs[tags.queue as keyof typeof jobs], JSON.stringify({ tags, values }));
    for (const field of ['active', 'completed', 'failed', 'delayed', 'paused']) {
      assert.equal(values[field], 0, JSON.stringify({ tags, values }));
    }
  }
  assert.ok(points.every(({ tags }) => tags.queue !== 'nowhere'));
});

test('ticks went on through all of it, and what was collected is in InfluxDB once', async (t) => {
  const times = timesOf(stored(agent, 'system'));
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  const longest = Math.max(...gaps);
  const missed = valuesOf(stored(agent, 'agent'), 'ticks_missed_total').at(-1)!;
  const late = gaps.filter((gap) => gap > 1.5 * intervalMs).length;
  t.diagnostic(`${times.length} ticks, longest step ${longest} ms, ${late} gaps, ${missed} missed`);
  assert.ok(late <= times.length * mostLate, `${late} gaps in ${times.length} ticks, ${missed} missed`);
  t.diagnostic(`${await endAndCheck(agent, influx.url)} points, each once in InfluxDB`);
});

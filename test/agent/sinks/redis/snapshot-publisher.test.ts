import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { systemClock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import { redisTarget } from '../../../../agent/sinks/redis/options.ts';
import { createSnapshotPublisher } from '../../../../agent/sinks/redis/snapshot-publisher.ts';
import { startRedis, type TestServer, untilTrue } from '../../../support/servers.ts';
import '../../../support/watchdog.ts';

/** A publisher of numbered snapshots that ends with the test. */
function publisherTo(t: TestContext, url: string) {
  let number = 0;
  const state: { snapshot: () => object | null } = { snapshot: () => ({ number: ++number }) };
  const logged: string[] = [];
  const log = createLog('debug', (line) => logged.push(line));
  const options = redisTarget.parse({ url });
  const publisher = createSnapshotPublisher(options, {
    log,
    clock: systemClock,
    snapshot: () => state.snapshot(),
  });
  publisher.start();
  t.after(() => publisher.close(1000));
  return { publisher, state, logged };
}

async function redisFor(t: TestContext): Promise<TestServer> {
  const server = await startRedis();
  t.after(() => server.remove());
  return server;
}

/** Publishes until a snapshot got through; none is outstanding then. */
function publishes({ publisher }: Pick<ReturnType<typeof publisherTo>, 'publisher'>): Promise<void> {
  const before = publisher.counts().published;
  return untilTrue(() => {
    if (publisher.counts().published === before) publisher.publish();
    assert.equal(publisher.counts().published, before + 1);
  });
}

/** Everything that arrives on the channel. */
async function subscribe(t: TestContext, url: string): Promise<{ number: number }[]> {
  const received: { number: number }[] = [];
  const redis = new Redis(url, { retryStrategy: () => 50 });
  redis.on('error', () => {});
  redis.on('message', (_, text: string) => received.push(JSON.parse(text)));
  await redis.subscribe('metrics:snapshot');
  t.after(() => redis.disconnect());
  return received;
}

async function admin(t: TestContext, url: string): Promise<Redis> {
  const redis = new Redis(url);
  redis.on('error', () => {});
  t.after(() => redis.disconnect());
  return redis;
}

test('each snapshot reaches the subscribers of the channel', async (t) => {
  const { url } = await redisFor(t);
  const received = await subscribe(t, url);
  const { publisher } = publisherTo(t, url);
  for (let i = 0; i < 3; i++) await publishes({ publisher });
  await untilTrue(() => assert.equal(received.length, 3));
  const numbers = received.map(({ number }) => number);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  assert.deepEqual(publisher.status(), { sink: 'redis', up: true, problem: '' });
});

test('PUBLISH and QUIT are the only commands, and no key is made', async (t) => {
  const { url } = await redisFor(t);
  const redis = await admin(t, url);
  await redis.config('RESETSTAT');
  const { publisher } = publisherTo(t, url);
  await publishes({ publisher });
  await publisher.close(2000);
  const stats = await redis.info('commandstats');
  const commands = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name]) => name);
  const ours = commands.filter(
    (name) => !['config|resetstat', 'info', 'hello', 'client|setinfo'].includes(name!),
  );
  assert.deepEqual(ours.sort(), ['publish', 'quit']);
  assert.equal(await redis.dbsize(), 0);
  assert.equal(publisher.commandsSent(), publisher.counts().published + 1);
});

test('without a snapshot nothing is published', async (t) => {
  const { url } = await redisFor(t);
  const { publisher, state } = publisherTo(t, url);
  await publishes({ publisher });
  state.snapshot = () => null;
  publisher.publish();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(publisher.counts().published, 1);
  assert.equal(publisher.commandsSent(), 1);
});

test('a snapshot that cannot be built is counted and never thrown', async (t) => {
  const { url } = await redisFor(t);
  const { publisher, state } = publisherTo(t, url);
  state.snapshot = () => {
    throw new Error('no snapshot');
  };
  publisher.publish();
  await untilTrue(() => assert.equal(publisher.counts().failed, 1));
  assert.equal(publisher.status().problem, 'no snapshot');
});

test('a Redis that starts later is found', async (t) => {
  const server = await redisFor(t);
  await server.stop();
  const { publisher, logged } = publisherTo(t, server.url);
  publisher.publish();
  await untilTrue(() => assert.match(publisher.status().problem, /ECONNREFUSED/));
  assert.equal(publisher.status().up, false);
  assert.ok(publisher.counts().failed > 0);
  await server.start();
  await publishes({ publisher });
  assert.equal(publisher.status().up, true);
  assert.equal(logged.length, 2, `one line when it began, one when it ended: ${logged}`);
});

test('a Redis that hangs has one command outstanding, is said to be ill and is used again afterwards', async (t) => {
  const server = await redisFor(t);
  const received = await subscribe(t, server.url);
  const { publisher } = publisherTo(t, server.url);
  await publishes({ publisher });
  server.process.kill('SIGSTOP');
  const before = publisher.commandsSent();
  for (let i = 0; i < 10; i++) publisher.publish();
  assert.equal(publisher.commandsSent(), before + 1);
  assert.ok(publisher.counts().skipped >= 9);
  await untilTrue(() => assert.equal(publisher.status().problem, 'Command timed out'));
  server.process.kill('SIGCONT');
  await publishes({ publisher });
  assert.equal(publisher.status().up, true);
  await untilTrue(() => assert.ok(received.length >= publisher.counts().published));
  assert.equal(new Set(received.map(({ number }) => number)).size, received.length, 'nothing came twice');
});

test('a Redis that restarts is published to again', async (t) => {
  const server = await redisFor(t);
  const { publisher } = publisherTo(t, server.url);
  await publishes({ publisher });
  await server.stop();
  await untilTrue(() => {
    publisher.publish();
    assert.equal(publisher.status().up, false);
  });
  await server.start();
  await publishes({ publisher });
});

test('a password is used, and a wrong one is said without being told', async (t) => {
  const { port, url } = await redisFor(t);
  await (await admin(t, url)).config('SET', 'requirepass', 's3cret-right');
  await publishes(publisherTo(t, `redis://:s3cret-right@127.0.0.1:${port}`));
  const wrong = publisherTo(t, `redis://:s3cret-wrong@127.0.0.1:${port}`);
  await untilTrue(() => {
    wrong.publisher.publish();
    assert.match(wrong.publisher.status().problem, /check user and password in redis\.url$/);
  });
  assert.doesNotMatch(wrong.publisher.status().problem + wrong.logged.join(''), /s3cret/);
});

test('close ends in time while Redis hangs', async (t) => {
  const server = await redisFor(t);
  const { publisher } = publisherTo(t, server.url);
  await publishes({ publisher });
  server.process.kill('SIGSTOP');
  await publisher.close(200);
  assert.equal(
    publisher.commandsSent(),
    publisher.counts().published + 1,
    'QUIT was sent and not waited for',
  );
});

test('a publisher that was never started can be closed', async () => {
  const options = redisTarget.parse({ url: 'redis://127.0.0.1:1' });
  const log = createLog('silent');
  const publisher = createSnapshotPublisher(options, { log, clock: systemClock, snapshot: () => null });
  await publisher.close(100);
  assert.equal(publisher.status().up, false);
});

function numberedTexts(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => JSON.stringify({ number: from + i }));
}

test('requests and queries are pushed to their lists, the newest first', async (t) => {
  const server = await redisFor(t);
  const one = publisherTo(t, server.url);
  const redis = await admin(t, server.url);
  await publishes(one);
  one.publisher.publish({ api: numberedTexts(0, 1200), db: numberedTexts(7, 9) });
  await untilTrue(async () => assert.equal(await redis.llen('metrics:api'), 1200));
  assert.deepEqual(await redis.lrange('metrics:api', 0, 1), ['{"number":1199}', '{"number":1198}']);
  assert.deepEqual(await redis.lrange('metrics:db', 0, -1), ['{"number":8}', '{"number":7}']);
});

test('the lists are trimmed to the newest 10,000', async (t) => {
  const server = await redisFor(t);
  const one = publisherTo(t, server.url);
  const redis = await admin(t, server.url);
  await publishes(one);
  one.publisher.publish({ api: numberedTexts(0, 6000), db: [] });
  await untilTrue(async () => assert.equal(await redis.llen('metrics:api'), 6000));
  one.publisher.publish({ api: numberedTexts(6000, 12_000), db: [] });
  await untilTrue(async () => {
    assert.deepEqual(await redis.lrange('metrics:api', -1, -1), ['{"number":2000}']);
  });
  assert.equal(await redis.llen('metrics:api'), 10_000);
});

test('what comes while Redis is away is pushed when it is back, once', async (t) => {
  const server = await redisFor(t);
  const one = publisherTo(t, server.url);
  await publishes(one);
  await server.stop();
  await untilTrue(() => {
    one.publisher.publish();
    assert.equal(one.publisher.status().up, false);
  });
  one.publisher.publish({ api: numberedTexts(0, 3), db: [] });
  await server.start();
  await publishes(one);
  const redis = await admin(t, server.url);
  await untilTrue(async () => assert.equal(await redis.llen('metrics:api'), 3));
  await publishes(one);
  assert.equal(await redis.llen('metrics:api'), 3);
});

test('a list whose key holds something else is a trouble, and the snapshot is published all the same', async (t) => {
  const server = await redisFor(t);
  const one = publisherTo(t, server.url);
  const redis = await admin(t, server.url);
  await redis.set('metrics:api', 'mine');
  const received = await subscribe(t, server.url);
  await publishes(one);
  const before = received.length;
  one.publisher.publish({ api: ['{}'], db: ['{}'] });
  await untilTrue(() =>
    assert.match(one.publisher.status().problem, /WRONGTYPE.*; 2 requests and queries are missing/),
  );
  await untilTrue(() => assert.ok(received.length > before));
  assert.equal(await redis.get('metrics:api'), 'mine');
  assert.equal(await redis.llen('metrics:db'), 1);
});

test('without lists nothing is pushed', async (t) => {
  const server = await redisFor(t);
  const publisher = createSnapshotPublisher(redisTarget.parse({ url: server.url, lists: false }), {
    log: createLog('error', () => {}),
    clock: systemClock,
    snapshot: () => ({}),
  });
  publisher.start();
  t.after(() => publisher.close(1000));
  await publishes({ publisher });
  publisher.publish({ api: ['{}'], db: [] });
  await publishes({ publisher });
  const redis = await admin(t, server.url);
  assert.deepEqual(await redis.keys('*'), []);
});

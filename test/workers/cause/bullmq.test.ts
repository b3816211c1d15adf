import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Queue } from 'bullmq';
import type { QueuesSource } from '../../../agent/sources/queues/queues.ts';
import { CauseView, explainAlert } from '../../../workers/cause/explain.ts';
import type { AlertCause } from '../../../workers/contract/alerts.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { parseLayout } from '../../../workers/point/point.ts';
import { RingReader } from '../../../workers/ring/ring-reader.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';
import { queueFor, redisFor, sleep, sourceFor, workerFor } from '../../agent/sources/queues/fixture.ts';
import { type TestServer, untilTrue } from '../../support/servers.ts';
import '../../support/watchdog.ts';

const readingEveryMs = 10_000;
const beginMs = 1_800_000_000_000;
const endless = () => new Promise<void>(() => {});

interface Stage {
  readonly redis: TestServer;
  readonly mail: Queue;
  readonly source: QueuesSource;
}

async function stage(t: TestContext): Promise<Stage> {
  const redis = await redisFor(t);
  const mail = queueFor(t, redis, 'mail');
  // Queues are looked for at the first reading, and a minute later again.
  await mail.waitUntilReady();
  return { redis, mail, source: sourceFor(t, { redis: redis.url }) };
}

function jobs(count: number): { name: string; data: object }[] {
  return Array.from({ length: count }, () => ({ name: 'a', data: {} }));
}

/** The cause by real readings, as if they had come every 10 s; `between` goes on between them. */
async function causeOf(
  { source }: Stage,
  readings = 3,
  between?: () => Promise<unknown>,
): Promise<AlertCause> {
  const buffers = createRingBuffers(2000);
  const writer = new RingWriter(buffers);
  let timeMs = beginMs;
  for (let i = 0; i < readings; i++) {
    const { layout: text, values } = await source.read({ timeMs, slow: true });
    const layout = parseLayout(text, { host: 'h' });
    const { columns } = writer.admit(layout);
    timeMs = beginMs + i * readingEveryMs;
    writer.write(timeMs, [{ columns, section: { layout, values } }]);
    await between?.();
  }
  const sources = { ring: new RingReader(buffers), requests: () => [], errorUsers: () => null };
  const labels = { alertname: 'high-queue', redis: 'main', prefix: 'bull', queue: 'mail' };
  const view = new CauseView(sources, timeMs, 2000);
  return explainAlert({ labels, activeAtMs: timeMs }, { expr: 'queue_waiting > 100' }, view).cause;
}

test('idle: nothing was added', async (t) => {
  const set = await stage(t);
  workerFor(t, set.redis, 'mail', endless);
  assert.equal((await causeOf(set)).kind, 'idle');
});

test('paused: Queue.pause', async (t) => {
  const set = await stage(t);
  workerFor(t, set.redis, 'mail', endless);
  await set.mail.pause();
  await set.mail.addBulk(jobs(20));
  const { kind, text } = await causeOf(set);
  assert.equal(kind, 'paused');
  assert.match(text, /^Queue mail is paused\. 20 jobs wait, the oldest for /);
});

test('no workers: none was started', async (t) => {
  const set = await stage(t);
  await set.mail.addBulk(jobs(20));
  const { kind, text } = await causeOf(set);
  assert.equal(kind, 'no_workers');
  assert.match(text, /^Queue mail has no worker connected\. 20 jobs wait, the oldest for /);
});

test('rate limited: a limiter of the worker', async (t) => {
  const set = await stage(t);
  workerFor(t, set.redis, 'mail', async () => {}, { limiter: { max: 2, duration: 60_000 } });
  await set.mail.addBulk(jobs(20));
  await untilTrue(async () => assert.equal(await set.mail.getCompletedCount(), 2));
  assert.equal((await causeOf(set)).kind, 'rate_limited');
});

test('rate limited: a limit of the queue', async (t) => {
  const set = await stage(t);
  await set.mail.setGlobalRateLimit(2, 60_000);
  workerFor(t, set.redis, 'mail', endless, { concurrency: 2 });
  await set.mail.addBulk(jobs(20));
  await untilTrue(async () => assert.equal(await set.mail.getActiveCount(), 2));
  assert.equal((await causeOf(set)).kind, 'rate_limited');
});

test('stalled: a worker that was killed with its job', async (t) => {
  const set = await stage(t);
  const code = `
    const { Worker } = require('bullmq');
    new Worker('mail', () => { console.log('started'); return new Promise(() => {}); },
      { connection: { host: '127.0.0.1', port: ${set.redis.port} }, lockDuration: 1000 });`;
  const worker = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => worker.kill('SIGKILL'));
  await set.mail.addBulk(jobs(1));
  await once(worker.stdout, 'data');
  worker.kill('SIGKILL');
  await untilTrue(async () => {
    const { kind, text } = await causeOf(set, 1);
    assert.equal(kind, 'stalled');
    assert.match(
      text,
      /^Queue mail is stalled\. 1 of 1 active job has lost the worker\. No worker is connected/,
    );
  });
});

test('overdue: delayed jobs without a worker to move them', async (t) => {
  const set = await stage(t);
  await set.mail.add('a', {}, { delay: 60_000, timestamp: Date.now() - 120_000 });
  const { kind, text } = await causeOf(set);
  assert.equal(kind, 'overdue');
  assert.match(text, /^Queue mail is overdue: 1 delayed job is due and not moved/);
});

test('overloaded: more is added than two slots can do', async (t) => {
  const set = await stage(t);
  workerFor(t, set.redis, 'mail', () => sleep(20), { concurrency: 2, metrics: { maxDataPoints: 60 } });
  const { kind, text } = await causeOf(set, 5, async () => {
    await set.mail.addBulk(jobs(200));
    await sleep(100);
  });
  assert.equal(kind, 'overloaded');
  assert.match(text, /^Queue mail is overloaded: .* come, .* finish\..* on 1 worker\./);
});

test('overloaded: work that takes long, of which none is finished yet', async (t) => {
  const set = await stage(t);
  workerFor(t, set.redis, 'mail', endless, { concurrency: 2 });
  await set.mail.addBulk(jobs(20));
  await untilTrue(async () => assert.equal(await set.mail.getActiveCount(), 2));
  assert.equal((await causeOf(set, 30)).kind, 'overloaded');
});

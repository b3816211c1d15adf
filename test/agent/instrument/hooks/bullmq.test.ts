import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { observeWorkers } from '../../../../agent/instrument/hooks/bullmq.ts';
import { reportedPart } from '../../../../workers/contract/wire.ts';
import { startRedis, type TestServer, untilTrue } from '../../../support/servers.ts';
import { collector } from './collector.ts';
import '../../../support/watchdog.ts';

let redis: TestServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.remove());

test('jobs of a worker are timed, failed ones told as errors of QUEUE/NAME', async () => {
  const seen = collector();
  const name = Worker.prototype as unknown as { callProcessJob: { name: string; length: number } };
  const { name: before, length } = name.callProcessJob;
  observeWorkers(seen, Worker.prototype);
  observeWorkers(seen, Worker.prototype);
  assert.deepEqual([name.callProcessJob.name, name.callProcessJob.length], [before, length]);

  const connection = { host: '127.0.0.1', port: redis.port };
  const queue = new Queue('mail', { connection });
  const events = new QueueEvents('mail', { connection });
  await events.waitUntilReady();
  const worker = new Worker(
    'mail',
    async (job) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (job.name === 'broken') throw new Error(`no address for ${job.data.to}`);
      return { sent: job.data.to };
    },
    { connection },
  );
  try {
    const good = await queue.add('welcome', { to: 'x' });
    assert.deepEqual(await good.waitUntilFinished(events), { sent: 'x' });
    const bad = await queue.add('broken', { to: 'y' }, { attempts: 2 });
    await assert.rejects(bad.waitUntilFinished(events), /no address for y/);
    await untilTrue(() => assert.equal(seen.jobs.length, 3));
    assert.deepEqual(
      seen.jobs.map(({ queue, name, failed, error }) => [queue, name, failed, error]),
      [
        ['mail', 'welcome', false, ''],
        ['mail', 'broken', true, 'no address for y'],
        ['mail', 'broken', true, 'no address for y'],
      ],
    );
    assert.ok(seen.jobs.every(({ durationUs }) => durationUs >= 19_000));
    assert.deepEqual(
      seen.errors.map(({ at }) => [at.method, at.route]),
      [
        ['job', 'mail/broken'],
        ['job', 'mail/broken'],
      ],
    );
    assert.equal(seen.parts, reportedPart.JOB);
  } finally {
    await Promise.all([worker.close(), events.close(), queue.close()]);
  }
});

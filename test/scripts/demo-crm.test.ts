import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Queue } from 'bullmq';
import { demoQueues } from '../../scripts/demo-crm/queues.ts';
import { seededRandom } from '../../scripts/demo-crm/random.ts';
import { startRedis, type TestServer, untilTrue } from '../support/servers.ts';

describe('the demo CRM', () => {
  let redis: TestServer;
  let crm: ChildProcess;
  let url = '';
  let errors = '';

  before(async () => {
    redis = await startRedis();
    const args = ['--import', 'tsx', 'scripts/demo-crm/main.ts', '--redis', redis.url, '--rate', '2'];
    crm = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    crm.stdout!.on('data', (data) => {
      url = /listening on (\S+)/.exec(`${data}`)?.[1] ?? url;
    });
    crm.stderr!.on('data', (data) => {
      errors += data;
    });
    await untilTrue(() => assert.match(url, /^http/));
  });

  after(async () => {
    crm.kill('SIGKILL');
    await redis.remove();
  });

  test('lets a backlog grow where a queue has no workers', async () => {
    const connection = { url: redis.url };
    const webhooks = new Queue('webhooks', { connection });
    try {
      await untilTrue(async () => assert.ok((await webhooks.getWaitingCount()) > 5));
      assert.equal((await webhooks.getWorkers()).length, 0);
    } finally {
      await webhooks.close();
    }
  });

  test('finishes jobs of its queues', async () => {
    await untilTrue(async () => {
      const { completed } = (await (await fetch(`${url}/healthz`)).json()) as {
        completed: Record<string, number>;
      };
      assert.ok(
        completed.emails! > 0 && completed.invoices! > 0 && completed.reports! > 0,
        JSON.stringify(completed),
      );
    });
  });

  test('ends cleanly on SIGTERM, with no job half done', async () => {
    crm.kill('SIGTERM');
    if (crm.exitCode === null) await once(crm, 'exit');
    assert.equal(crm.exitCode, 0, errors);
    assert.equal(errors, '');
    const connection = { url: redis.url };
    for (const { name } of demoQueues) {
      const queue = new Queue(name, { connection });
      assert.equal(await queue.getActiveCount(), 0, name);
      await queue.close();
    }
  });
});

test('the same seed makes the same jobs', () => {
  const jobs = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 50 }, () => demoQueues.map((plan) => plan.job(random)));
  };
  assert.deepEqual(jobs(7), jobs(7));
  assert.notDeepEqual(jobs(7), jobs(8));
});

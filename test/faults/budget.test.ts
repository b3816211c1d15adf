import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Queue } from 'bullmq';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { startRedis, type TestServer, untilTrue } from '../support/servers.ts';
import { note } from '../support/watchdog.ts';
import { isFull } from './scale.ts';

let redis: TestServer;
let agent: TestAgent;

before(async () => {
  redis = await startRedis();
  const queue = new Queue('one', { connection: { host: '127.0.0.1', port: redis.port } });
  await queue.waitUntilReady();
  await queue.close();
  agent = await startAgent({
    agent: { interval: '500ms', budget: { cpuPercent: 0.1 } },
    queues: [{ name: 'main', redis: redis.url }],
  });
});

after(async () => {
  await agent?.stop('SIGKILL');
  await redis?.remove();
});

/** Each takes a minute: the sample sees the first. */
const levels = isFull ? [1, 2] : [1];

test('over its budget for a minute the agent does less, then doubles its interval, and says so', async () => {
  const tick = async () => (await agent.ready()).parts.find(({ part }) => part === 'tick')!;
  assert.equal((await tick()).budgetLevel, 0);
  for (const level of levels) {
    note(`waiting for level ${level} of the budget`);
    await untilTrue(async () => assert.equal((await tick()).budgetLevel, level, agent.log()), 100_000, 500);
  }
  assert.match(
    agent.log(),
    /over the CPU budget of 0.1 % for a minute: interval 500 ms, dear readings every 60 s/,
  );
  if (!isFull) return;
  assert.equal((await tick()).intervalMs, 1000);
  assert.match(agent.log(), /interval 1000 ms/);
});

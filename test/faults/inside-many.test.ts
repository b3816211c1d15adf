import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilTrue } from '../support/servers.ts';
import { stored } from './evidence.ts';
import { askTimes } from './inside-load.ts';
import {
  type AgentRun,
  countedBy,
  type InsideStage,
  newInsideStage,
  type Service,
  startRun,
  startService,
  storedRequests,
} from './inside-stage.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

/** Two services and a cluster of a primary and three workers on one socket. */
const workers = 3;
const requests = scale(200, 5000);

let stage: InsideStage;
let services: Record<'alpha' | 'beta' | 'gamma', Service>;
let run: AgentRun;
const asked = { alpha: 0, beta: 0, gamma: 0 };

before(async () => {
  stage = await newInsideStage();
  const [alpha, beta, gamma] = await Promise.all([
    startService(stage, { name: 'alpha' }),
    startService(stage, { name: 'beta' }),
    startService(stage, { name: 'gamma', args: ['cluster', `${workers}`] }),
  ]);
  services = { alpha, beta, gamma };
  run = await startRun(stage, services);
});

async function askAll(): Promise<void> {
  const names = ['alpha', 'beta', 'gamma'] as const;
  await Promise.all(
    names.map(async (name, i) => {
      const times = requests + i;
      await askTimes(services[name].url, times);
      asked[name] += times;
    }),
  );
}

async function untilAllStored(): Promise<void> {
  await untilTrue(() => {
    for (const [name, times] of Object.entries(asked))
      assert.equal(storedRequests(run, { process: name }), times, name);
  });
}

/** The slot of each pid of the cluster, as the agent last said. */
function slots(): Map<number, string> {
  const joined = run.agent.log().matchAll(/gamma is connected"? worker=(\d+) pid=(\d+)/g);
  return new Map([...joined].map(([, slot, pid]) => [Number(pid), slot!]));
}

/** Tags `worker` of runtime points of the cluster since then. */
function slotsTold(sinceMs: number): string[] {
  const told = stored(run.agent, 'runtime', { process: 'gamma' }, sinceMs).map(({ tags }) => tags.worker!);
  return [...new Set(told)].sort();
}

async function pidsOfWorkers(): Promise<number[]> {
  return (await services.gamma.ask<{ pids: number[] }>('workers')).pids;
}

test('two services and a cluster on one socket have each request counted under its own name', async () => {
  await askAll();
  await untilAllStored();
  await untilTrue(() => {
    for (const [name, count] of [
      ['alpha', 1],
      ['beta', 1],
      ['gamma', workers + 1],
    ] as const) {
      const points = stored(run.agent, 'runtime', { process: name });
      const told = [...new Set(points.map(({ tags }) => tags.worker))].sort();
      assert.deepEqual(
        told,
        Array.from({ length: count }, (_, slot) => `${slot}`),
      );
      assert.ok(points.some(({ values }) => values.heap_used_bytes! > 0));
    }
  });
  assert.deepEqual(countedBy([run]), {
    received: asked.alpha + asked.beta + asked.gamma,
    lost: 0,
    refused: 0,
  });
});

test('a worker that takes the place of another has its slot, and the others keep theirs', async (t) => {
  for (let round = 0; round < scale(2, 20); round++) {
    const before = slots();
    const pids = await pidsOfWorkers();
    assert.equal(pids.length, workers);
    const victim = pids[round % workers]!;
    process.kill(victim, round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    let successor: number | undefined;
    await untilTrue(async () => {
      const now = await pidsOfWorkers();
      successor = now.find((pid) => !pids.includes(pid));
      assert.ok(successor !== undefined && now.length === workers);
      assert.ok(slots().has(successor), run.agent.log());
    });
    const now = slots();
    assert.equal(now.get(successor!), before.get(victim));
    for (const pid of pids) if (pid !== victim) assert.equal(now.get(pid), before.get(pid));
    const sinceMs = Date.now();
    await sleep(300);
    await askAll();
    await untilAllStored();
    await untilTrue(() => assert.deepEqual(slotsTold(sinceMs), ['0', '1', '2', '3']));
    t.diagnostic(`pid ${victim} had slot ${before.get(victim)}, then pid ${successor}`);
  }
});

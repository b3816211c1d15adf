import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAgent } from '../support/agent.ts';
import { startLoad } from './inside-load.ts';
import { type InsideStage, newInsideStage, startRun, startService, untilAddedUp } from './inside-stage.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

/** A service that usually answers 50 requests a second and then makes a hundred times as many events, or all it can. */
const usualPerSecond = 50;
const forMs = scale(1000, 20_000);

let stage: InsideStage;

before(async () => {
  stage = await newInsideStage();
});

test('in a flood all that is made is received or counted as lost, and all that is received is kept', async (t) => {
  const service = await startService(stage);
  const run = await startRun(stage, { service });
  let answered = 0;
  const measure = async (name: string, during: () => Promise<unknown>) => {
    const load = startLoad(service.url, usualPerSecond);
    await during();
    const seen = await load.end();
    assert.deepEqual(seen.wrong, []);
    answered += seen.right;
    t.diagnostic(
      `${name}: ${seen.right} requests, p50 ${seen.p50Ms.toFixed(2)}, p99 ${seen.p99Ms.toFixed(2)} ms`,
    );
  };
  await measure('warming up', () => sleep(400));
  await measure('usual rate', () => sleep(forMs));
  await service.ask('steady', { perSecond: 100 * usualPerSecond });
  await measure('100 times the usual rate', () => sleep(forMs));
  await service.ask('steady', { perSecond: 0 });
  const kinds = [
    { routes: 20, events: scale(1_000_000, 50_000_000) },
    { routes: 50_000, events: scale(100_000, 3_000_000) },
  ];
  for (const { routes, events } of kinds) {
    let tookMs = 0;
    await measure(`as fast as it can, ${routes} routes`, async () => {
      ({ tookMs } = await service.ask<{ tookMs: number }>('flood', { events, routes }));
    });
    t.diagnostic(`${events} events of ${routes} routes in ${Math.round(tookMs)} ms`);
  }
  const made = (await service.tracked()) + answered;
  const { received, lost, refused } = await untilAddedUp(stage, [run], made);
  t.diagnostic(`${made} made, ${received} received, ${lost} lost in the service, ${refused} with the worker`);
  const query = ['query', 'sum(sum_over_time(http_requests[1h]))', '--instant', '--format', 'csv'];
  const { stdout, stderr } = await runAgent([...query, '-c', run.agent.configFile], stage.built);
  assert.equal(Number(/,(\d+)\s*$/.exec(stdout)?.[1]), received - refused, stderr);
});

test('a service that no configured process is floods from its first moment, and nothing is lost beside it', async (t) => {
  const own = { ...stage, folder: `${stage.folder}/strange`, socket: `${stage.folder}/strange.sock` };
  const service = await startService(own);
  // For 2 s the agent waits whether it finds the stranger's name.
  const run = await startRun(own, { service }, { agent: { interval: '500ms' } });
  await service.ask('steady', { perSecond: 2000 });
  const stranger = await startService(own, { name: 'stranger' });
  await stranger.ask('steady', { perSecond: 600_000 });
  await sleep(2000);
  for (const each of [service, stranger]) await each.ask('steady', { perSecond: 0 });
  const strange = await stranger.tracked();
  assert.ok(strange > 300_000, `${strange} events`);
  const made = (await service.tracked()) + strange;
  const { received, lost, refused } = await untilAddedUp(own, [run], made);
  assert.equal(refused, 0);
  t.diagnostic(`${made} made, ${received} received, ${lost} lost`);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilTrue } from '../support/servers.ts';
import { stored } from './evidence.ts';
import {
  type AgentRun,
  countedBy,
  type InsideStage,
  newInsideStage,
  type Service,
  spawnService,
  startRun,
  startService,
  storedRequests,
} from './inside-stage.ts';
import { isFull, scale } from './scale.ts';
import '../support/watchdog.ts';

/** Services that end in every way, beside one that goes on and must not suffer from it. */
let stage: InsideStage;
let steady: Service;
let run: AgentRun;

before(async () => {
  stage = await newInsideStage();
  steady = await startService(stage, { name: 'steady' });
  run = await startRun(stage, { steady });
  await steady.ask('steady', { perSecond: 1000 });
});

after(async () => {
  await steady.ask('steady', { perSecond: 0 });
  const made = await steady.tracked();
  await untilTrue(() => assert.equal(requestsOf('steady'), made));
});

function requestsOf(name: string): number {
  return storedRequests(run, { process: name });
}

describe('services that end', () => {
  test('after some milliseconds, one after the other, have told each event', async (t) => {
    const services = scale(8, 200);
    let made = 0;
    for (let i = 0; i < services; i++) {
      // An odd number ends by process.exit, an even one because there is nothing left to do.
      const events = 100 + i;
      made += events;
      const [code] = await once(spawnService(stage, { name: 'short', args: ['short', `${events}`] }), 'exit');
      assert.equal(code, 0);
    }
    await untilTrue(() => assert.equal(requestsOf('short'), made));
    const slots = new Set(stored(run.agent, 'runtime', { process: 'short' }).map(({ tags }) => tags.worker));
    assert.ok(slots.size <= 2, `slots ${[...slots].join()}`);
    t.diagnostic(`${services} services, ${made} events, slots ${[...slots].join()}`);
  });

  test('in a handler have told each event, that request included', async () => {
    const events = 3000;
    let made = 0;
    for (let i = 0; i < scale(2, 30); i++) {
      const service = await startService(stage, { name: 'exiting' });
      const ended = once(service.child, 'exit');
      assert.equal(await (await fetch(`${service.url}/exit/${events}`)).text(), 'bye');
      await ended;
      made += events + 1;
    }
    await untilTrue(() => assert.equal(requestsOf('exiting'), made));
  });

  test('by kill -9 in the middle of a frame are counted up to the last whole one', async (t) => {
    const before = countedBy([run]);
    assert.equal(before.refused, 0);
    const events = 120_000;
    const rounds = scale(2, 50);
    for (let i = 0; i < rounds; i++) {
      const name = `cut-${i}`;
      const service = await startService(stage, { name });
      await service.ask('flood', { events: 10, routes: 1 });
      await untilTrue(() => assert.equal(requestsOf(name), 10));
      // What the kernel takes ends anywhere in a frame.
      run.agent.process.kill('SIGSTOP');
      await service.ask('flood', { events, routes: 20 + i });
      await service.kill('SIGKILL');
      run.agent.process.kill('SIGCONT');
      await untilTrue(() => assert.ok(requestsOf(name) > 10));
    }
    await steady.ask('steady', { perSecond: 0 });
    const made = await steady.tracked();
    await untilTrue(() => {
      assert.equal(requestsOf('steady'), made);
      assert.equal(storedRequests(run), countedBy([run]).received);
    });
    const sent = Array.from({ length: rounds }, (_, i) => requestsOf(`cut-${i}`));
    for (const kept of sent) assert.ok(kept > 10 && kept < events, `${kept} of ${events} kept`);
    const { lost, refused } = countedBy([run]);
    assert.equal(refused, 0);
    assert.ok(lost - before.lost < sent.length * 4096, `${lost} lost`);
    // For half a minute the service could come back with what was cut off.
    if (isFull) await untilTrue(() => assert.ok(countedBy([run]).lost > before.lost), 60_000);
    t.diagnostic(
      `kept ${sent.join()} of ${events} each; ${countedBy([run]).lost - before.lost} in cut frames`,
    );
    await steady.ask('steady', { perSecond: 1000 });
  });

  test('by kill -9 at any moment of a flood disturb no other', async (t) => {
    const kept: number[] = [];
    for (let i = 0; i < scale(3, 100); i++) {
      const name = `killed-${i}`;
      const service = await startService(stage, { name });
      const events = 5_000_000;
      await service.ask('flood', { events: 1, routes: 1 });
      await untilTrue(() => assert.equal(requestsOf(name), 1, run.agent.log()));
      void service.ask('flood', { events, routes: 20 });
      await sleep(20 + ((i * 37) % 150));
      await service.kill('SIGKILL');
      assert.ok(requestsOf(name) <= events);
      kept.push(requestsOf(name));
    }
    t.diagnostic(`kept ${kept.join()}`);
    assert.equal(countedBy([run]).refused, 0);
  });
});

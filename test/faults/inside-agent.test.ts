import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad } from './inside-load.ts';
import {
  type AgentRun,
  countedBy,
  endRun,
  type InsideStage,
  newInsideStage,
  type Service,
  startRun,
  startService,
  storedRequests,
  untilAddedUp,
  untilAllTold,
  untilStored,
} from './inside-stage.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

/** Requests and tracked events a second that a service makes all the while. */
const requestsPerSecond = 50;
const eventsPerSecond = 5000;

let stage: InsideStage;

before(async () => {
  stage = await newInsideStage();
});

/** A service under load that is made quiet now and then, to be counted. */
class LoadedService {
  readonly service: Service;
  answered = 0;
  #load: ReturnType<typeof startLoad> | undefined;

  constructor(service: Service) {
    this.service = service;
  }

  async goOn(): Promise<void> {
    this.#load = startLoad(this.service.url, requestsPerSecond);
    await this.service.ask('steady', { perSecond: eventsPerSecond });
  }

  /** Makes no more; every request has been answered right. */
  async rest(): Promise<void> {
    const seen = await this.#load!.end();
    this.#load = undefined;
    await this.service.ask('steady', { perSecond: 0 });
    assert.deepEqual(seen.wrong, []);
    assert.ok(seen.right > 0);
    this.answered += seen.right;
  }

  /** How many events were made until now. */
  async made(): Promise<number> {
    return (await this.service.tracked()) + this.answered;
  }
}

describe('an agent beside a service under load', () => {
  test('that is ended and started again in a loop has counted each event once', async (t) => {
    const own = { ...stage, folder: `${stage.folder}/ended`, socket: `${stage.folder}/ended.sock` };
    const loaded = new LoadedService(await startService(own));
    const runs: AgentRun[] = [await startRun(own, { service: loaded.service })];
    await loaded.goOn();
    // The first hello is where counting begins.
    await untilStored(runs[0]!);
    const rounds = scale(2, 60);
    for (let round = 0; round < rounds; round++) {
      await sleep(scale(500, 1500));
      await endRun(runs.at(-1)!);
      await sleep((round % 3) * 300);
      runs.push(await startRun(own, { service: loaded.service }));
      await sleep(300);
      await loaded.rest();
      const made = await loaded.made();
      const { received, lost, refused } = await untilAddedUp(own, runs, made);
      assert.equal(refused, 0);
      t.diagnostic(`${runs.length} runs: ${made} made, ${received} received, ${lost} lost`);
      if (round < rounds - 1) await loaded.goOn();
    }
  });

  test('that is stopped and goes on has counted each event once', async (t) => {
    const own = { ...stage, folder: `${stage.folder}/stopped`, socket: `${stage.folder}/stopped.sock` };
    const loaded = new LoadedService(await startService(own));
    const run = await startRun(own, { service: loaded.service });
    await loaded.goOn();
    await untilStored(run);
    for (let round = 0; round < scale(1, 40); round++) {
      await sleep(500);
      run.agent.process.kill('SIGSTOP');
      await sleep(scale(700, 3000));
      // More than kernel and service can hold.
      if (round % 2 === 0) await loaded.service.ask('flood', { events: 150_000, routes: 20 });
      run.agent.process.kill('SIGCONT');
    }
    await loaded.rest();
    const made = await loaded.made();
    const { received, lost, refused } = await untilAddedUp(own, [run], made);
    assert.equal(refused, 0);
    assert.ok(lost > 0, 'the service had more than could wait');
    t.diagnostic(`${made} made, ${received} received, ${lost} lost`);
  });

  test('that is killed in a loop counts no event twice', async (t) => {
    const own = { ...stage, folder: `${stage.folder}/killed`, socket: `${stage.folder}/killed.sock` };
    const loaded = new LoadedService(await startService(own));
    const runs: AgentRun[] = [await startRun(own, { service: loaded.service })];
    await loaded.goOn();
    for (let round = 0; round < scale(2, 100); round++) {
      await sleep(300 + ((round * 137) % 700));
      await endRun(runs.at(-1)!, 'SIGKILL');
      runs.push(await startRun(own, { service: loaded.service }));
    }
    const last = runs.at(-1)!;
    await untilAllTold(last, loaded.service);
    await loaded.rest();
    await untilAllTold(last, loaded.service);
    const made = await loaded.made();
    const kept = storedRequests(last);
    const { received, lost, refused } = countedBy(runs);
    t.diagnostic(`${made} made, ${kept} kept, ${received} received, ${lost} lost`);
    assert.ok(kept <= made && kept > 0, `${kept} of ${made}`);
    assert.ok(received + lost <= made, `${received} and ${lost} of ${made}`);
    assert.equal(refused, 0);

    // What was killed is over: from here on nothing is missing any more.
    const missing = made - received - lost;
    const unkept = received - kept;
    await loaded.goOn();
    await sleep(500);
    await loaded.rest();
    const marks = await untilAllTold(last, loaded.service);
    const then = countedBy(runs);
    assert.equal((await loaded.made()) - then.received - then.lost, missing);
    assert.equal(then.received - storedRequests(last), unkept + marks);
  });
});

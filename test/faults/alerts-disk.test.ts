import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ShownAlert } from '../../agent/alert-shape.ts';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { mounting } from './capabilities.ts';
import { untilTicks } from './evidence.ts';
import { scale } from './scale.ts';
import { mountSmallDisk } from './small-disk.ts';
import { partOf } from './stage.ts';
import '../support/watchdog.ts';

test(
  'on a full disk alerts are told all the same, once; then the store has what began and what ended meanwhile',
  mounting,
  async (t) => {
    const receiver = await stage.newReceiver();
    const rounds = scale(1, 10);
    const queues = await stage.newQueues(2 * rounds);
    const scene = await stage.newAlertStage(
      stage.ruleFile({ alert: 'high-queue', expr: 'queue_waiting > 20' }),
      stage.tellAll([receiver], 'alertname, queue'),
    );
    const disk = mountSmallDisk(join(scene.folder, 'data'), 24);
    let agent = await scene.start(queues.config);
    const expected: string[] = [];
    const untilTold = async (what: string) => {
      expected.push(what);
      await stage.untilTold(receiver, (told) => assert.deepEqual(told.map(said), expected), 60_000);
    };
    for (let round = 0; round < rounds; round++) {
      const [ends, begins] = [2 * round, 2 * round + 1];
      await queues.fill(ends);
      await untilTold(`mail${ends} firing`);
      await scene.untilKept(stage.settledWith(round + 1));
      disk.fill();
      await untilTrue(async () => assert.match(partOf(await agent.ready(), 'store').problem, /full/));
      await queues.drain(ends);
      await untilTold(`mail${ends} resolved`);
      await queues.fill(begins);
      await untilTold(`mail${begins} firing`);
      await untilTrue(() => assert.match(agent.log(), /alert state: not stored/));
      const [shown] = (await stage.alertsOf(agent)).filter(
        ({ data }) => data.labels.queue === `mail${begins}`,
      );
      disk.free();
      await scene.untilKept(stage.settledWith(round + 1), 60_000);
      await scene.untilKept(({ alerts }) => {
        const states = alerts.map(({ labels, state }) => `${labels.queue} ${state}`);
        assert.ok(
          states.includes(`mail${begins} firing`) && !states.includes(`mail${ends} firing`),
          states.join(),
        );
      });
      // Who starts now knows all of it.
      // In order, the log of the store is folded in: else it has room for many a tick on the next full disk.
      await agent.stop(round === rounds - 1 ? 'SIGKILL' : 'SIGTERM');
      agent = await scene.start(queues.config);
      const firing = Array.from({ length: round + 1 }, (_, i) => `mail${2 * i + 1}`).sort();
      const namesOf = (alerts: readonly ShownAlert[]) => alerts.map(({ data }) => data.labels.queue).sort();
      await untilTrue(async () => assert.deepEqual(namesOf(await stage.alertsOf(agent)), firing));
      await untilTicks(agent, 8);
      const active = await stage.alertsOf(agent);
      assert.deepEqual(namesOf(active), firing);
      assert.ok(
        active.some(({ id }) => id === shown!.id),
        'the same episode',
      );
      assert.deepEqual(stage.toldTo(receiver).map(said), expected);
    }
    t.diagnostic(`${rounds} times full, ${receiver.requests.length} messages`);
  },
);

function said({ alerts }: stage.Told): string {
  return alerts.map(({ labels, status }) => `${labels.queue} ${status}`).join();
}

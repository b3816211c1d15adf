import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { stored } from './evidence.ts';
import { newFaketime } from './faketime.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

const hourSeconds = 3600;
const steady = { alert: 'steady', expr: 'vector(1)' };
const half = { alert: 'half', expr: 'vector(2)', for: '30m' };
const short = { alert: 'short', expr: 'queue_waiting > 20', for: '5s' };

test('a clock that jumps by an hour ends no alert, fires none before its time, and nobody is told again', async (t) => {
  const receiver = await stage.newReceiver();
  const queues = await stage.newQueues();
  const scene = await stage.newAlertStage(
    stage.ruleFile(steady, half, short),
    stage.tellAll([receiver], 'alertname', '1d'),
  );
  const clock = newFaketime(scene.folder);
  const agent = await scene.start(queues.config, clock.env);
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 1));
  const idsNow = async () => {
    const [active, pending] = [await stage.alertsOf(agent), await stage.alertsOf(agent, 'pending')];
    return [...active, ...pending].map(({ id, type, status }) => `${type} ${status} ${id}`);
  };
  const ids = await idsNow();
  assert.equal(ids.length, 2);
  const jumps = [hourSeconds, 0, -hourSeconds, 0];
  for (const seconds of Array.from({ length: scale(1, 5) }).flatMap(() => jumps)) {
    clock.set(seconds);
    // Until rules were evaluated some times by the clock as it is now.
    await untilTrue(() => {
      const times = stored(
        agent,
        'alerts',
        { alertname: 'steady' },
        clock.nowMs() - 5000,
        clock.nowMs() + 5000,
      );
      assert.ok(times.length >= 6, `${times.length} by a clock of ${seconds} s`);
    }, 60_000);
    assert.deepEqual(await idsNow(), ids);
  }
  assert.equal(receiver.requests.length, 1);
  // What became pending before a jump fires after as much time as really passed.
  await queues.fill();
  await untilTrue(async () => assert.equal((await stage.alertsOf(agent, 'pending')).length, 2));
  clock.set(hourSeconds);
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 2), 60_000);
  clock.set(0);
  await queues.drain();
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 3), 60_000);
  const told = stage.toldTo(receiver).map(({ status, alerts }) => `${alerts[0]!.labels.alertname} ${status}`);
  assert.deepEqual(told, ['steady firing', 'short firing', 'short resolved']);
  assert.deepEqual(await idsNow(), ids);
  t.diagnostic(`${scale(1, 5) * jumps.length + 2} jumps`);
});

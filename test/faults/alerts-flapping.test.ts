import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

test('an alert that begins and ends each second is marked as flapping, and told no more until a repeat interval is over', async (t) => {
  const receiver = await stage.newReceiver();
  const repeatSeconds = 15;
  const rule = { alert: 'flaps', expr: 'vector(time()) % 2 < 1' };
  const scene = await stage.newAlertStage(
    stage.ruleFile(rule),
    stage.tellAll([receiver], 'alertname', `${repeatSeconds}s`),
  );
  const agent = await scene.start();
  const isMarked = (told: stage.Told) => told.alerts.some(({ annotations }) => 'flapping' in annotations);
  await untilTrue(async () => assert.equal((await stage.alertsOf(agent, 'all'))[0]?.flapping, true), 60_000);
  const before = receiver.requests.length;
  const startedMs = Date.now();
  await stage.untilTold(
    receiver,
    (told) => assert.ok(told.slice(before).filter(isMarked).length >= scale(1, 8)),
    scale(60_000, 300_000),
  );
  const told = stage.toldTo(receiver);
  const lately = told.slice(before);
  const repeats = 1 + Math.floor((Date.now() - startedMs) / 1000 / repeatSeconds);
  t.diagnostic(`${before} messages until it was noticed, ${lately.length} in ${repeats} repeat intervals`);
  // The last before it was noticed may still be on its way.
  assert.ok(lately.length <= repeats + 1, `${lately.length} messages while it flaps`);
  assert.equal(told.at(-1)!.status, 'firing');
});

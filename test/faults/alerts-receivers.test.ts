import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHttpReceiver } from '../support/http-receiver.ts';
import * as stage from './alert-stage.ts';
import { scale } from './scale.ts';
import { atEnd } from './stage.ts';
import '../support/watchdog.ts';

test('receivers that hang, fail or are gone delay no other; after recovery each hears beginning and end once, in order', async (t) => {
  const good = await stage.newReceiver();
  const hanging = await stage.newReceiver();
  const failing = await stage.newReceiver();
  const gone = await startHttpReceiver();
  await gone.close();
  hanging.answer = () => {};
  failing.answer = (response) => response.writeHead(500).end('no');
  const queues = await stage.newQueues();
  const scene = await stage.newAlertStage(
    stage.ruleFile({ alert: 'high-queue', expr: 'queue_waiting > 20' }),
    stage.tellAll([good, hanging, failing, gone]),
  );
  const agent = await scene.start(queues.config);
  await queues.fill();
  await stage.untilTold(hanging, (told) => assert.ok(told.length >= 1));
  await stage.untilTold(failing, (told) => assert.ok(told.length >= 1));
  await queues.drain();
  await stage.untilTold(good, (told) => assert.equal(told.length, 2));
  await scene.untilKept(({ waiting }) => assert.equal(waiting.length, 6, agent.log()));
  for (const receiver of [hanging, failing]) {
    const told = stage.toldTo(receiver);
    assert.ok(
      told.every(({ status }) => status === 'firing'),
      'the end waits for the beginning',
    );
    assert.equal(stage.onceEach(told).length, 1, 'each attempt has the same id');
  }
  const attempts = [hanging.requests.length, failing.requests.length];
  await sleep(scale(0, 60_000));
  hanging.answer = failing.answer = (response) => response.end();
  const again = await startHttpReceiver(undefined, gone.port);
  atEnd(() => again.close());
  await scene.untilKept(stage.settledWith(0), scale(60_000, 180_000));
  t.diagnostic(`attempts before: ${attempts}`);
  const statuses = (told: readonly stage.Told[]) => told.map(({ status }) => status);
  assert.deepEqual(statuses(stage.toldTo(good)), ['firing', 'resolved']);
  assert.deepEqual(statuses(stage.toldTo(again)), ['firing', 'resolved']);
  for (const [i, receiver] of [hanging, failing].entries())
    assert.deepEqual(statuses(stage.toldTo(receiver).slice(attempts[i])), ['firing', 'resolved']);
});

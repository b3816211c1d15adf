import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestAgent } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { stored, timesOf } from './evidence.ts';
import { scale } from './scale.ts';
import '../support/watchdog.ts';

const highQueue = { alert: 'high-queue', expr: 'queue_waiting > 20' };

/** When the agent is killed, by the moment in which the receiver has a notification. */
const moments = ['before the answer', 'with the answer', 'after the answer', 'by chance'] as const;

test('killed at any moment between evaluating, sending and recording: at most one repeat with the same id, nothing lost', async (t) => {
  const receiver = await stage.newReceiver();
  const kills = scale(2, 120);
  // Each begins and ends once: none of them flaps.
  const queues = await stage.newQueues(kills / 2);
  const scene = await stage.newAlertStage(
    stage.ruleFile(highQueue),
    stage.tellAll([receiver], 'alertname, queue'),
  );
  let agent: TestAgent = await scene.start(queues.config);
  for (let i = 0; i < kills; i++) {
    const moment = moments[i % moments.length]!;
    const part = (i * 0.618) % 1;
    const isFilled = i % 2 === 0;
    const earlier = receiver.requests.length;
    const gone = once(agent.process, 'exit');
    const kill = () => void agent.process.kill('SIGKILL');
    receiver.answer = (response) => {
      receiver.answer = (next) => next.end();
      if (moment === 'before the answer') kill();
      response.end(() => {
        if (moment === 'with the answer') kill();
        if (moment === 'after the answer') setTimeout(kill, part * 20);
      });
    };
    await (isFilled ? queues.fill(i >> 1) : queues.drain(i >> 1));
    if (moment === 'by chance') setTimeout(kill, part * 2000);
    await gone;
    agent = await scene.start(queues.config);
    await stage.untilTold(receiver, (told) => assert.ok(told.length > earlier), 60_000);
    // The store knows what is told by now, and nothing is on its way.
    await scene.untilKept(stage.settledWith(isFilled ? 1 : 0), 60_000);
    const lately = stage.toldTo(receiver).slice(earlier);
    assert.ok(lately.length === 1 || lately.length === 2, `kill ${i} ${moment}: ${lately.length} messages`);
    assert.equal(new Set(lately.map(({ id }) => id)).size, 1, `kill ${i} ${moment}: one id`);
    assert.equal(lately[0]!.status, isFilled ? 'firing' : 'resolved', `kill ${i} ${moment}`);
  }
  const told = stage.toldTo(receiver);
  assert.equal(stage.onceEach(told).length, kills);
  t.diagnostic(`${kills} kills, ${told.length - kills} repeats`);
});

test('what has passed of `for` survives a kill and a restart; the time between does not count', async () => {
  const forMs = 6000;
  const receiver = await stage.newReceiver();
  const rule = { alert: 'always', expr: 'vector(1)', for: `${forMs}ms` };
  const scene = await stage.newAlertStage(stage.ruleFile(rule), stage.tellAll([receiver]));
  const first = await scene.start();
  const passedMs = 4000;
  await scene.untilKept(({ alerts: [alert], evaluatedAtMs }) => {
    assert.equal(alert?.state, 'pending');
    const lastMs = stored(first, 'system').at(-1)?.timeMs ?? evaluatedAtMs;
    assert.ok(lastMs - alert.activeAtMs >= passedMs);
  });
  const [pending] = await stage.alertsOf(first, 'pending');
  await first.stop('SIGKILL');
  const killedMs = Date.now();
  const second = await scene.start();
  await untilTrue(() => assert.equal(receiver.requests.length, 1));
  const [firing] = await stage.alertsOf(second);
  assert.equal(firing!.id, pending!.id, 'the same episode');
  const [againMs] = timesOf(stored(second, 'system', {}, killedMs));
  const firedMs = Date.parse(firing!.firedAt!);
  assert.ok(firedMs - againMs! < forMs - passedMs / 2, `fired ${firedMs - againMs!} ms after the restart`);
  const heldMs = firedMs - Date.parse(pending!.createdAt);
  assert.ok(heldMs >= forMs, `fired ${heldMs} ms after it began, ${againMs! - killedMs} ms after the kill`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestAgent, testToken } from '../support/agent.ts';
import { freePort, untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { stored, timesOf, untilTicks, valuesOf } from './evidence.ts';
import '../support/watchdog.ts';

const steady = { alert: 'steady', expr: 'vector(1)' };
const slow = { alert: 'slow', expr: 'vector(2)', for: '1h' };

function ids(agent: TestAgent, status: string, name: string): Promise<string[]> {
  return stage
    .alertsOf(agent, status)
    .then((alerts) => alerts.filter(({ type }) => type === name).map(({ id }) => id));
}

test('a hundred reloads in ten seconds with other rules: alerts keep their state, nothing is told twice, ticks go on', async (t) => {
  const receiver = await stage.newReceiver();
  const rules = (version: number) =>
    stage.ruleFile(steady, slow, {
      alert: 'version',
      expr: `vector(${version})`,
      labels: { v: `${version}` },
    });
  const scene = await stage.newAlertStage(rules(0), stage.tellAll([receiver]));
  const auth = { tokens: [{ name: 'test', role: 'admin', token: testToken }] };
  // Each reload would take another free port.
  const agent = await scene.start({ http: { port: await freePort(), auth } });
  await scene.untilKept(stage.settledWith(2));
  const [firing, pending] = [await ids(agent, 'active', 'steady'), await ids(agent, 'pending', 'slow')];
  assert.deepEqual([firing.length, pending.length], [1, 1]);
  const startedMs = Date.now();
  for (let i = 1; i <= 100; i++) {
    await scene.setRules(rules(i));
    agent.process.kill('SIGHUP');
    await sleep(100);
  }
  const endedMs = Date.now();
  await stage.untilTold(
    receiver,
    (told) => {
      const firing = told.flatMap(({ alerts }) => alerts.filter(({ status }) => status === 'firing'));
      assert.ok(
        firing.some(({ labels }) => labels.v === '100'),
        agent.log().slice(-3000),
      );
    },
    60_000,
  );
  await untilTicks(agent, 4);
  const times = timesOf(stored(agent, 'system', {}, startedMs, endedMs));
  const reloads = agent.log().match(/SIGHUP: new configuration in force/g)?.length ?? 0;
  const missed = Math.max(0, ...valuesOf(stored(agent, 'agent', {}, startedMs), 'ticks_missed_total'));
  t.diagnostic(
    `${times.length} ticks of 250 ms in ${endedMs - startedMs} ms, ${missed} missed, ${reloads} reloads`,
  );
  const expected = (endedMs - startedMs) / 250;
  assert.ok(
    times.length + missed >= expected * 0.9,
    `${times.length} ticks and ${missed} missed of ${expected}`,
  );
  assert.equal(new Set(times).size, times.length);
  assert.deepEqual(await ids(agent, 'active', 'steady'), firing);
  assert.deepEqual(await ids(agent, 'pending', 'slow'), pending);
  const told = stage.toldTo(receiver);
  assert.equal(stage.onceEach(told).length, told.length, 'no message twice');
  const named = told.filter(({ alerts }) => alerts.some(({ labels }) => labels.alertname === 'steady'));
  assert.equal(named.length, 1);
});

test('a rule file or notify file that is wrong refuses the reload whole, and the old rules run on', async () => {
  const receiver = await stage.newReceiver();
  const queues = await stage.newQueues();
  const rules = stage.ruleFile({ alert: 'high-queue', expr: 'queue_waiting > 20' }, steady);
  const notify = stage.tellAll([receiver]);
  const scene = await stage.newAlertStage(rules, notify);
  const agent = await scene.start(queues.config);
  await scene.untilKept(stage.settledWith(1));
  let from = agent.log().length;
  const said = () => agent.log().slice(from);
  const refused = async (place: RegExp) => {
    agent.process.kill('SIGHUP');
    await untilTrue(() => {
      assert.match(said(), place);
      assert.match(said(), /configuration refused, the old one stays in force/);
    });
    assert.doesNotMatch(said(), /new configuration in force/);
    from = agent.log().length;
  };
  await scene.setRules('groups:\n  - name: all\n    rules:\n      - alert: broken\n        expr: sum(\n');
  await refused(/rules\.yml:5:\d+/);
  await scene.setRules(rules);
  await scene.setNotify(notify.replace('receiver: to0', 'receiver: nobody'));
  await refused(/notify\.yml:\d+:\d+/);
  await queues.fill();
  await scene.untilKept(stage.settledWith(2));
  await queues.drain();
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 3));
  assert.deepEqual(
    stage.toldTo(receiver).map(({ status, alerts }) => [status, alerts[0]!.labels.alertname]),
    [
      ['firing', 'steady'],
      ['firing', 'high-queue'],
      ['resolved', 'high-queue'],
    ],
  );
});

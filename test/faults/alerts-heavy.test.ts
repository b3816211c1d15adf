import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { untilTicks } from './evidence.ts';
import '../support/watchdog.ts';

test('an expression that takes too long is stopped: its rule fails and says so, others and ticks go on', async () => {
  const receiver = await stage.newReceiver();
  const queues = await stage.newQueues();
  const slow = {
    alert: 'slow',
    expr: 'count_over_time(avg_over_time(sum by (host) (system_cpu_usage_percent)[365d:10ms])[1h:10ms]) > 0',
  };
  const rules = stage.ruleFile(slow, { alert: 'high-queue', expr: 'queue_waiting > 20' });
  const scene = await stage.newAlertStage(rules, stage.tellAll([receiver]));
  const agent = await scene.start(queues.config);
  await untilTrue(() => assert.match(agent.log(), /rule evaluation.*slow: /));
  await queues.fill();
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 1));
  await untilTicks(agent, 8);
  await queues.drain();
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 2));
  assert.deepEqual(
    stage.toldTo(receiver).map(({ status, alerts }) => [status, alerts[0]!.labels.alertname]),
    [
      ['firing', 'high-queue'],
      ['resolved', 'high-queue'],
    ],
  );
});

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { untilTicks } from './evidence.ts';
import { isFull, scale } from './scale.ts';
import '../support/watchdog.ts';

/** What happens to the query worker in the middle of an evaluation (see query-fault.mjs). One that loops has 20 s. */
const kinds = isFull ? ['exit', 'throw', 'leak', 'loop'] : ['exit', 'throw', 'leak'];

test('a query worker that dies within an evaluation loses no alert, and nobody is told twice', async (t) => {
  const receiver = await stage.newReceiver();
  const rounds = scale(1, 3);
  const queues = await stage.newQueues(kinds.length * rounds);
  const scene = await stage.newAlertStage(
    stage.ruleFile(
      { alert: 'steady', expr: 'vector(1)' },
      { alert: 'slow', expr: 'vector(2)', for: '1h' },
      { alert: 'high-queue', expr: 'queue_waiting > 20' },
    ),
    stage.tellAll([receiver], 'alertname, queue'),
  );
  const file = join(scene.folder, 'fault');
  const hook = pathToFileURL(join(projectRoot, 'test/faults/query-fault.mjs'));
  const agent = await scene.start(queues.config, {
    NODE_OPTIONS: `--import ${hook}`,
    QUERY_FAULT_FILE: file,
  });
  await stage.untilTold(receiver, (told) => assert.equal(told.length, 1));
  const idsOf = async (type: string) =>
    [...(await stage.alertsOf(agent)), ...(await stage.alertsOf(agent, 'pending'))]
      .filter((alert) => alert.type === type)
      .map(({ id }) => id);
  const [steady, slow] = [await idsOf('steady'), await idsOf('slow')];
  const expected = ['steady undefined firing'];
  for (const [i, kind] of Array.from({ length: rounds }, () => kinds)
    .flat()
    .entries()) {
    // Once while an alert begins, once while it ends.
    for (const status of ['firing', 'resolved']) {
      writeFileSync(file, kind);
      await (status === 'firing' ? queues.fill(i) : queues.drain(i));
      await untilTrue(() => assert.ok(!existsSync(file), `${kind} did not strike\n${agent.log()}`));
      expected.push(`high-queue mail${i} ${status}`);
      await stage.untilTold(
        receiver,
        (told) => assert.deepEqual(told.map(said), expected, agent.log()),
        90_000,
      );
    }
    assert.deepEqual([await idsOf('steady'), await idsOf('slow')], [steady, slow], kind);
  }
  await untilTicks(agent, 8);
  assert.deepEqual(stage.toldTo(receiver).map(said), expected);
  assert.match(agent.log(), /rule evaluation: worker task evaluateRules/);
  t.diagnostic(`${2 * rounds * kinds.length} workers died (${kinds.join(', ')})`);
});

function said({ alerts }: stage.Told): string {
  return alerts.map(({ labels, status }) => `${labels.alertname} ${labels.queue} ${status}`).join();
}

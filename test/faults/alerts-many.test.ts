import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TestAgent } from '../support/agent.ts';
import * as stage from './alert-stage.ts';
import { stored, timesOf, untilTicks, valuesOf } from './evidence.ts';
import { scale } from './scale.ts';
import { tickMs } from './stage.ts';
import '../support/watchdog.ts';

const groups = scale(10, 100);
const each = 100;
const all = groups * each;

/** `each` series that the other rules of the group see. */
const base = {
  record: 'many',
  expr: Array.from({ length: each }, (_, n) => `label_replace(vector(1), "n", "${n}", "", "")`).join(' or '),
};

/** Fires for each of them while the queue is long. */
function burst(k: number): object {
  return { alert: 'burst', expr: 'many and on() (queue_waiting > 20)', labels: { k: `k${k}` } };
}

test(`${all} alerts that begin and end at once are told in groups, each once; ticks go on and memory is bounded`, async (t) => {
  const receiver = await stage.newReceiver();
  const queues = await stage.newQueues();
  const rules = stage.ruleFile(base, ...Array.from({ length: groups }, (_, k) => burst(k)));
  const scene = await stage.newAlertStage(rules, stage.tellAll([receiver], 'alertname, k'));
  const agent = await scene.start(queues.config);
  await untilTicks(agent, 4);
  const [before, startedMs] = [residentMB(agent), Date.now()];
  await queues.fill();
  await stage.untilTold(receiver, (told) => assert.equal(alertsIn(told, 'firing').length, all), 120_000);
  const toldMs = Date.now() - startedMs;
  await scene.untilKept(stage.settledWith(all), 60_000);
  const firing = residentMB(agent);
  await untilTicks(agent, 4);
  await queues.drain();
  await stage.untilTold(receiver, (told) => assert.equal(alertsIn(told, 'resolved').length, all), 120_000);
  await scene.untilKept(stage.settledWith(0), 60_000);
  await untilTicks(agent, 4);
  const told = stage.toldTo(receiver);
  for (const status of ['firing', 'resolved']) {
    const names = alertsIn(told, status).map(({ labels }) => `${labels.k} ${labels.n}`);
    assert.equal(new Set(names).size, all, `${status}: each`);
  }
  assert.ok(told.every(({ alerts }) => new Set(alerts.map(({ labels }) => labels.k)).size === 1));
  assert.ok(told.every(({ truncatedAlerts }) => truncatedAlerts === 0));
  const times = timesOf(stored(agent, 'system', {}, startedMs));
  const missed = Math.max(0, ...valuesOf(stored(agent, 'agent', {}, startedMs), 'ticks_missed_total'));
  const gaps = times.slice(1).map((time, i) => time - times[i]!);
  const after = residentMB(agent);
  t.diagnostic(
    `told in ${told.length} messages, all that began after ${toldMs} ms; ${times.length} ticks, ${missed} missed, ` +
      `longest gap ${Math.max(...gaps)} ms of ${tickMs}; ${before} MB before, ${firing} while they fire, ${after} after`,
  );
  const span = Math.round((times.at(-1)! - times[0]!) / tickMs) + 1;
  assert.ok(times.length + missed >= span * 0.9, `${times.length} ticks and ${missed} missed of ${span}`);
  assert.ok(Math.max(firing, after) - before < 250 + all * 0.02, `${before}, ${firing}, ${after} MB`);
});

function alertsIn(told: readonly stage.Told[], status: string) {
  return told.flatMap(({ alerts }) => alerts.filter((one) => one.status === status));
}

function residentMB({ process }: TestAgent): number {
  const status = readFileSync(`/proc/${process.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024);
}

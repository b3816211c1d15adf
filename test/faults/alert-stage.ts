import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import type { ShownAlert } from '../../agent/alert-shape.ts';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import type { KeptAlerts } from '../../workers/contract/alert-tasks.ts';
import { openReader } from '../../workers/store/reader.ts';
import type { TestAgent } from '../support/agent.ts';
import { type HttpReceiver, startHttpReceiver } from '../support/http-receiver.ts';
import { startRedis, untilTrue } from '../support/servers.ts';
import { atEnd, newAgent, newFolder, tickMs } from './stage.ts';

/** What Alertmanager's webhooks get, version 4, with the id that tells a repeated one. */
export interface Told {
  readonly id: string;
  readonly status: string;
  readonly truncatedAlerts: number;
  readonly alerts: readonly {
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

export function toldTo({ requests }: HttpReceiver): Told[] {
  return requests.map(({ headers, body }) => ({
    ...(JSON.parse(body) as Told),
    id: String(headers['x-nova-notification-id']),
  }));
}

/** Told ones without those that came again. */
export function onceEach(told: readonly Told[]): Told[] {
  return [...new Map(told.map((one) => [one.id, one])).values()];
}

export async function newReceiver(): Promise<HttpReceiver> {
  const receiver = await startHttpReceiver();
  atEnd(() => receiver.close());
  return receiver;
}

/** A folder with rules and receivers, and what the agents that run there one after the other watch. */
export interface AlertStage {
  readonly folder: string;
  start(more?: Readonly<Record<string, unknown>>, env?: Readonly<Record<string, string>>): Promise<TestAgent>;
  setRules(rules: string): Promise<void>;
  setNotify(notify: string): Promise<void>;
  /** Until the store holds what fits. */
  untilKept(fits: (kept: KeptAlerts) => void, timeoutMs?: number): Promise<void>;
}

export async function newAlertStage(rules: string, notify: string): Promise<AlertStage> {
  const folder = await newFolder();
  const stage: AlertStage = {
    folder,
    start: (more, env) =>
      newAgent(
        {
          agent: { interval: `${tickMs}ms`, budget: { cpuPercent: 100 } },
          queues: false,
          rules: ['rules.yml'],
          notify: 'notify.yml',
          ...more,
        },
        folder,
        env,
      ),
    setRules: (text) => save(join(folder, 'rules.yml'), text),
    setNotify: (text) => save(join(folder, 'notify.yml'), text),
    untilKept: (fits, timeoutMs) => untilTrue(() => fits(keptIn(join(folder, 'data'))), timeoutMs),
  };
  await stage.setRules(rules);
  await stage.setNotify(notify);
  return stage;
}

/** As an editor does: the file is never half of anything. */
async function save(path: string, text: string): Promise<void> {
  await writeFile(`${path}~`, text);
  await rename(`${path}~`, path);
}

function keptIn(dataDir: string): KeptAlerts {
  const reader = openReader(storePathOf(dataDir));
  try {
    return reader.keptAlerts();
  } finally {
    reader.close();
  }
}

/** All alerts to all of these webhooks, at once and again after 1 s. */
export function tellAll(receivers: readonly HttpReceiver[], groupBy = 'alertname', repeat = '4h'): string {
  const names = receivers.map((_, i) => `to${i}`);
  return `
route:
  receiver: to0
  group_by: [${groupBy}]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: ${repeat}
  routes:
${names.map((name) => `    - {receiver: ${name}, continue: true}`).join('\n')}
receivers:
${receivers
  .map((receiver, i) => `  - {name: to${i}, webhook_configs: [{url: '${receiver.url}', timeout: 2s}]}`)
  .join('\n')}
`;
}

/** A rule file of one group. */
export function ruleFile(...rules: readonly object[]): string {
  return JSON.stringify({ groups: [{ name: 'all', rules }] });
}

/** Real queues, whose depth rules look at. */
export interface TestQueues {
  readonly config: Readonly<Record<string, unknown>>;
  fill(index?: number): Promise<void>;
  drain(index?: number): Promise<void>;
}

export async function newQueues(count = 1): Promise<TestQueues> {
  const redis = await startRedis();
  atEnd(() => redis.remove());
  const queues: Queue[] = [];
  for (let i = 0; i < count; i++) {
    const queue = new Queue(`mail${i}`, { connection: { url: redis.url } });
    atEnd(() => queue.close());
    await queue.waitUntilReady();
    queues.push(queue);
  }
  return {
    config: { queues: [{ name: 'main', redis: redis.url }] },
    fill: async (index = 0) => {
      await queues[index]!.addBulk(Array.from({ length: 30 }, (_, i) => ({ name: 'send', data: { i } })));
    },
    drain: (index = 0) => queues[index]!.drain(),
  };
}

export function alertsOf(agent: TestAgent, status = 'active'): Promise<ShownAlert[]> {
  return agent.get<ShownAlert[]>(`/api/monitoring/alerts?status=${status}&limit=100`);
}

export function untilTold(receiver: HttpReceiver, fits: (told: Told[]) => void, timeoutMs = 30_000) {
  return untilTrue(() => fits(toldTo(receiver)), timeoutMs);
}

/** Nothing waits to be delivered, and so many alerts fire. */
export function settledWith(firing: number) {
  return ({ waiting, alerts }: KeptAlerts): void => {
    assert.deepEqual(
      [waiting.length, alerts.filter(({ state }) => state === 'firing').length],
      [0, firing],
      'waiting, firing',
    );
  };
}

import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { stringify } from 'yaml';
import { MetricReader } from '../../workers/store/metric-reader.ts';
import { openReader } from '../../workers/store/reader.ts';
import { startAgent } from '../support/agent.ts';
import { buildAgent } from '../support/built-agent.ts';
import { startRedis, temporaryFolder } from '../support/servers.ts';
import { fillQueues } from './agent-beside.ts';
import { sleep } from './cost.ts';
import { median, type Row, valueAtMost } from './row.ts';

const queues = 200;
const crossings = 20;
const warmUpMs = 30_000;
/** The agent says every 10 s how it does. */
const settleMs = 12_000;
/** Rules that go on beside the one that is timed. */
const otherRules = 1000;
const allowedMs = 200;

/** From jobs that bring a queue over its limit to the arrival of the webhook, while 1,000 other rules run. */
export async function* alerting(): AsyncGenerator<Row> {
  const built = await buildAgent();
  try {
    for (const intervalMs of [2000, 500]) yield* measured(built.main, intervalMs);
  } finally {
    await built.remove();
  }
}

async function* measured(main: string, intervalMs: number): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-alerting-');
  const redis = await startRedis();
  const client = new Redis(redis.url);
  const arrivals = new Map<string, number>();
  const receiver = await startReceiver(arrivals);
  const names = await fillQueues(redis.url, queues);
  await writeFile(join(folder, 'rules.yml'), stringify(ruleFile(names)));
  await writeFile(join(folder, 'notify.yml'), stringify(notifyFile(receiver)));
  const agent = await startAgent(
    {
      agent: { interval: `${intervalMs}ms` },
      queues: [{ name: 'main', redis: redis.url }],
      rules: ['rules.yml'],
      notify: 'notify.yml',
    },
    { folder, main },
  );
  try {
    await sleep(warmUpMs);
    const tookMs: number[] = [];
    for (const name of names.slice(0, crossings)) {
      // At any time of an interval.
      await sleep(((tookMs.length * 0.37) % 1) * intervalMs);
      await client.rpush(`bull:${name}:wait`, ...Array.from({ length: 30 }, (_, i) => `${100 + i}`));
      const crossedMs = performance.now();
      tookMs.push((await arrivalOf(name, arrivals)) - crossedMs);
    }
    await sleep(settleMs);
    await agent.stop();
    const label = `every ${intervalMs} ms`;
    const limitMs = intervalMs + allowedMs;
    const interval = ['one interval', intervalMs] as const;
    yield valueAtMost(
      'alerting',
      `${label}: crossing to webhook, median ms`,
      median(tookMs),
      interval,
      limitMs,
    );
    yield valueAtMost('alerting', `${label}: the same, most ms`, Math.max(...tookMs), interval, limitMs);
    const { ticks, missed, delaysMs } = ticksOf(join(agent.dataDir, 'store.db'));
    yield valueAtMost('alerting', `${label}: ticks missed meanwhile`, missed, ['ticks', ticks], 0);
    // Intervals as short as the histogram's own resolution have no delay that is known.
    if (delaysMs.length === 0) return;
    const delay = median(delaysMs);
    yield valueAtMost('alerting', `${label}: event-loop delay p99, ms`, delay, interval, intervalMs / 20);
  } finally {
    await agent.stop('SIGKILL');
    client.disconnect();
    receiver.close();
    receiver.closeAllConnections();
    await redis.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startReceiver(arrivals: Map<string, number>): Promise<Server> {
  const receiver = createServer((request, response) => {
    const arrivedMs = performance.now();
    let text = '';
    request.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    request.on('end', () => {
      const { groupLabels } = JSON.parse(text) as { groupLabels: Record<string, string> };
      arrivals.set(groupLabels.queue!, arrivedMs);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  return receiver;
}

async function arrivalOf(name: string, arrivals: ReadonlyMap<string, number>): Promise<number> {
  for (let i = 0; i < 3000; i++) {
    const arrivedMs = arrivals.get(name);
    if (arrivedMs !== undefined) return arrivedMs;
    await sleep(10);
  }
  throw new Error(`no notification about ${name} in 30 s`);
}

function ruleFile(names: readonly string[]): object {
  const others = Array.from({ length: otherRules }, (_, i) => ({
    alert: `other-${i}`,
    expr: otherExpression(i, names[i % names.length]!),
    labels: { severity: 'warning' },
    annotations: { summary: '{{ $labels.queue }} at {{ $value }}' },
  }));
  const timed = { alert: 'high-queue', expr: 'queue_waiting > 20' };
  return {
    groups: [
      { name: 'others', rules: others },
      { name: 'timed', rules: [timed] },
    ],
  };
}

function otherExpression(i: number, queue: string): string {
  if (i % 5 === 0) return `avg_over_time(queue_active{queue="${queue}"}[5m]) > 1000`;
  if (i % 5 === 1) return `rate(queue_completed{queue="${queue}"}[1m]) > 1000`;
  if (i % 50 === 2) return `sum by (host) (queue_waiting) > ${1_000_000 + i}`;
  return `queue_waiting{queue="${queue}"} > ${1000 + i}`;
}

function notifyFile(receiver: Server): object {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  return {
    route: { receiver: 'webhook', group_by: ['queue'], group_wait: '0s', group_interval: '5m' },
    receivers: [{ name: 'webhook', webhook_configs: [{ url }] }],
  };
}

/** What the agent said of its own ticks. */
function ticksOf(path: string): {
  ticks: number;
  missed: number;
  delaysMs: ArrayLike<number> & Iterable<number>;
} {
  const reader = openReader(path);
  try {
    const metrics = new MetricReader(reader, 0);
    const all = (name: string) =>
      metrics.select([{ name: '__name__', op: '=', value: name }], 0, Number.MAX_SAFE_INTEGER)[0]?.values ??
      [];
    return {
      ticks: metrics.tickTimes(0, Number.MAX_SAFE_INTEGER).length,
      missed: Math.max(...all('agent_ticks_missed_total')),
      delaysMs: all('agent_eventloop_delay_p99_ms'),
    };
  } finally {
    reader.close();
  }
}

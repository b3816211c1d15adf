import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import type { TestAgent } from '../support/agent.ts';
import { freePort, serve, startRedis, untilTrue } from '../support/servers.ts';
import * as stage from './alert-stage.ts';
import { isFull } from './scale.ts';
import { atEnd, newFolder } from './stage.ts';
import '../support/watchdog.ts';

/** Rules that only need what both have: the depth of queues, every second. */
const rules = {
  groups: [
    {
      name: 'queues',
      interval: '1s',
      rules: [
        { record: 'queue:waiting:sum', expr: 'sum by (queue) (queue_waiting)' },
        { alert: 'Deep', expr: 'queue_waiting > 20' },
        { alert: 'DeepFor', expr: 'queue_waiting > 20', for: '5s' },
        { alert: 'DeepForLong', expr: 'queue_waiting > 20', for: '30s' },
        { alert: 'DeepKept', expr: 'queue_waiting > 20', keep_firing_for: '6s' },
        { alert: 'DeepSum', expr: 'queue:waiting:sum > 20', for: '6s' },
        { alert: 'Lasting', expr: 'avg_over_time(queue_waiting[5s]) > 25' },
        { alert: 'Both', expr: 'count(ALERTS{alertname="Deep",alertstate="firing"}) > 1' },
        { alert: 'Gone', expr: 'absent(queue_waiting{queue="none"})', for: '3s' },
      ],
    },
  ],
};

/** What is done to the two queues, a line a step: fill or drain, and how long nothing happens then. */
const story: readonly (readonly [what: string, queue: number, thenMs: number])[] = [
  ['fill', 0, 2500],
  ['drain', 0, 4000],
  ['fill', 0, 12_000],
  ['fill', 1, 12_000],
  ['drain', 0, 3000],
  ['fill', 0, 2500],
  ['drain', 0, 10_000],
  ['drain', 1, 12_000],
  ['fill', 1, 40_000],
  ['drain', 1, 15_000],
];

interface Turn {
  readonly timeMs: number;
  readonly states: string;
}

/** The states that were seen of each alert, in order, each with the time of its first sight. */
type Timeline = Map<string, Turn[]>;

test('the same rules over the same queues give the same pending, firing and ended alerts as a running Prometheus', {
  skip: !isFull && 'belongs to the whole campaign',
}, async (t) => {
  const redis = await startRedis();
  atEnd(() => redis.remove());
  const queues = ['mail', 'sms'].map((name) => new Queue(name, { connection: { url: redis.url } }));
  for (const queue of queues) {
    atEnd(() => queue.close());
    await queue.add('first', {});
  }
  const exporter = await startExporter(queues);
  const scene = await stage.newAlertStage(JSON.stringify(rules), stage.tellAll([await stage.newReceiver()]));
  const agent = await scene.start({
    agent: { interval: '1s', budget: { cpuPercent: 100 } },
    queues: [{ name: 'main', redis: redis.url }],
  });
  const prometheus = await startPrometheus(exporter, JSON.stringify(rules));
  const [ours, theirs]: Timeline[] = [new Map(), new Map()];
  const watching = new AbortController();
  const watched = watch(
    watching.signal,
    () => note(ours!, statesOfAgent(agent)),
    () => note(theirs!, statesOf(prometheus)),
  );
  await untilTrue(() => assert.equal(last(theirs!, 'Gone none'), 'firing'), 60_000);
  await untilTrue(() => assert.equal(last(ours!, 'Gone none'), 'firing'), 60_000);
  for (const [what, index, thenMs] of story) {
    if (what === 'drain') await queues[index]!.drain();
    else await queues[index]!.addBulk(Array.from({ length: 30 }, (_, i) => ({ name: 'job', data: { i } })));
    await sleep(thenMs);
  }
  watching.abort();
  await watched;
  assert.deepEqual(sequences(ours!), sequences(theirs!));
  const apart = [...ours!].flatMap(([key, turns]) =>
    turns.slice(1).map(({ timeMs }, i) => Math.abs(timeMs - theirs!.get(key)![i + 1]!.timeMs)),
  );
  apart.sort((a, b) => a - b);
  t.diagnostic(
    `${apart.length} turns of ${ours!.size} alerts the same; apart by a median of ${apart[apart.length >> 1]} ms, at most ${apart.at(-1)} ms`,
  );
});

/** Answers with the depth of the queues as they are. */
async function startExporter(queues: readonly Queue[]): Promise<number> {
  const server = createServer((_, response) => {
    void Promise.all(queues.map(async (queue) => [queue.name, await queue.getWaitingCount()] as const)).then(
      (all) => response.end(all.map(([name, count]) => `queue_waiting{queue="${name}"} ${count}\n`).join('')),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

async function startPrometheus(exporter: number, ruleText: string): Promise<string> {
  const folder = await newFolder();
  const port = await freePort();
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'rules.yml'), ruleText);
  const scrape = { job_name: 'queues', static_configs: [{ targets: [`127.0.0.1:${exporter}`] }] };
  const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  const config = { global, rule_files: ['rules.yml'], scrape_configs: [scrape] };
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const url = `http://127.0.0.1:${port}`;
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  const server = await serve('prometheus', args, port, folder, url, async () => {
    if ((await fetch(`${url}/-/ready`)).status !== 200) throw new Error('not ready');
  });
  atEnd(() => server.remove());
  return url;
}

async function watch(signal: AbortSignal, ...looks: readonly (() => Promise<void>)[]): Promise<void> {
  // A look that fails on a busy machine is made again.
  while (!signal.aborted) await Promise.all([sleep(200), ...looks.map((look) => look().catch(() => {}))]);
}

async function statesOf(prometheus: string): Promise<[string, string][]> {
  const answer = (await (await fetch(`${prometheus}/api/v1/alerts`)).json()) as {
    data: { alerts: { state: string; labels: Record<string, string> }[] };
  };
  return answer.data.alerts.map(({ state, labels }) => [keyOf(labels), state]);
}

async function statesOfAgent(agent: TestAgent): Promise<[string, string][]> {
  // One that begins to fire between the two is in both: what comes last counts.
  const [pending, firing] = [await stage.alertsOf(agent, 'pending'), await stage.alertsOf(agent)];
  return [
    ...pending.map(({ data }): [string, string] => [keyOf(data.labels), 'pending']),
    ...firing.map(({ data }): [string, string] => [keyOf(data.labels), 'firing']),
  ];
}

/** Prometheus and the agent add other labels of where a series comes from. */
function keyOf({ alertname, queue }: Readonly<Record<string, string>>): string {
  return queue === undefined ? alertname! : `${alertname} ${queue}`;
}

async function note(timeline: Timeline, looked: Promise<[string, string][]>): Promise<void> {
  const states = new Map(await looked);
  const timeMs = Math.round(performance.now());
  for (const key of new Set([...timeline.keys(), ...states.keys()])) {
    const turns = timeline.get(key) ?? [{ timeMs, states: 'none' }];
    timeline.set(key, turns);
    const now = states.get(key) ?? 'none';
    if (turns.at(-1)!.states !== now) turns.push({ timeMs, states: now });
  }
}

function last(timeline: Timeline, key: string): string | undefined {
  return timeline.get(key)?.at(-1)?.states;
}

function sequences(timeline: Timeline): Record<string, string[]> {
  const sorted = [...timeline].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, turns]) => [key, turns.map(({ states }) => states)]));
}

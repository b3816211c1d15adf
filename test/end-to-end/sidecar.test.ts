import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Queue, Worker } from 'bullmq';
import type { HistoricalRow, Snapshot } from '../../agent/snapshot-shape.ts';
import { projectRoot, slowness, startAgent, type TestAgent } from '../support/agent.ts';
import { influxQuery, startInflux, startRedis, type TestServer, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/**
 * The main job, end to end: a loaded Node process, a real Redis with BullMQ workers and a real InfluxDB; what
 * InfluxQL returns must agree with /proc and BullMQ read at the same moments.
 */
const intervalMs = 1000;
let redis: TestServer;
let influx: TestServer;
let app: ChildProcess;
let appPids: { pid: number; port: number; child: number };
let agent: TestAgent;
const queues: Queue[] = [];
const workers: Worker[] = [];

/** CPU ticks of the watched process and its child, and its memory, read over and over by ourselves. */
interface ProcReading {
  readonly timeMs: number;
  readonly cpuTicks: number;
  readonly rssBytes: number;
  readonly memoryPercent: number;
}
const readings: ProcReading[] = [];
let readingTimer: NodeJS.Timeout;

before(async () => {
  [redis, influx] = await Promise.all([startRedis(), startInflux()]);
  app = spawn(process.execPath, ['--import', 'tsx', join(projectRoot, 'test/fixtures/loaded-app.ts'), '30'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  appPids = await new Promise((resolve) => app.stdout!.once('data', (text) => resolve(JSON.parse(text))));
  const connection = { host: '127.0.0.1', port: redis.port };
  for (const name of ['emails', 'reports']) queues.push(new Queue(name, { connection }));
  const worker = new Worker('emails', async () => new Promise((resolve) => setTimeout(resolve, 20)), {
    connection,
  });
  workers.push(worker);
  readingTimer = setInterval(() => readings.push(readProc()), 50);
  agent = await startAgent({
    agent: { interval: `${intervalMs}ms`, tags: { env: 'test' } },
    processes: [{ name: 'crm', port: appPids.port }],
    queues: [{ name: 'main', redis: redis.url }],
    redis: { url: redis.url },
    influx: [{ name: 'influx', url: influx.url, version: 'auto', database: 'test', flushInterval: '1s' }],
  });
});

after(async () => {
  clearInterval(readingTimer);
  await agent?.stop('SIGKILL');
  await Promise.all(workers.map((worker) => worker.close()));
  await Promise.all(queues.map((queue) => queue.close()));
  app?.kill('SIGKILL');
  if (appPids) process.kill(appPids.child, 'SIGKILL');
  await redis?.remove();
  await influx?.remove();
  if (agent) await rm(agent.folder, { recursive: true, force: true });
});

function readProc(): ProcReading {
  const fields = (pid: number) => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  };
  const own = [appPids.pid, appPids.child].map(fields);
  const memory = readFileSync('/proc/meminfo', 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(memory)![1]);
  return {
    timeMs: Date.now(),
    cpuTicks: own.reduce((sum, stat) => sum + stat[11]! + stat[12]!, 0),
    rssBytes: own.reduce((sum, stat) => sum + stat[21]! * 4096, 0),
    memoryPercent: 100 * (1 - kilobytes('MemAvailable') / kilobytes('MemTotal')),
  };
}

function readingAt(timeMs: number): ProcReading {
  return readings.reduce((best, reading) =>
    Math.abs(reading.timeMs - timeMs) < Math.abs(best.timeMs - timeMs) ? reading : best,
  );
}

/** Rows of a measurement as objects, oldest first, taken when at least `atLeast` are there. */
async function rows(query: string, atLeast: number): Promise<Record<string, number>[]> {
  let found: Record<string, number>[] = [];
  await untilTrue(async () => {
    const [series] = await influxQuery(influx.url, query);
    found = (series?.values ?? []).map((row) =>
      Object.fromEntries(series!.columns.map((column, i) => [column, row[i] as number])),
    );
    assert.ok(found.length >= atLeast, `${query}: ${found.length} rows\n${agent.log()}`);
  }, 40_000);
  return found;
}

test('CPU and memory of the process and its child in InfluxDB agree with /proc at the same moments', async () => {
  const points = await rows(`SELECT * FROM process WHERE process = 'crm' AND env = 'test'`, 10);
  let compared = 0;
  let meanOurs = 0;
  let meanProc = 0;
  for (const point of points) {
    assert.equal(point.pid, appPids.pid);
    if (point.cpu_usage_percent === null || point.time! - intervalMs < readings[0]!.timeMs) continue;
    const now = readingAt(point.time!);
    const before = readingAt(point.time! - intervalMs);
    meanOurs += point.cpu_usage_percent!;
    meanProc += ((now.cpuTicks - before.cpuTicks) * 1000) / (now.timeMs - before.timeMs);
    compared++;
    const rss = point.memory_rss_bytes! / now.rssBytes;
    assert.ok(rss > 0.8 && rss < 1.25, `memory ${point.memory_rss_bytes} against ${now.rssBytes}`);
  }
  assert.ok(compared >= 5);
  const ratio = meanOurs / meanProc;
  assert.ok(ratio > 0.85 && ratio < 1.15, `mean CPU ${meanOurs / compared} against ${meanProc / compared}`);
});

test('memory of the host in InfluxDB agrees with /proc/meminfo at the same moments', async () => {
  const points = await rows('SELECT memory_usage_percent FROM system', 5);
  for (const point of points) {
    const own = readingAt(point.time!).memoryPercent;
    assert.ok(
      Math.abs(point.memory_usage_percent! - own) < 5,
      `${point.memory_usage_percent} against ${own}`,
    );
  }
});

test('queue counts in InfluxDB are those that BullMQ gives', async () => {
  const [emails, reports] = queues;
  await reports!.addBulk(
    Array.from({ length: 7 }, (_, i) => ({ name: 'job', data: {}, opts: { delay: i < 2 ? 3_600_000 : 0 } })),
  );
  await emails!.addBulk(Array.from({ length: 40 }, () => ({ name: 'job', data: {} })));
  await untilTrue(async () => assert.equal((await emails!.getJobCounts('completed')).completed, 40));
  const own = { emails: await emails!.getJobCounts(), reports: await reports!.getJobCounts() };
  assert.equal(own.reports.waiting, 5);
  const settledMs = Date.now();
  for (const [name, counts] of Object.entries(own)) {
    const query = `SELECT * FROM queue WHERE queue = '${name}' AND time > ${settledMs + intervalMs}ms`;
    const [point] = await rows(query, 1);
    const ours = {
      waiting: point!.waiting,
      active: point!.active,
      delayed: point!.delayed,
      completed: point!.completed,
    };
    const { waiting, active, delayed, completed } = counts;
    assert.deepEqual(ours, { waiting, active, delayed, completed });
  }
});

test('the past minute is asked for in InfluxQL as the README shows it', async () => {
  const [means] = await rows(
    'SELECT MEAN("cpu_usage_percent") AS cpu FROM "system" WHERE time > now() - 1h',
    1,
  );
  assert.ok(means!.cpu! >= 0 && means!.cpu! <= 100);
});

test('the snapshot and the history over HTTP have the promised names', async () => {
  const snapshot = await agent.get<Snapshot>('/api/monitoring/snapshot');
  assert.equal(snapshot.api, null);
  assert.ok(snapshot.system!.cpu.usage! >= 0);
  assert.ok(snapshot.system!.uptime! > 0);
  assert.deepEqual(snapshot.queues!.map(({ queueName }) => queueName).sort(), ['emails', 'reports']);
  const history = await agent.get<HistoricalRow[]>('/api/monitoring/historical?hours=1&step=2s');
  assert.ok(history.length >= 2);
  assert.ok(history.every((row) => row.apiErrorRate === null));
  assert.ok(history.some((row) => row.cpuUsage !== null && row.memoryUsage !== null));
});

test('the ledger holds: collected = delivered + waiting + quarantined + dropped', async () => {
  const { ledger, ready } = await agent.ready();
  assert.equal(ready, true);
  const [sink] = ledger;
  const dropped = Object.values(sink!.dropped).reduce((sum, points) => sum + points, 0);
  assert.equal(sink!.collected, sink!.delivered + sink!.waiting + sink!.quarantined + dropped);
  assert.ok(sink!.delivered > 0);
  assert.equal(dropped + sink!.quarantined, 0);
});

test('SIGTERM delivers what waits and ends with 0 in at most 5 s', async () => {
  const { code, tookMs } = await agent.stop('SIGTERM');
  assert.equal(code, 0, agent.log());
  assert.ok(tookMs <= 5000 * (await slowness()), `${tookMs}`);
});

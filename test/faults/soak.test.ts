import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { Redis } from 'ioredis';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { startRedis, type TestServer } from '../support/servers.ts';
import { askedLedger, endAndCheck, stored, untilTicks, valuesOf } from './evidence.ts';
import { isFull, scale } from './scale.ts';
import { atEnd, configFor, destination, newFolder, newInflux, tickMs } from './stage.ts';
import '../support/watchdog.ts';

/** The agent at its busiest, 100 queues every 250 ms, for a long time. */
const queues = 100;
const runMs = scale(16_000, 30 * 60_000);
const everyMs = scale(500, 5000);
/** Megabytes a minute, over half an hour. */
const mostSlope = 0.15;
/** From the first to the last third of a quarter of a minute: of a leak that would be a megabyte a tick. */
const mostGrowthMegabytes = 32;
/** Part of all ticks; the sample runs beside other tests. */
const mostMissed = scale(0.25, 0.02);
let built: BuiltAgent;
let influx: TestServer;
let redis: TestServer;
let agent: TestAgent;

before(async () => {
  [built, influx, redis] = await Promise.all([buildAgent(), newInflux(), startRedis()]);
  atEnd(() => built.remove());
  atEnd(() => redis.remove());
  const client = new Redis(redis.url);
  for (let i = 0; i < queues; i++) {
    await client.hset(`bull:queue-${i}:meta`, 'version', 'bullmq:6');
    await client.rpush(`bull:queue-${i}:wait`, '1');
  }
  client.disconnect();
  agent = await startAgent(
    {
      ...configFor(destination(influx.url)),
      queues: [{ name: 'main', redis: redis.url }],
      redis: { url: redis.url },
    },
    { folder: await newFolder(), main: built.main },
  );
  atEnd(() => agent.stop('SIGKILL'));
});

function rssMegabytes(): number {
  const status = readFileSync(`/proc/${agent.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

function openFiles(): number {
  const status = readFileSync(`/proc/${agent.process.pid}/status`, 'utf8');
  return Number(/FDSize:\s+(\d+)/.exec(status)![1]);
}

test('memory and open files stay level', async (t) => {
  await untilTicks(agent, 40);
  const minutes: number[] = [];
  const megabytes: number[] = [];
  const filesAtStart = openFiles();
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startMs;
      minutes.push(elapsedMs / 60_000);
      megabytes.push(rssMegabytes());
      if (elapsedMs < runMs) return;
      clearInterval(timer);
      resolve();
    }, everyMs);
  });
  // The first part is warming up: the ring of 15 minutes fills, code is compiled.
  const from = Math.floor(minutes.length * (isFull ? 0.55 : 1 / 4));
  const settled = megabytes.slice(from);
  const slope = slopeOf(minutes.slice(from), settled);
  const third = Math.floor(settled.length / 3);
  const growth = medianOf(settled.slice(-third)) - medianOf(settled.slice(0, third));
  t.diagnostic(
    `RSS ${megabytes[0]!.toFixed(1)} → ${settled[0]!.toFixed(1)} → ${settled.at(-1)!.toFixed(1)} MB, most ${Math.max(...megabytes).toFixed(1)}, ${growth.toFixed(1)} MB more at last, slope ${slope.toFixed(3)} MB a minute over the last ${(minutes.at(-1)! - minutes[from]!).toFixed(1)} minutes`,
  );
  // A quarter of a minute sees a garbage collection of three heaps more or less, which is no slope; half an hour does not.
  if (isFull) assert.ok(slope <= mostSlope, `${slope.toFixed(3)} MB a minute`);
  else assert.ok(growth <= mostGrowthMegabytes, `${growth.toFixed(1)} MB more`);
  assert.ok(openFiles() <= filesAtStart * 2, `${openFiles()} file slots, ${filesAtStart} before`);
  await askedLedger(agent);
});

test('hardly a tick was missed, and each point is in InfluxDB once', async (t) => {
  const missed = valuesOf(stored(agent, 'agent', {}, Date.now() - 60_000), 'ticks_missed_total').at(-1)!;
  t.diagnostic(`${missed} ticks missed`);
  assert.ok(missed <= (runMs / tickMs) * mostMissed, `${missed} ticks missed`);
  t.diagnostic(`${await endAndCheck(agent, influx.url)} points, each once in InfluxDB`);
});

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Least squares. */
function slopeOf(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const over = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  return over / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}

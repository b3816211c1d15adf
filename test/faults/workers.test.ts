import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectRoot, slowness, startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { type TestServer, untilTrue } from '../support/servers.ts';
import { bulkKeys } from './bulk.ts';
import { askedLedger, endAndCheck, stored, ticksOf, timesOf, untilTicks, valuesOf } from './evidence.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, fillStore, newFolder, newInflux } from './stage.ts';
import '../support/watchdog.ts';

/**
 * The real tick worker of the compiled agent loops, leaks, exits and throws in the middle of a transaction of each
 * of its tasks (see worker-fault.mjs).
 */
const intervalMs = 500;
const mostReplacedMs = 3000;
const rounds = scale(1, 5);
const hourMs = 3_600_000;
const pastQueues = 5;
/** 2 s apart, so that a past hour is full whatever the time is. */
const pastTicks = 3 * 1800;
let influx: TestServer;
let built: BuiltAgent;
let agent: TestAgent;
let folder: string;
let startedMs: number;
let faults = 0;

const faultFile = () => join(folder, 'fault');

before(async () => {
  [influx, built, folder] = await Promise.all([newInflux(), buildAgent(), newFolder()]);
  atEnd(() => built.remove());
  fillStore(folder, bulkKeys(pastQueues), pastTicks);
  // One slice of the compaction of those hours does not end.
  strike('loop compact');
  startedMs = Date.now();
  agent = await startFaulty();
  await untilStruck('loop compact');
});

async function startFaulty(): Promise<TestAgent> {
  const hook = pathToFileURL(join(projectRoot, 'test/faults/worker-fault.mjs'));
  const agent = await startAgent(
    {
      ...configFor(destination(influx.url)),
      agent: { interval: `${intervalMs}ms`, budget: { cpuPercent: 100 } },
    },
    { folder, main: built.main, env: { NODE_OPTIONS: `--import ${hook}`, FAULT_FILE: faultFile() } },
  );
  atEnd(() => agent.stop('SIGKILL'));
  return agent;
}

function strike(fault: string): void {
  writeFileSync(faultFile(), fault);
}

function untilStruck(fault: string): Promise<void> {
  return untilTrue(
    () => assert.ok(!existsSync(faultFile()), `${fault} did not strike\n${agent.log()}`),
    30_000,
    5,
  );
}

function threadsOf({ process }: TestAgent): number {
  return Number(/Threads:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))![1]);
}

/** How long after the fault struck a tick was committed again. */
async function replacedAfterMs(fault: string): Promise<number> {
  faults++;
  strike(fault);
  await untilStruck(fault);
  const struckMs = performance.now();
  await untilTicks(agent, 1);
  return performance.now() - struckMs;
}

describe('a worker that fails in a task is replaced in 3 s', () => {
  for (const task of ['tick', 'deliver']) {
    for (const kind of ['loop', 'leak', 'exit', 'throw']) {
      test(`${kind} in ${task}`, async (t) => {
        for (let round = 0; round < rounds; round++) {
          const took: number[] = [];
          // Once more where other work on the machine made it late.
          while (took.length < 3 && !took.some((tookMs) => tookMs <= mostReplacedMs))
            took.push(Math.round(await replacedAfterMs(`${kind} ${task}`)));
          t.diagnostic(`replaced after ${took.join(', ')} ms`);
          assert.ok(Math.min(...took) <= mostReplacedMs, `replaced after ${took.join()} ms\n${agent.log()}`);
          await askedLedger(agent);
        }
      });
    }
  }
});

test('what was not sampled is a gap that is counted, and nothing is invented', async (t) => {
  await untilTicks(agent, 2);
  const hosts = stored(agent, 'system', {}, startedMs);
  const times = timesOf(hosts);
  assert.equal(new Set(times).size, times.length, 'no time is used twice');
  const span = Math.round((times.at(-1)! - times[0]!) / intervalMs) + 1;
  const missing = span - times.length;
  const counted = valuesOf(stored(agent, 'agent', {}, startedMs), 'ticks_missed_total').at(-1)!;
  t.diagnostic(`${missing} of ${span} ticks are not there, ${counted} are counted as missed`);
  // A loop costs the ticks of its 2 s.
  assert.ok(counted >= rounds * 6, `${counted} counted`);
  // A worker that fails right after its commit leaves a tick that is counted all the same.
  assert.ok(counted >= missing && counted <= missing + faults, `${counted} counted, ${missing} missing`);
  for (const { values } of hosts) {
    const { cpu_usage_percent: cpu = 0, memory_total_bytes: memory } = values;
    // A quota may be overdrawn for a moment.
    assert.ok(cpu >= 0 && cpu <= 200 && memory! > 0, JSON.stringify(values));
  }
  const restarts = valuesOf(stored(agent, 'process', {}, startedMs), 'restarts_total');
  assert.deepEqual([...new Set(restarts)], [0], 'our worker was started anew, not the watched process');
});

test('compaction that failed is done by the worker that took over, and loses nothing', async () => {
  assert.match(agent.log(), /store compaction: worker task compact: not done in 2000 ms/);
  await untilTrue(() => assert.match(agent.log(), /store compaction: well again/, agent.log()), 60_000, 200);
  const past = stored(agent, 'bulk', {}, startedMs - 4 * hourMs);
  assert.equal(past.length, pastTicks * pastQueues);
  assert.equal(new Set(past.map(({ timeMs, tags }) => `${timeMs} ${tags.item}`)).size, past.length);
});

test('a tick after one that was not done in time has twice as long', async () => {
  const said = agent.log().length;
  strike('loop tick');
  await untilStruck('loop tick');
  strike('loop tick');
  await untilStruck('loop tick');
  await untilTicks(agent, 1);
  assert.match(
    agent.log().slice(said),
    /task tick: not done in 2000 ms[\s\S]*task tick: not done in 4000 ms/,
  );
});

test('a worker that took over has opened the store before it is asked anything else', () => {
  assert.doesNotMatch(agent.log(), /the first task of a worker/);
});

test('a disk that does not answer costs two threads and the ticks, and needs no restart', async (t) => {
  execFileSync('mkfifo', [`${faultFile()}.pipe`]);
  const threads = threadsOf(agent);
  strike('block tick');
  await untilTrue(() => assert.match(agent.log(), /wait for the kernel/), 30_000);
  const failing = performance.now() + scale(5000, 60_000);
  await untilTrue(() => assert.ok(performance.now() > failing), 120_000, 500);
  const more = threadsOf(agent) - threads;
  const { parts } = await agent.ready();
  assert.match(parts.find(({ part }) => part === 'store')?.problem ?? '', /wait for the kernel/);
  rmSync(faultFile());
  const pipe = openSync(`${faultFile()}.pipe`, 'r+');
  writeSync(pipe, 'go on, all');
  await untilTicks(agent, 3);
  closeSync(pipe);
  t.diagnostic(`${more} threads more while it lasted`);
  assert.ok(more <= 3, `${more} threads more`);
  await askedLedger(agent);
});

test('an agent whose disk does not answer ends in 5 s all the same', async (t) => {
  const said = agent.log().length;
  strike('block tick');
  await untilTrue(() => assert.match(agent.log().slice(said), /wait for the kernel/), 30_000);
  const { tookMs } = await agent.stop();
  t.diagnostic(`ended after ${Math.round(tookMs)} ms`);
  assert.ok(
    tookMs <= 5000 * (await slowness(built.main)),
    `ended after ${Math.round(tookMs)} ms\n${agent.log()}`,
  );
  assert.match(agent.log(), /while ending: tick worker: worker task close: workers wait for the kernel/);
  rmSync(faultFile());
  agent = await startFaulty();
});

test('an agent whose worker loops ends in 5 s all the same; the next one has all that was committed', async (t) => {
  strike('loop tick');
  await untilStruck('loop tick');
  const { code, tookMs } = await agent.stop();
  t.diagnostic(`ended after ${Math.round(tookMs)} ms`);
  assert.equal(code, 0, agent.log());
  assert.ok(
    tookMs <= 5000 * (await slowness(built.main)),
    `ended after ${Math.round(tookMs)} ms\n${agent.log()}`,
  );
  agent = await startFaulty();
  assert.ok((await ticksOf(agent)) > 0);
  t.diagnostic(`${await endAndCheck(agent, influx.url)} points, each once in InfluxDB`);
});

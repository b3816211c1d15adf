import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import type { ReadyPart, ReadyReport } from '../../agent/ready-shape.ts';
import { buildLayout, type PointKey } from '../../workers/point/point.ts';
import { openStore } from '../../workers/store/store.ts';
import { type FakeInflux, startFakeInflux } from '../agent/sinks/fakes/fake-influx.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { startInflux, type TestServer, temporaryFolder, untilTrue } from '../support/servers.ts';
import { entryOf, storeSettings } from './ledger.ts';
import { startWriteProxy, type WriteProxy } from './write-proxy.ts';

/** What the scenarios of one file start; all of it ends with the file, the last one first. */
const cleanups: (() => Promise<unknown> | unknown)[] = [];

after(async () => {
  for (let end = cleanups.pop(); end; end = cleanups.pop()) await end();
});

export function atEnd(end: () => Promise<unknown> | unknown): void {
  cleanups.push(end);
}

export async function newFolder(): Promise<string> {
  const folder = await temporaryFolder('nova-fault-');
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function newInflux(): Promise<TestServer> {
  const influx = await startInflux();
  atEnd(() => influx.remove());
  return influx;
}

export async function newFake(): Promise<FakeInflux> {
  const fake = await startFakeInflux();
  atEnd(() => fake.close());
  return fake;
}

export async function newProxy(target: string): Promise<WriteProxy> {
  const proxy = await startWriteProxy(target);
  atEnd(() => proxy.close());
  return proxy;
}

export const tickMs = 250;

/** One destination `influx` of version 1, as fast as it goes. */
export function destination(url: string, name = 'influx'): Record<string, unknown> {
  return { name, url, version: 1, database: 'test', flushInterval: '1s', maxPointsPerSecond: 1_000_000 };
}

/** Configuration of an agent that ticks often, watches this process and delivers there. */
export function configFor(...destinations: Record<string, unknown>[]): Record<string, unknown> {
  return {
    agent: { interval: `${tickMs}ms`, budget: { cpuPercent: 100 } },
    processes: [{ name: 'self', pid: process.pid }],
    queues: false,
    influx: destinations,
  };
}

export async function newAgent(
  config: Record<string, unknown>,
  given?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<TestAgent> {
  const agent = await startAgent(config, { folder: given ?? (await newFolder()), env });
  atEnd(() => agent.stop('SIGKILL'));
  return agent;
}

export function partOf(report: ReadyReport, name: string): ReadyPart {
  const part = report.parts.find((each) => each.part === name);
  assert.ok(part, `no part ${name}: ${JSON.stringify(report)}`);
  return part;
}

/** Until so many points wait. */
export function untilWaiting(agent: TestAgent, points: number): Promise<void> {
  return untilTrue(async () => {
    const { waiting } = entryOf(await agent.ready());
    assert.ok(waiting >= points, `${waiting} of ${points} points wait`);
  }, 60_000);
}

/** Until the destination takes points and hardly any wait. */
export function untilDelivered(agent: TestAgent, timeoutMs = 60_000, sink = 'influx'): Promise<void> {
  const check = async () => {
    const report = await agent.ready();
    const { waiting, delivered } = entryOf(report, sink);
    const { ok, problem } = partOf(report, `sink/${sink}`);
    assert.ok(ok && delivered > 0 && waiting <= 100, `${problem}; ${delivered} delivered, ${waiting} wait`);
  };
  return untilTrue(check, timeoutMs, 100);
}

/** Fills the store of an agent that does not run yet: `ticks` times these points, 2 s apart, up to now. */
export function fillStore(
  folder: string,
  keys: readonly PointKey[],
  ticks: number,
  sinks: readonly string[] = ['influx'],
): void {
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { recursive: true });
  const store = openStore(storePathOf(dataDir), storeSettings(sinks));
  const layout = buildLayout(keys);
  const startMs = Math.floor(Date.now() / 1000) * 1000 - ticks * 2000;
  for (let tick = 0; tick < ticks; tick++) {
    const values = Float64Array.from({ length: layout.width }, (_, i) => tick * 1000 + i);
    store.append(startMs + tick * 2000, [{ layout, values }], { lostPoints: 0, overflowPoints: 0 });
  }
  store.close();
}

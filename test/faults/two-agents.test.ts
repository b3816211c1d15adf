import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { runAgent, startAgent, type TestAgent, writeConfig } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import type { TestServer } from '../support/servers.ts';
import { askedLedger, endAndCheck, stored, timesOf, untilTicks } from './evidence.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, newFolder, newInflux } from './stage.ts';
import '../support/watchdog.ts';

/** Beyond what the command itself takes on this machine. */
const mostMs = 1000;
let built: BuiltAgent;
let influx: TestServer;
let folder: string;
let configFile: string;
let agent: TestAgent;

before(async () => {
  [built, influx, folder] = await Promise.all([buildAgent(), newInflux(), newFolder()]);
  atEnd(() => built.remove());
  configFile = await writeConfig(folder, configFor(destination(influx.url)));
  agent = await start();
});

async function start(): Promise<TestAgent> {
  const agent = await startAgent(configFor(destination(influx.url)), { folder, main: built.main });
  atEnd(() => agent.stop('SIGKILL'));
  return agent;
}

test('the second agent on a directory says who holds it and exits 1 in 1 s', async (t) => {
  const took: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < scale(5, 50); i++) {
    const { code, stderr, stdout, tookMs } = await runAgent(['run', '-c', configFile], { main: built.main });
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`${agent.dataDir} is in use by process ${agent.process.pid} on `));
    assert.equal(stdout, '');
    took.push(Math.round(tookMs));
    bare.push(Math.round((await runAgent(['--version'], { main: built.main })).tookMs));
  }
  const said = `exits after ${took.join(', ')} ms, for its version after ${bare.join(', ')} ms`;
  t.diagnostic(said);
  // The quickest: the others tell how busy the machine is.
  assert.ok(Math.min(...took) - Math.min(...bare) <= mostMs, said);
});

test('the first agent goes on undisturbed', async () => {
  await untilTicks(agent, 2);
  const times = timesOf(stored(agent, 'system'));
  assert.equal(new Set(times).size, times.length);
  assert.equal((await agent.ready()).ready, true, agent.log());
  await askedLedger(agent);
});

test('of many that start at once on a directory that is free exactly one runs', async () => {
  await agent.stop('SIGKILL');
  const agents = await Promise.allSettled(Array.from({ length: scale(3, 6) }, start));
  const running = agents.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const refused = agents.flatMap((result) => (result.status === 'rejected' ? [`${result.reason}`] : []));
  assert.equal(running.length, 1, refused.join('\n'));
  for (const reason of refused) assert.match(reason, /is in use by/);
  agent = running[0]!;
});

test('kill -9 leaves nothing that keeps the next agent out, and what was committed is delivered once', async (t) => {
  await untilTicks(agent, 3);
  await agent.stop('SIGKILL');
  agent = await start();
  await untilTicks(agent, 3);
  t.diagnostic(`${await endAndCheck(agent, influx.url)} points, each once in InfluxDB`);
});

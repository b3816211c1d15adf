import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { LedgerView } from '../../agent/ready-shape.ts';
import { type RunResult, runAgent, startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { influxQuery, startInflux, type TestServer, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/** Points that a real InfluxDB refuses, from the refusal to their end, beside the running agent and without it. */
let built: BuiltAgent;
let influx: TestServer;
let agent: TestAgent;

const config = () => ({
  agent: { interval: '1s', tags: { host: 'a' } },
  processes: [{ name: 'self', pid: process.pid }],
  queues: false,
  influx: [{ name: 'main', url: influx.url, version: 1, database: 'test', flushInterval: '1s' }],
});

before(async () => {
  [built, influx] = await Promise.all([buildAgent(), startInflux()]);
  await makeConflict();
  agent = await startAgent(config(), { main: built.main });
  await untilTrue(async () => assert.ok((await ledger()).quarantined >= 4, agent.log()));
});

after(async () => {
  await agent?.stop('SIGKILL');
  await influx?.remove();
  await built?.remove();
  if (agent) await rm(agent.folder, { recursive: true, force: true });
});

/** The field is text from now on, and what the agent sends in conflict with it; the agent may come first. */
async function makeConflict(): Promise<void> {
  await untilTrue(async () => {
    await influxQuery(influx.url, 'DROP MEASUREMENT system');
    const body = 'system,host=a load1="text"';
    const answer = await fetch(`${influx.url}/write?db=test`, { method: 'POST', body });
    assert.equal(answer.status, 204, await answer.text());
  });
}

/** The ledger, which holds at every moment. */
async function ledger(): Promise<LedgerView> {
  const [entry] = (await agent.ready()).ledger;
  const { collected, delivered, waiting, quarantined, dropped } = entry!;
  const sum = Object.values(dropped).reduce(
    (total, points) => total + points,
    delivered + waiting + quarantined,
  );
  assert.equal(sum, collected, JSON.stringify(entry));
  return entry!;
}

/** The ledger when the tick after this moment is in it. */
async function nextLedger(): Promise<LedgerView> {
  const before = (await ledger()).collected;
  let entry = await ledger();
  await untilTrue(async () => {
    entry = await ledger();
    assert.ok(entry.collected > before, agent.log());
  });
  return entry;
}

function spool(...args: string[]): Promise<RunResult> {
  return runAgent(['spool', ...args, '-c', agent.configFile], built);
}

interface Listed {
  readonly id: number;
  readonly sink: string;
  readonly line: string;
  readonly reason: string;
}

async function list(): Promise<Listed[]> {
  const { code, stdout } = await spool('list', '--format', 'json');
  assert.equal(code, 0);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

test('list tells every refused point on a line, with the reason of the server', async () => {
  const { code, stdout, stderr } = await spool('list');
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  const row = /^\d+\t\S+Z\tmain\t.*field type conflict.*load1.*\tsystem,host=a /;
  for (const line of stdout.trimEnd().split('\n')) assert.match(line, row);
});

test('show tells one point whole', async () => {
  const [first] = await list();
  const { code, stdout } = await spool('show', `${first!.id}`);
  assert.equal(code, 0);
  assert.match(
    stdout,
    new RegExp(`^id ${first!.id}\nsink main\nrefused \\S+Z\nreason .*field type conflict`),
  );
  assert.ok(stdout.includes(`\n${first!.line.trimEnd()}\n`), stdout);
});

test('an unknown id is said, changes nothing and exits 1', async () => {
  for (const action of ['show', 'drop', 'replay']) {
    const { code, stdout, stderr } = await spool(action, '1', '999999');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^nova-agent: not in the quarantine: 999999; nova-agent spool list shows what is\n$/,
    );
    assert.ok(action === 'show' || stdout === '', stdout);
  }
  assert.ok((await list()).some(({ id }) => id === 1));
});

test('an id that is no number, or none at all, is wrong use', async () => {
  for (const args of [
    ['show', 'x'],
    ['drop'],
    ['replay'],
    ['replay', '1', '2', '--line', 'x'],
    ['drop', '1', '--all'],
  ]) {
    const { code, stdout } = await spool(...args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '');
  }
});

test('replay while the trouble lasts says the reason again and exits 1', async () => {
  const before = await ledger();
  const [first] = await list();
  const { code, stdout, stderr } = await spool('replay', `${first!.id}`);
  assert.equal(code, 1);
  assert.equal(stdout, 'delivered 0, refused again 1\n');
  assert.match(stderr, new RegExp(`^${first!.id}: .*field type conflict`));
  assert.ok((await ledger()).quarantined >= before.quarantined);
});

test('replay with a mended line delivers that line, through the running agent', async () => {
  const [first] = await list();
  const timeMs = first!.line.trimEnd().split(' ').at(-1);
  const { code, stdout, stderr } = await spool(
    'replay',
    `${first!.id}`,
    '--line',
    `mended,host=a load1=7 ${timeMs}`,
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'delivered 1, refused again 0\n');
  const [series] = await influxQuery(influx.url, 'SELECT load1 FROM mended');
  assert.deepEqual(series!.values, [[Number(timeMs), 7]]);
  assert.ok(!(await list()).some(({ id }) => id === first!.id));
  await nextLedger();
});

test('dropped points are counted as dropped', async () => {
  const [first] = await list();
  const { code, stdout } = await spool('drop', `${first!.id}`);
  assert.equal(code, 0);
  assert.equal(stdout, 'dropped 1\n');
  assert.equal((await nextLedger()).dropped.spool_drop, 1);
});

test('replay after DROP MEASUREMENT delivers all, through the running agent', async () => {
  await influxQuery(influx.url, 'DROP MEASUREMENT system');
  const waiting = await list();
  assert.ok(waiting.length > 0);
  const { code, stdout, stderr } = await spool('replay', '--all');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^delivered \d+, refused again 0\n$/);
  const { quarantined } = await nextLedger();
  assert.equal(quarantined, 0);
  const [series] = await influxQuery(influx.url, 'SELECT COUNT(load1) FROM system');
  assert.ok(Number(series!.values[0]![1]) >= waiting.length);
  assert.deepEqual(await list(), []);
});

test('with the agent down, replay and drop change the store themselves', async () => {
  await makeConflict();
  await untilTrue(async () => assert.ok((await ledger()).quarantined >= 3, agent.log()));
  const { code } = await agent.stop();
  assert.equal(code, 0);
  await influxQuery(influx.url, 'DROP MEASUREMENT system');
  const refused = await list();
  const one = await spool('drop', `${refused[0]!.id}`);
  assert.equal(one.stdout, 'dropped 1\n', one.stderr);
  const rest = await spool('replay', '--all');
  assert.equal(rest.code, 0, rest.stderr);
  assert.equal(rest.stdout, `delivered ${refused.length - 1}, refused again 0\n`);
  const [series] = await influxQuery(influx.url, 'SELECT COUNT(load1) FROM system');
  assert.equal(series!.values[0]![1], refused.length - 1);
  agent = await startAgent(config(), { folder: agent.folder, main: built.main });
  const entry = await nextLedger();
  assert.equal(entry.dropped.spool_drop, 2);
  assert.equal(entry.quarantined, 0);
});

test('replay of a destination that does not answer changes nothing and says why', async () => {
  await makeConflict();
  await untilTrue(async () => assert.ok((await ledger()).quarantined >= 1, agent.log()));
  await agent.stop();
  const before = await list();
  await influx.stop();
  const { code, stdout, stderr } = await spool('replay', '--all');
  assert.equal(code, 1);
  assert.equal(stdout, 'delivered 0, refused again 0\n');
  assert.match(stderr, /main: .*connection refused: is InfluxDB running there\?/);
  assert.deepEqual(await list(), before);
});

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { ReadyReport } from '../../agent/ready-shape.ts';
import { runAgent, startAgent, type TestAgent, testToken, writeConfig } from '../support/agent.ts';
import {
  freePort,
  influxQuery,
  startInflux,
  type TestServer,
  temporaryFolder,
  untilTrue,
} from '../support/servers.ts';
import '../support/watchdog.ts';

/** A running agent whose configuration changes: by SIGHUP, and by noticing the file. */
let influx: TestServer;
let folder: string;
let agent: TestAgent;
let port: number;
/** Where in the log the test begins. */
let from = 0;

const tokens = [{ name: 'test', role: 'admin', token: testToken }];
const base = {
  agent: { interval: '1s', tags: { env: 'one' } },
  processes: [{ name: 'self', pid: process.pid }],
  queues: false,
};

before(async () => {
  [influx, folder, port] = await Promise.all([startInflux(), temporaryFolder(), freePort()]);
  agent = await startAgent({ ...base, http: { port, auth: { tokens } } }, { folder });
});

beforeEach(() => {
  from = agent.log().length;
});

after(async () => {
  await agent?.stop('SIGKILL');
  await influx?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const said = () => agent.log().slice(from);

/** What it answers there as soon as it does. */
async function readyAt(httpPort: number): Promise<ReadyReport> {
  let report: ReadyReport | undefined;
  await untilTrue(async () => {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/ready`);
    report = (await answer.json()) as ReadyReport;
    assert.equal(answer.status, 200);
  });
  return report!;
}

async function reload(config: Readonly<Record<string, unknown>>, end: RegExp): Promise<void> {
  await writeConfig(folder, config);
  agent.process.kill('SIGHUP');
  await untilTrue(() => assert.match(said(), end));
}

const inForce = /info SIGHUP: new configuration in force/;
const refused = /error SIGHUP: configuration refused, the old one stays in force/;
/** The last configuration that was taken. */
let taken: Record<string, unknown> = base;

test('a valid change is applied whole: interval, tags, a new destination and the HTTP port', async () => {
  const oldPort = port;
  port = await freePort();
  taken = {
    ...base,
    agent: { interval: '500ms', tags: { env: 'two' } },
    influx: [{ name: 'added', url: influx.url, version: 1, database: 'test', flushInterval: '1s' }],
  };
  await reload({ ...taken, http: { port, auth: { tokens } } }, inForce);
  const { parts, ledger } = await readyAt(port);
  assert.equal(parts.find(({ part }) => part === 'tick')!.intervalMs, 500);
  assert.deepEqual(
    ledger.map(({ sink }) => sink),
    ['added'],
  );
  await assert.rejects(fetch(`http://127.0.0.1:${oldPort}/ready`));
  await untilTrue(async () => {
    const [series] = await influxQuery(influx.url, `SELECT COUNT(load1) FROM system WHERE env = 'two'`);
    assert.ok(series, said());
  });
});

test('an invalid change is refused whole with every reason, and the old one runs on', async () => {
  const before = await readyAt(port);
  const broken = { ...taken, agent: { interval: '3 parsecs', tags: { env: 'three' } }, unknown: 1 };
  await reload({ ...broken, http: { port, auth: { tokens } } }, refused);
  assert.match(said(), /error SIGHUP: \S*agent\.yml:\d+:\d+: agent\.interval: /);
  assert.match(said(), /error SIGHUP: \S*agent\.yml:\d+:\d+: unknown: /);
  const ticks = ({ parts }: ReadyReport) => Number(parts[0]!.ticks);
  await untilTrue(async () => assert.ok(ticks(await readyAt(port)) > ticks(before)));
  assert.equal((await readyAt(port)).parts[0]!.intervalMs, 500);
});

test('an HTTP port that is taken is refused, and the old configuration runs again', async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const busy = (server.address() as { port: number }).port;
  try {
    await reload({ ...taken, http: { port: busy, auth: { tokens } } }, refused);
    assert.match(said(), new RegExp(`error SIGHUP: 127.0.0.1:${busy} is taken: pid ${process.pid} `));
    await untilTrue(async () => assert.equal((await readyAt(port)).ready, true));
  } finally {
    server.close();
  }
});

test('another data directory is refused', async () => {
  const dataDir = join(folder, 'elsewhere');
  await reload(
    { ...taken, agent: { interval: '500ms', dataDir }, http: { port, auth: { tokens } } },
    refused,
  );
  assert.match(
    said(),
    /error SIGHUP: agent\.dataDir: cannot change from \S+data while the agent runs; restart it/,
  );
  assert.equal((await readyAt(port)).ready, true);
});

test('a changed file is noticed without a signal', async () => {
  taken = { ...taken, agent: { interval: '250ms', tags: { env: 'four' } } };
  await writeConfig(folder, { ...taken, http: { port, auth: { tokens } } });
  await untilTrue(() => assert.match(said(), /info changed file: new configuration in force/));
  await untilTrue(async () => assert.equal((await readyAt(port)).parts[0]!.intervalMs, 250));
});

test('SIGHUP without a change leaves everything as it is', async () => {
  const before = Number((await readyAt(port)).parts[0]!.ticks);
  agent.process.kill('SIGHUP');
  await untilTrue(() => assert.match(said(), /info SIGHUP: the configuration is the same/));
  assert.ok(Number((await readyAt(port)).parts[0]!.ticks) >= before, 'it was not started anew');
});

test('no point was lost or counted twice by all of this', async () => {
  const { code } = await agent.stop();
  assert.equal(code, 0, said());
  const { stdout } = await runAgent(['export', '-c', agent.configFile, '--measurement', 'system']);
  const lines = stdout.trimEnd().split('\n');
  const times = lines.map((line) => line.split(' ').at(-1));
  assert.equal(new Set(times).size, times.length);
  const [series] = await influxQuery(influx.url, 'SELECT COUNT(memory_used_bytes) FROM system');
  const begun = lines.filter((line) => !line.includes('env=one'));
  assert.equal(series!.values[0]![1], begun.length);
});

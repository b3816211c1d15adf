import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { cleanEnv, type RunResult, runAgent, startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { influxQuery, startInflux, type TestServer, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/** History out, beside the running agent and without it. */
let built: BuiltAgent;
let influx: TestServer;
let agent: TestAgent;

before(async () => {
  [built, influx] = await Promise.all([buildAgent(), startInflux()]);
  agent = await startAgent(
    {
      agent: { interval: '250ms', tags: { host: 'a', text: 'one, "two"' }, measurementPrefix: 'nova_' },
      processes: [{ name: 'self', pid: process.pid }],
      queues: false,
    },
    { main: built.main },
  );
  await untilTrue(async () => assert.ok(Number((await agent.ready()).parts[0]!.ticks) >= 8));
});

after(async () => {
  await agent?.stop('SIGKILL');
  await influx?.remove();
  await built?.remove();
  if (agent) await rm(agent.folder, { recursive: true, force: true });
});

const exported = (...args: string[]): Promise<RunResult> =>
  runAgent(['export', '-c', agent.configFile, ...args], built);

/** One cell of `time,measurement,tags,field,value` in which tags are quoted. */
const csvRow = /^(\S+?),(\w+),"((?:[^"]|"")*)",(\w+),([-\d.e+]+)$/;

test('three formats tell the same values, beside the running agent', async () => {
  const until = new Date().toISOString();
  const [lp, csv, jsonl] = await Promise.all(
    ['lp', 'csv', 'jsonl'].map((format) => exported('--format', format, '--until', until)),
  );
  for (const { code, stderr } of [lp!, csv!, jsonl!]) {
    assert.equal(code, 0);
    assert.equal(stderr, '');
  }
  const points = jsonl!.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const values = points.flatMap(({ time, measurement, tags, fields }) =>
    Object.entries(fields).map(([field, value]) => JSON.stringify([time, measurement, tags, field, value])),
  );
  assert.ok(points.length > 20);
  const [header, ...rows] = csv!.stdout.trimEnd().split('\n');
  assert.equal(header, 'time,measurement,tags,field,value');
  const fromRows = rows.map((row) => {
    const [, time, measurement, tags, field, value] = csvRow.exec(row)!;
    return JSON.stringify([time, measurement, JSON.parse(tags!.replaceAll('""', '"')), field, Number(value)]);
  });
  assert.deepEqual(fromRows, values);
  const times = points.map(({ time }) => time);
  assert.deepEqual(times, [...times].sort(), 'oldest first');
  assert.equal(lp!.stdout.trimEnd().split('\n').length, points.length);
  const answer = await fetch(`${influx.url}/write?db=test&precision=ms`, {
    method: 'POST',
    body: lp!.stdout,
  });
  assert.equal(answer.status, 204);
  const [series] = await influxQuery(influx.url, 'SELECT COUNT(load1) FROM nova_system');
  assert.equal(series!.values[0]![1], points.filter(({ fields }) => 'load1' in fields).length);
});

test('--since and --until cut, --measurement picks', async () => {
  const all = (await exported('--format', 'jsonl', '--measurement', 'system')).stdout.trimEnd().split('\n');
  const points = all.map((line) => JSON.parse(line));
  assert.ok(points.every(({ measurement }) => measurement === 'system'));
  const [from, to] = [points[2]!.time, points[5]!.time];
  const cut = await exported('--format', 'jsonl', '--measurement', 'system', '--since', from, '--until', to);
  assert.equal(cut.stdout, `${all.slice(2, 5).join('\n')}\n`);
  const future = await exported('--since', '2999-01-01', '--until', '2999-01-02');
  assert.equal(future.code, 0);
  assert.equal(future.stdout, '');
});

test('a measurement that is not there is said, with the nearest', async () => {
  const { code, stdout, stderr } = await exported('--measurement', 'sistem');
  assert.equal(code, 0);
  assert.equal(stdout, '');
  assert.equal(stderr, 'nova-agent: there is no measurement "sistem"; did you mean system?\n');
});

test('a reader that closes the pipe ends it quietly', async () => {
  const args = [built.main, 'export', '-c', agent.configFile, '--format', 'csv'];
  const child = spawn(process.execPath, args, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('with the agent down it prints the same', async () => {
  const before = await exported();
  await agent.stop();
  const { code, stdout } = await exported();
  assert.equal(code, 0);
  assert.ok(stdout.startsWith(before.stdout));
});

test('without a store it says what to do and exits 1', async () => {
  const { code, stdout, stderr } = await runAgent(
    ['export', '--data-dir', join(agent.folder, 'none')],
    built,
  );
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^nova-agent: there is no history in \S+none yet: start nova-agent run, or name its folder .*\n$/,
  );
});

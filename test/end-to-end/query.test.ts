import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type RunResult, runAgent, startAgent, type TestAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/** PromQL over what a running agent stores. */
let built: BuiltAgent;
let agent: TestAgent;

before(async () => {
  built = await buildAgent();
  const processes = [{ name: 'self', pid: process.pid }];
  agent = await startAgent(
    { agent: { interval: '250ms', tags: { host: 'a' } }, processes, queues: false },
    { main: built.main },
  );
  await untilTrue(async () => assert.ok(Number((await agent.ready()).parts[0]!.ticks) >= 12));
});

after(async () => {
  await agent?.stop('SIGKILL');
  await built?.remove();
  if (agent) await rm(agent.folder, { recursive: true, force: true });
});

const query = (...args: string[]): Promise<RunResult> =>
  runAgent(['query', '-c', agent.configFile, ...args], built);

test('an instant query tells the newest value of each series', async () => {
  const { code, stdout, stderr } = await query('process_pid * 2', '--instant', '--format', 'json');
  assert.equal(code, 0, stderr);
  const { resultType, result } = JSON.parse(stdout) as {
    resultType: string;
    result: { metric: object; value: [number, string] }[];
  };
  assert.equal(resultType, 'vector');
  assert.deepEqual(
    result.map(({ metric, value }) => [metric, value[1]]),
    [[{ host: 'a', process: 'self' }, `${process.pid * 2}`]],
  );
});

test('a range query tells one row a step, as a table and as comma-separated values', async () => {
  const [since, until] = [2000, 0].map((backMs) => new Date(Date.now() - backMs).toISOString());
  const range = ['--since', since!, '--until', until!, '--step', '500ms'];
  const table = await query('process_pid', ...range);
  const csv = await query('process_pid', ...range, '--format', 'csv');
  const [head, ...rows] = table.stdout.trimEnd().split('\n');
  assert.match(head!, /^TIME +VALUE +SERIES$/);
  const series = 'process_pid{host="a", process="self"}';
  for (const row of rows) assert.ok(row.endsWith(`${process.pid}  ${series}`), row);
  assert.equal(csv.stderr, '');
  const [csvHead, ...csvRows] = csv.stdout.trimEnd().split('\n');
  assert.equal(csvHead, 'time,series,value');
  assert.equal(csvRows.length, rows.length);
  assert.ok(csvRows[0]!.endsWith(`,"${series.replaceAll('"', '""')}",${process.pid}`), csvRows[0]);
});

test('a series that is not there gives no row', async () => {
  const { code, stdout } = await query('no_such_metric');
  assert.equal(code, 0);
  assert.equal(stdout, 'no series matches\n');
});

const refused: readonly [args: readonly string[], message: RegExp][] = [
  [['rate(process_pid[5m]'], /^nova-agent: 1:\d+: parse error: /],
  [['rate(process_pid)'], /^nova-agent: 1:\d+: /],
  [['process_pid', '--step', 'x'], /--step: expected a duration such as 30s, got "x"/],
  [
    ['process_pid', '--since', '30d', '--step', '1s'],
    /--step: 1s makes more than 11000 steps; ask for .* or more/,
  ],
  [['process_pid', '--since', '1h', '--until', '2h'], /--since must lie before --until/],
];

for (const [args, message] of refused) {
  test(`${args.join(' ')} is refused with what is wrong, and exits 2`, async () => {
    const { code, stdout, stderr } = await query(...args);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  });
}

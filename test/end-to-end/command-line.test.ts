import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunResult, runAgent } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { temporaryFolder } from '../support/servers.ts';
import '../support/watchdog.ts';

/** What the compiled command says to people and scripts: exit codes, and which stream gets what. */
let built: BuiltAgent;
let folder: string;

before(async () => {
  [built, folder] = await Promise.all([buildAgent(), temporaryFolder()]);
});

after(async () => {
  await built?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const run = (args: readonly string[], env?: Record<string, string>): Promise<RunResult> =>
  runAgent(args, { main: built.main, env });

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('wrong use exits 2 and says why on standard error alone', () => {
  const cases: readonly [string[], RegExp][] = [
    [[], /^nova-agent: say which command\nSee: nova-agent --help$/],
    [['rnu'], /^nova-agent: unknown command "rnu"; did you mean run\?$/m],
    [['dance'], /^nova-agent: unknown command "dance"$/m],
    [['run', '--prot', '3000'], /^nova-agent: unknown option --prot; did you mean --port\?$/m],
    [['run', '--data-dri', 'x'], /^nova-agent: unknown option --data-dri; did you mean --data-dir\?$/m],
    [['run', 'fast'], /^nova-agent: unexpected word "fast"$/m],
    [['run', '--port', 'abc'], /^nova-agent: --port: .*whole number from 1 to 65535, got "abc"$/],
    [['run', '--pid', '0'], /^nova-agent: --pid: .*whole number from 1 to \d+, got 0$/],
    [['run', '--pid', '1', '--port', '2'], /--pid and --port exclude each other; give one$/],
    [['run', '--pid', '1', '--pid', '2'], /^nova-agent: --pid: give it once, it takes one value$/],
    [['check', '-c'], /^nova-agent: Not enough arguments following: c$/m],
    [['run', '--http', 'abc'], /^nova-agent: --http: expected HOST:PORT.*got "abc"$/],
    [['run', '--log-level', 'loud'], /log-level.*"loud".*"debug", "info", "warn", "error", "silent"/],
    [['export', '--since', 'nonsense'], /^nova-agent: --since: expected a duration such as 24h, or a time/],
    [['export', '--since', '1h', '--until', '2h'], /^nova-agent: --since must lie before --until$/],
    [['export', '--format', 'xml'], /format.*"xml".*"lp", "csv", "jsonl"/],
    [['spool'], /Not enough non-option arguments/],
    [['spool', 'eat'], /action.*"eat".*"list", "show", "replay", "drop"/],
  ];
  for (const [args, message] of cases) {
    test(`nova-agent ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(args, { LANG: 'de_DE.UTF-8' });
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr.trimEnd(), message);
      assert.doesNotMatch(stderr, / {4}at /, 'no stack');
    });
  }
});

test('help of every command has examples', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const commands = [...stdout.matchAll(/^ {2}nova-agent ([a-z]+) .* {2}/gm)].map(([, name]) => name!);
  const all = [
    'run',
    'once',
    'check',
    'doctor',
    'query',
    'export',
    'alerts',
    'rules',
    'spool',
    'login',
    'completion',
  ];
  assert.deepEqual(commands.slice(0, all.length), all);
  for (const name of all.slice(0, -1)) {
    const { code, stdout } = await run([name, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`\nExamples:\n  nova-agent ${name}`), stdout);
  }
});

test('version and completion go to standard output', async () => {
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  const { code, stdout } = await run(['completion']);
  assert.equal(code, 0);
  assert.match(stdout, /complete .* nova-agent/);
});

test('a data directory that cannot be made is said with what to do and exits 1', async () => {
  const { code, stdout, stderr } = await run(['run', '--data-dir', '/proc/nova-agent/data']);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^nova-agent: data directory \/proc\/nova-agent\/data: .*; choose a folder of this user/,
  );
});

describe('check', () => {
  test('a valid file exits 0, and nothing that it names is asked', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const path = await file(
      'valid.yml',
      `redis: {url: "redis://${address}"}\nqueues: [{redis: "redis://${address}"}]\ninflux: [{name: a, url: "http://${address}", database: d}]\n`,
    );
    const { code, stdout, stderr } = await run(['check', '-c', path]);
    server.close();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^(.*): valid\n.*: \d+ rules in \d+ groups, valid\n$/);
    assert.ok(stdout.startsWith(`${path}: valid\n`));
    assert.equal(stderr, '');
    assert.equal(connections, 0);
  });

  test('all problems of a file are told at once, each with its place', async () => {
    const path = await file(
      'invalid.yml',
      [
        'agent:',
        '  interval: 2sec',
        '  intervall: 1s',
        'influx:',
        '  - {name: a, url: "ftp://x", database: d}',
        'http: {port: 99999}',
        'queues: [{redis: "http://x"}]',
        'redis: {url: "redis://x", passwordFile: /nowhere}',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await run(['check', '-c', path]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    const lines = stderr.trimEnd().split('\n');
    for (const [i, line] of lines.entries()) {
      assert.ok(line.startsWith(`${i === 0 ? 'nova-agent: ' : ''}${path}:`), line);
      assert.match(line.replace(path, ''), /:\d+:\d+: \S+: /);
    }
    for (const expected of [
      /:2:\d+: agent\.interval: .*2s/,
      /:3:3: .*interval/,
      /:5:\d+: influx\[0\]\.url/,
      /:6:\d+: http\.port/,
      /:7:\d+: queues\[0\]\.redis/,
    ]) {
      assert.match(stderr, expected);
    }
  });

  test('a file that is not there, a folder and an oversized file exit 2', async () => {
    await mkdir(join(folder, 'folder.yml'));
    await file('large.yml', `# ${'x'.repeat(10 * 1024 * 1024)}\n`);
    for (const name of ['missing.yml', 'folder.yml', 'large.yml']) {
      const { code, stdout, stderr } = await run(['check', '-c', join(folder, name)]);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.ok(stderr.startsWith(`nova-agent: ${join(folder, name)}:1:1: cannot read this file: `), stderr);
    }
  });

  test('--print shows what is in force, without secrets', async () => {
    await file('secret.txt', 'from-a-file\n');
    const path = await file(
      'secrets.yml',
      [
        'queues: [{redis: "redis://bob:in-a-url@127.0.0.1:1"}]',
        'influx:',
        '  - {name: a, url: "http://127.0.0.1:1", version: 1, database: d, user: u, passwordFile: ./secret.txt}',
        '  - {name: b, url: "http://127.0.0.1:1", version: 2, bucket: b, org: o, token: "$' + '{TOKEN}"}',
        'http: {auth: {tokens: [{name: t, role: admin, token: 0123456789-clear-text}]}}',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await run(['check', '-c', path, '--print'], {
      TOKEN: 'from-a-variable',
    });
    assert.equal(code, 0, stderr);
    const printed = JSON.parse(stdout);
    assert.equal(printed.agent.interval, '2s');
    assert.equal(printed.influx[0].flushInterval, '10s');
    assert.doesNotMatch(stdout + stderr, /from-a-file|in-a-url|from-a-variable|clear-text/);
  });
});

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { ReadyReport } from '../../agent/ready-shape.ts';
import { cleanEnv, runAgent, slowness, startAgent, type TestAgent, writeConfig } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { freePort, startRedis, temporaryFolder, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/** The start and the end of the compiled agent, as a service manager meets them. */
let built: BuiltAgent;
let folder: string;
const running: TestAgent[] = [];

before(async () => {
  [built, folder] = await Promise.all([buildAgent(), temporaryFolder()]);
});

afterEach(async () => {
  for (const agent of running.splice(0)) await agent.stop('SIGKILL');
});

after(async () => {
  await built?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function start(name: string, config: Record<string, unknown>, env = {}): Promise<TestAgent> {
  const agent = await startAgent(
    { processes: [{ name: 'self', pid: process.pid }], queues: false, ...config },
    { folder: join(folder, name), main: built.main, env },
  );
  running.push(agent);
  return agent;
}

/** Accepts connections and never answers. */
async function startSilentServer(): Promise<Server & { readonly port: number }> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { port: (server.address() as { port: number }).port });
}

function problemOf({ parts }: ReadyReport, part: string): string {
  return parts.find((found) => found.part === part)?.problem ?? 'there is no such part';
}

const passwords = /secret-[a-z]+/;

test('ready in 3 s with Redis and InfluxDB absent; /ready and the log say why and tell no password', async () => {
  const place = join(folder, 'absent');
  const [http, closed] = [await freePort(), await freePort()];
  const redis = `redis://user:secret-redis@127.0.0.1:${closed}`;
  const config = await writeConfig(place, {
    http: { port: http },
    queues: [{ name: 'main', redis }],
    redis: { url: redis },
    influx: [
      {
        name: 'influx',
        url: `http://127.0.0.1:${closed}`,
        version: 1,
        database: 'test',
        user: 'user',
        password: 'secret-influx',
      },
    ],
  });
  const startMs = performance.now();
  const child = spawn(process.execPath, [built.main, 'run', '-c', config, '--log-level', 'debug'], {
    env: cleanEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = collect(child);
  try {
    let report: ReadyReport | undefined;
    await untilTrue(
      async () => {
        const answer = await fetch(`http://127.0.0.1:${http}/ready`);
        report = (await answer.json()) as ReadyReport;
        assert.equal(answer.status, 200, said.stderr);
      },
      20_000,
      10,
    );
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs <= 3000 * (await slowness(built.main)), `ready after ${Math.round(tookMs)} ms`);
    assert.equal(report!.ready, true);
    assert.match(problemOf(report!, 'source/queues/main'), /ECONNREFUSED/);
    assert.match(
      problemOf(report!, 'sink/influx'),
      /connection refused: is InfluxDB running there\?|not tried/,
    );
    assert.match(problemOf(report!, 'sink/redis'), /ECONNREFUSED/);
    await untilTrue(() => assert.match(said.stderr, /influx: connection refused/));
    child.kill('SIGTERM');
    assert.equal(await said.code, 0, said.stderr);
    assert.equal(said.stdout, '');
    assert.doesNotMatch(said.stderr + JSON.stringify(report), passwords);
    for (const line of said.stderr.trimEnd().split('\n')) {
      assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warn|error) /);
    }
  } finally {
    child.kill('SIGKILL');
  }
});

function collect(child: ChildProcess) {
  const said = {
    stdout: '',
    stderr: '',
    code: new Promise<number | null>((resolve) => child.once('close', resolve)),
  };
  child.stdout?.on('data', (text) => {
    said.stdout += text;
  });
  child.stderr?.on('data', (text) => {
    said.stderr += text;
  });
  return said;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends with 0 in 5 s while InfluxDB does not answer and Redis stands still`, async () => {
    const [influx, redis] = await Promise.all([startSilentServer(), startRedis()]);
    try {
      const agent = await start(`hanging-${signal}`, {
        agent: { interval: '250ms' },
        queues: [{ name: 'main', redis: redis.url }],
        redis: { url: redis.url },
        influx: ['one', 'two'].map((name) => ({
          name,
          url: `http://127.0.0.1:${influx.port}`,
          version: 1,
          database: 'test',
          flushInterval: '1s',
        })),
      });
      await untilTrue(async () => assert.equal(problemOf(await agent.ready(), 'sink/redis'), ''));
      redis.process.kill('SIGSTOP');
      await untilTrue(async () =>
        assert.match(problemOf(await agent.ready(), 'source/queues/main'), /no answer/),
      );
      const { code, tookMs } = await agent.stop(signal);
      assert.equal(code, 0, agent.log());
      assert.ok(
        tookMs <= 5000 * (await slowness(built.main)),
        `ended after ${Math.round(tookMs)} ms\n${agent.log()}`,
      );
      assert.match(agent.log(), new RegExp(`info ${signal}: ending`));
    } finally {
      influx.close();
      await redis.remove();
    }
  });
}

test('a second signal ends it at once', async () => {
  const influx = await startSilentServer();
  try {
    const agent = await start('twice', {
      influx: [
        {
          name: 'influx',
          url: `http://127.0.0.1:${influx.port}`,
          version: 1,
          database: 'test',
          flushInterval: '1s',
        },
      ],
    });
    // What waits for an answer keeps it from ending before the second one comes.
    await untilTrue(async () => {
      const open = await new Promise((resolve) => influx.getConnections((_, count) => resolve(count)));
      assert.notEqual(open, 0);
    });
    agent.process.kill('SIGTERM');
    await untilTrue(() => assert.match(agent.log(), /SIGTERM: ending/), undefined, 5);
    const { code, tookMs } = await agent.stop('SIGTERM');
    assert.equal(code, 1);
    assert.ok(tookMs < 1500 * (await slowness(built.main)), `ended after ${Math.round(tookMs)} ms`);
    assert.doesNotMatch(agent.log(), /info ended/);
  } finally {
    influx.close();
  }
});

test('a taken data directory says who holds it and exits 1 in 1 s', async () => {
  const agent = await start('taken', {});
  const tries = [];
  for (let i = 0; i < 4; i++) tries.push(await runAgent(['run', '-c', agent.configFile], built));
  const said = `${agent.dataDir} is in use by process ${agent.process.pid} on .*; end that one, or choose another`;
  for (const { code, stdout, stderr } of tries) {
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^nova-agent: ${said}.*\\n$`));
  }
  // The quickest: other tests run beside this one.
  const tookMs = Math.min(...tries.map((one) => one.tookMs));
  assert.ok(tookMs <= 1000 * (await slowness(built.main)), `ended after ${Math.round(tookMs)} ms`);
  assert.equal((await agent.ready()).ready, true);
});

test('a busy HTTP port says who holds it and exits 1', async () => {
  const server = await startSilentServer();
  try {
    const config = await writeConfig(join(folder, 'busy'), { queues: false, http: { port: server.port } });
    const { code, stdout, stderr } = await runAgent(['run', '-c', config], built);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(
      stderr,
      new RegExp(
        `127.0.0.1:${server.port} is taken: pid ${process.pid} \\(.*\\) listens there; choose another`,
      ),
    );
  } finally {
    server.close();
  }
});

test('after kill -9 it starts at once and nothing committed is lost', async () => {
  const agent = await start('killed', {
    agent: { interval: '250ms' },
    influx: [{ name: 'influx', url: `http://127.0.0.1:${await freePort()}`, version: 1, database: 'test' }],
  });
  await untilTrue(async () => assert.ok(Number((await agent.ready()).parts[0]!.ticks) > 4));
  const exported = ['export', '-c', agent.configFile, '--format', 'jsonl'];
  const before = await runAgent(exported, built);
  await agent.stop('SIGKILL');
  const left = await runAgent(exported, built);
  assert.ok(left.stdout.startsWith(before.stdout), 'what was read before is still there');
  const startMs = performance.now();
  const again = await startAgent(
    {
      agent: { interval: '250ms' },
      queues: false,
      influx: [{ name: 'influx', url: `http://127.0.0.1:${await freePort()}`, version: 1, database: 'test' }],
    },
    { folder: agent.folder, main: built.main },
  );
  running.push(again);
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs <= 3000 * (await slowness(built.main)), `running after ${Math.round(tookMs)} ms`);
  const now = await runAgent(exported, built);
  assert.ok(now.stdout.startsWith(left.stdout), 'what was committed is still there');
  const [entry] = (await again.ready()).ledger;
  assert.equal(entry!.collected, entry!.waiting);
  assert.ok(entry!.waiting > left.stdout.split('\n').length);
});

test('nothing in the data directory can be read by others', async () => {
  const agent = await start('modes', { http: { port: 0 } });
  const names = await readdir(agent.dataDir);
  assert.ok(names.includes('store.db') && names.includes('http-token') && names.includes('control.sock'));
  for (const name of ['.', ...names]) {
    const { mode } = await stat(join(agent.dataDir, name));
    assert.equal(mode & 0o077, 0, `${name}: ${(mode & 0o777).toString(8)}`);
  }
});

test('what nobody caught is told on one line and ends the agent with 1', async () => {
  const fault = `data:text/javascript,process.on('SIGUSR2',()=>{Promise.reject(new Error('a fault of the test'))})`;
  const agent = await start('fault', {}, { NODE_OPTIONS: `--import "${fault}"` });
  const { code } = await agent.stop('SIGUSR2');
  assert.equal(code, 1, agent.log());
  const last = agent.log().trimEnd().split('\n').at(-1)!;
  assert.match(last, /error unexpected failure, ending: a fault of the test; .*start it again.* stack=/);
});

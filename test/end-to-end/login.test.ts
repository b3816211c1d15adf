import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runAgent, startAgent, type TestAgent } from '../support/agent.ts';
import { freePort, temporaryFolder, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/** Logging in to the real agent: by the address of its start, by the command, and over restarts. */
let folder: string;
let port: number;
let agent: TestAgent;

function start(): Promise<TestAgent> {
  const config = { queues: false, processes: [{ name: 'self', pid: process.pid }], http: { port } };
  return startAgent(config, { folder });
}

before(async () => {
  [folder, port] = [await temporaryFolder(), await freePort()];
  agent = await start();
});

after(async () => {
  await agent?.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function logIn(address: string): Promise<Response> {
  const { origin, hash } = new URL(address);
  return fetch(`${origin}/api/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code: hash.replace('#code=', '') }),
  });
}

async function cookieOf(address: string): Promise<string> {
  const answer = await logIn(address);
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.headers.getSetCookie()[0]!.split(';')[0]!;
}

async function whoIs(cookie: string): Promise<{ status: number; role?: string }> {
  const answer = await fetch(`${agent.url}/api/session`, { headers: { cookie } });
  return { ...((await answer.json()) as object), status: answer.status };
}

function addressInLog(): string | undefined {
  return /dashboard: (http:\S+)/.exec(agent.log())?.[1];
}

test('the start says an address that logs in once', async () => {
  await untilTrue(() => assert.ok(addressInLog()));
  const cookie = await cookieOf(addressInLog()!);
  assert.equal((await whoIs(cookie)).role, 'admin');
  assert.equal((await logIn(addressInLog()!)).status, 401);
});

test('the command login prints another one, on standard output alone', async () => {
  const { code, stdout } = await runAgent(['login', '-c', agent.configFile, '--role', 'viewer']);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^http://127\\.0\\.0\\.1:${port}/login#code=[\\w-]{32}\\n$`));
  assert.equal((await whoIs(await cookieOf(stdout.trim()))).role, 'viewer');
});

test('a restart of the agent leaves the page logged in, and old addresses are worth nothing', async () => {
  const { stdout } = await runAgent(['login', '-c', agent.configFile]);
  const cookie = await cookieOf(stdout.trim());
  const unused = (await runAgent(['login', '-c', agent.configFile])).stdout.trim();
  await agent.stop();
  agent = await start();
  assert.equal((await whoIs(cookie)).status, 200);
  assert.equal((await logIn(unused)).status, 401);
});

test('without an agent the command says so and exits 1', async () => {
  const { code, stdout, stderr } = await runAgent(['login', '--data-dir', join(folder, 'empty')]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /no agent/);
});

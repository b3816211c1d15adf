import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ControlHandler, createControlServer } from '../../../agent/http/control.ts';
import { callControl } from '../../../agent/http/control-client.ts';
import { controlPlace } from '../../../agent/http/control-place.ts';
import { createLog } from '../../../agent/log.ts';
import { testFolder } from './running-server.ts';
import '../../support/watchdog.ts';

const echo: ControlHandler = async (body) => ({ body: body ?? null });

async function startControl(
  t: TestContext,
  dataDir: string,
  handlers: Record<string, ControlHandler> = { echo },
  handlerTimeoutMs?: number,
) {
  const server = createControlServer({
    dataDir,
    handlers,
    log: createLog('silent'),
    ...(handlerTimeoutMs === undefined ? {} : { handlerTimeoutMs }),
  });
  t.after(() => server.close());
  await server.start();
  return server;
}

async function longFolder(t: TestContext): Promise<string> {
  const folder = join(await testFolder(t), 'x'.repeat(60), 'y'.repeat(60));
  await mkdir(folder, { recursive: true });
  return folder;
}

test('a command goes to its handler and its answer comes back', async (t) => {
  const dataDir = await testFolder(t);
  await startControl(t, dataDir);
  const body = { ids: [1, 2], text: 'żółw\n' };
  assert.deepEqual(await callControl(dataDir, 'echo', body), { body });
});

test('a command without a body gets undefined', async (t) => {
  const dataDir = await testFolder(t);
  const given: unknown[] = [];
  await startControl(t, dataDir, { note: async (body) => given.push(body) });
  await callControl(dataDir, 'note');
  assert.deepEqual(given, [undefined]);
});

test('a handler that gives nothing is answered with null', async (t) => {
  const dataDir = await testFolder(t);
  await startControl(t, dataDir, { nothing: async () => undefined });
  assert.equal(await callControl(dataDir, 'nothing'), null);
});

test('only the user can open the socket', async (t) => {
  const dataDir = await testFolder(t);
  await startControl(t, dataDir);
  const { mode } = await stat(join(dataDir, 'control.sock'));
  assert.equal(mode & 0o777, 0o600);
});

test('a refusal is told in the agent’s words and is not retryable', async (t) => {
  const dataDir = await testFolder(t);
  const refuse = async () => {
    throw new Error('no sink is called "nowhere"');
  };
  await startControl(t, dataDir, { refuse });
  await assert.rejects(callControl(dataDir, 'refuse'), {
    code: 'CONTROL_FAILED',
    message: 'no sink is called "nowhere"',
    retryable: false,
  });
});

for (const command of ['unknown', 'toString', '__proto__', '']) {
  test(`the command "${command}" is unknown to the agent`, async (t) => {
    const dataDir = await testFolder(t);
    await startControl(t, dataDir);
    await assert.rejects(callControl(dataDir, command), {
      code: 'CONTROL_FAILED',
      message: /knows no command/,
    });
  });
}

test('a body over 1 MB is refused', async (t) => {
  const dataDir = await testFolder(t);
  await startControl(t, dataDir);
  const body = 'x'.repeat(1024 * 1024);
  await assert.rejects(callControl(dataDir, 'echo', body), { message: 'a command may hold at most 1 MB' });
});

for (const [what, bytes, answer] of [
  [
    'a body that is not JSON',
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n{"a"',
    /^HTTP\/1\.1 400 /,
  ],
  ['a GET', 'GET /echo HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 405 /],
  ['bytes that are not HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 /],
] as const) {
  test(`${what} is refused`, async (t) => {
    const dataDir = await testFolder(t);
    await startControl(t, dataDir);
    const socket = connect(join(dataDir, 'control.sock'), () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    await once(socket, 'close');
    assert.match(text, answer);
  });
}

test('a handler that takes too long is answered for', async (t) => {
  const dataDir = await testFolder(t);
  await startControl(t, dataDir, { stuck: () => new Promise(() => {}) }, 20);
  await assert.rejects(callControl(dataDir, 'stuck'), { message: /"stuck" is not done after 20 ms/ });
});

test('an agent that does not answer is given up', async (t) => {
  const dataDir = await testFolder(t);
  const mute = createServer();
  t.after(() => mute.close());
  mute.on('connection', (socket) => t.after(() => socket.destroy()));
  mute.listen(join(dataDir, 'control.sock'));
  await once(mute, 'listening');
  await assert.rejects(callControl(dataDir, 'echo', undefined, 50), {
    code: 'CONTROL_FAILED',
    message: /does not answer/,
    retryable: false,
  });
});

test('an agent that ends in the middle of a command is told', async (t) => {
  const dataDir = await testFolder(t);
  let underWay = () => {};
  const begun = new Promise<void>((resolve) => {
    underWay = resolve;
  });
  const stuck = () => {
    underWay();
    return new Promise<never>(() => {});
  };
  const server = await startControl(t, dataDir, { stuck });
  const refused = assert.rejects(callControl(dataDir, 'stuck'), { message: /ended before it answered/ });
  await begun;
  await server.close();
  await refused;
});

test('where no agent runs it says so, and that is retryable', async (t) => {
  const dataDir = await testFolder(t);
  const expected = { code: 'CONTROL_FAILED', message: /no agent runs on/, retryable: true };
  await assert.rejects(callControl(dataDir, 'echo'), expected);
  await assert.rejects(callControl(join(dataDir, 'missing'), 'echo'), expected);
});

test('closing removes the socket', async (t) => {
  const dataDir = await testFolder(t);
  const server = await startControl(t, dataDir);
  await server.close();
  await assert.rejects(stat(join(dataDir, 'control.sock')), { code: 'ENOENT' });
});

test('the socket of a killed agent is found dead, then replaced', async (t) => {
  const dataDir = await testFolder(t);
  const path = join(dataDir, 'control.sock');
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const killed = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => killed.kill('SIGKILL'));
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  assert.ok((await stat(path)).isSocket());
  await assert.rejects(callControl(dataDir, 'echo'), { message: /no agent runs on/, retryable: true });
  await startControl(t, dataDir);
  assert.deepEqual(await callControl(dataDir, 'echo', 1), { body: 1 });
});

test('a file in the place of the socket is left alone', async (t) => {
  const dataDir = await testFolder(t);
  await writeFile(join(dataDir, 'control.sock'), 'somebody’s notes');
  await assert.rejects(startControl(t, dataDir), { code: 'CONTROL_FAILED', message: /not a socket/ });
  assert.ok((await stat(join(dataDir, 'control.sock'))).isFile());
});

test('a data directory whose path is too long for a socket works too', async (t) => {
  const dataDir = await longFolder(t);
  const { path, extraFolder } = await controlPlace(dataDir);
  assert.ok(path.length <= 103);
  await startControl(t, dataDir);
  // Another agent of this user may have its socket there.
  t.after(() => rmdir(extraFolder!).catch(() => {}));
  assert.equal((await stat(extraFolder!)).mode & 0o777, 0o700);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await callControl(dataDir, 'echo', 1), { body: 1 });
});

test('both sides come to one place whichever way the data directory is written', async (t) => {
  const dataDir = await longFolder(t);
  const link = join(dirname(dirname(dataDir)), 'short');
  await symlink(dataDir, link);
  t.after(() => rm(link, { force: true }));
  assert.deepEqual(await controlPlace(link), await controlPlace(dataDir));
  assert.deepEqual(await controlPlace(`${dataDir}/`), await controlPlace(dataDir));
});

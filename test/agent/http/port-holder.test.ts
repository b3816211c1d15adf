import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { findPortHolder } from '../../../agent/http/port-holder.ts';
import { freePort } from '../../support/servers.ts';
import { testFolder } from './running-server.ts';
import '../../support/watchdog.ts';

for (const [listening, asked] of [
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', '0.0.0.0'],
  ['127.0.0.1', 'localhost'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['::', '::1'],
] as const) {
  test(`a listener on ${listening} is found for ${asked}`, async (t) => {
    const server = createServer();
    t.after(() => server.close());
    server.listen(0, listening);
    await once(server, 'listening');
    const holder = await findPortHolder(asked, (server.address() as AddressInfo).port);
    assert.equal(holder?.pid, process.pid);
    assert.match(holder.command, /node/);
  });
}

test('a listener on another address of the port is not the holder', async (t) => {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, '127.0.0.2');
  await once(server, 'listening');
  assert.equal(await findPortHolder('127.0.0.1', (server.address() as AddressInfo).port), null);
});

test('a free port has no holder', async () => {
  assert.equal(await findPortHolder('127.0.0.1', await freePort()), null);
});

test('without /proc nothing is found', async (t) => {
  assert.equal(await findPortHolder('127.0.0.1', 7070, await testFolder(t)), null);
});

test('a long command line is cut at 80 characters', async (t) => {
  const root = await testFolder(t);
  await mkdir(join(root, 'net'));
  const row =
    '   0: 0100007F:1B9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1';
  await writeFile(join(root, 'net', 'tcp'), `  sl  local_address rem_address   st\n${row}\n`);
  await mkdir(join(root, '77', 'fd'), { recursive: true });
  await symlink('socket:[4242]', join(root, '77', 'fd', '5'));
  await writeFile(join(root, '77', 'cmdline'), `node\0${'x'.repeat(200)}\0`);
  const holder = await findPortHolder('127.0.0.1', 7070, root);
  assert.deepEqual(holder, { pid: 77, command: `node ${'x'.repeat(74)}…` });
});

import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readOrMakeToken, tokenFilePath } from '../../../agent/http/token-file.ts';
import { digestOf, TokenTable } from '../../../agent/http/tokens.ts';
import { createLog } from '../../../agent/log.ts';
import { startHttp, testFolder } from './running-server.ts';

const noTokens = { auth: { tokens: [] } };

function listeningLog() {
  const lines: string[] = [];
  return { lines, log: createLog('debug', (line) => lines.push(line)) };
}

test('a token opens for the name and role that it was given', () => {
  const table = new TokenTable([
    { name: 'ops', role: 'admin', token: 'a'.repeat(20) },
    { name: 'board', role: 'viewer', token: 'b'.repeat(20) },
  ]);
  assert.deepEqual(table.bearerOf(digestOf('b'.repeat(20))), { name: 'board', role: 'viewer' });
  assert.deepEqual(table.bearerOf(digestOf('a'.repeat(20))), { name: 'ops', role: 'admin' });
  assert.equal(table.bearerOf(digestOf('c'.repeat(20))), undefined);
});

test('without a configured token the server makes one that only its owner can read', async (t) => {
  const { dataDir, ask } = await startHttp(t, { options: noTokens });
  const path = tokenFilePath(dataDir);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const token = (await readFile(path, 'utf8')).trim();
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal((await ask('/api/monitoring/snapshot')).status, 401);
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await ask('/api/monitoring/snapshot', { headers })).status, 200);
});

test('the log says once where the token is, never the token', async (t) => {
  const { dataDir, logLines } = await startHttp(t, { options: noTokens });
  const path = tokenFilePath(dataDir);
  assert.equal(logLines.filter((line) => line.includes(path)).length, 1);
  assert.ok(!logLines.join().includes((await readFile(path, 'utf8')).trim()));
});

test('with a configured token no file is made', async (t) => {
  const { dataDir } = await startHttp(t);
  await assert.rejects(stat(tokenFilePath(dataDir)), { code: 'ENOENT' });
});

test('the next start takes the same token', async (t) => {
  const folder = await testFolder(t);
  const { log } = listeningLog();
  assert.equal(await readOrMakeToken(folder, log), await readOrMakeToken(folder, log));
});

test('a token that a person wrote into the file is taken', async (t) => {
  const folder = await testFolder(t);
  await writeFile(tokenFilePath(folder), 'my-own-token-0123456789\n', { mode: 0o600 });
  assert.equal(await readOrMakeToken(folder, listeningLog().log), 'my-own-token-0123456789');
});

for (const [what, text] of [
  ['an empty file', ''],
  ['a short token', 'short\n'],
  ['two words', 'two words of a sentence\n'],
  ['a huge file', 'x'.repeat(5000)],
] as const) {
  test(`${what} gives way to a new token, with a warning`, async (t) => {
    const folder = await testFolder(t);
    await writeFile(tokenFilePath(folder), text, { mode: 0o600 });
    const { log, lines } = listeningLog();
    const token = await readOrMakeToken(folder, log);
    assert.equal(await readFile(tokenFilePath(folder), 'utf8'), `${token}\n`);
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.ok(lines.some((line) => line.includes(' warn ')));
  });
}

test('a file that others could read is narrowed, with a warning', async (t) => {
  const folder = await testFolder(t);
  const { log, lines } = listeningLog();
  const token = await readOrMakeToken(folder, log);
  await chmod(tokenFilePath(folder), 0o644);
  assert.equal(await readOrMakeToken(folder, log), token);
  assert.equal((await stat(tokenFilePath(folder))).mode & 0o777, 0o600);
  assert.ok(lines.some((line) => line.includes(' warn ') && line.includes('others could read')));
});

for (const [what, make] of [
  ['a link', (path: string) => symlink('/etc/hostname', path)],
  ['a folder', (path: string) => mkdir(path)],
] as const) {
  test(`${what} in its place is refused`, async (t) => {
    const folder = await testFolder(t);
    await make(join(folder, 'http-token'));
    await assert.rejects(readOrMakeToken(folder, listeningLog().log), { code: 'HTTP_FAILED' });
  });
}

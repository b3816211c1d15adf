import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog } from '../../../../agent/log.ts';
import { readUserKey } from '../../../../agent/sources/intake/user-key.ts';
import { testFolder } from './rig.ts';

const asRoot = process.getuid?.() === 0 ? {} : { skip: 'only root may give files to others' };

test('a key is made once, for this user alone, and read afterwards', async (t) => {
  const folder = await testFolder(t);
  const key = await readUserKey(folder);
  assert.match(key, /^[0-9a-f]{64}$/);
  assert.equal(await readUserKey(folder), key);
  assert.deepEqual(await readdir(folder), ['user.key']);
  assert.equal((await stat(join(folder, 'user.key'))).mode & 0o777, 0o600);
});

test('two data directories have two keys', async (t) => {
  assert.notEqual(await readUserKey(await testFolder(t)), await readUserKey(await testFolder(t)));
});

test('what a run that was killed while making the key left is replaced', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'user.key.new'), 'abc');
  await readUserKey(folder);
  assert.deepEqual(await readdir(folder), ['user.key']);
});

test('a key that others may read gets its mode back, and that is told', async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'user.key');
  const key = await readUserKey(folder);
  await chmod(path, 0o644);
  const lines: string[] = [];
  const log = createLog('warn', (line) => lines.push(line));
  assert.equal(await readUserKey(folder, log), key);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.match(lines.join(''), /user\.key was open to others \(mode 644\)/);
  await readUserKey(folder, log);
  assert.equal(lines.length, 1);
});

test('another user’s key is told and not used', asRoot, async (t) => {
  const folder = await testFolder(t);
  await readUserKey(folder);
  await chown(join(folder, 'user.key'), 4711, 4711);
  await assert.rejects(readUserKey(folder), /user\.key belongs to user 4711, not to 0/);
});

test('a link to a key is told and not followed', async (t) => {
  const folder = await testFolder(t);
  await readUserKey(folder);
  await rename(join(folder, 'user.key'), join(folder, 'else'));
  await symlink('else', join(folder, 'user.key'));
  await assert.rejects(readUserKey(folder), /user\.key is a symbolic link/);
});

test('a folder in the place of the key is told', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'user.key'));
  await assert.rejects(readUserKey(folder), /user\.key is not a file/);
});

test('a damaged key is told and not replaced', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'user.key'), 'abc');
  await assert.rejects(readUserKey(folder), /user\.key holds no key of 64 hexadecimal digits/);
});

import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readUserKey } from '../../../../agent/sources/intake/user-key.ts';
import { testFolder } from './rig.ts';

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

test('a damaged key is told and not replaced', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'user.key'), 'abc');
  await assert.rejects(readUserKey(folder), /user\.key holds no key of 64 hexadecimal digits/);
});

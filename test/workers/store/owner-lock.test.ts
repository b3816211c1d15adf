import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { takeOwnerLock } from '../../../workers/store/owner-lock.ts';
import '../../support/watchdog.ts';

const script = new URL('./children/hold-lock.ts', import.meta.url).pathname;

function folderFor(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'nova-lock-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startHolder(context: TestContext, folder: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  const [text] = await once(child.stdout, 'data');
  assert.equal(`${text}`, 'held\n');
  return child;
}

test('a directory that another process owns is refused, and the text says who has it', async (context) => {
  const folder = folderFor(context);
  const holder = await startHolder(context, folder);
  assert.throws(() => takeOwnerLock(folder), {
    code: 'owned',
    message: new RegExp(`in use by process ${holder.pid} on ${hostname()} since 20`),
  });
});

test('the lock of a killed process is free at once', async (context) => {
  const folder = folderFor(context);
  const holder = await startHolder(context, folder);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  takeOwnerLock(folder).release();
});

test('a refused attempt does not weaken the lock of the one who has it', async (context) => {
  const folder = folderFor(context);
  await startHolder(context, folder);
  for (let i = 0; i < 3; i++) assert.throws(() => takeOwnerLock(folder), { code: 'owned' });
});

test('the same process cannot take a directory twice, and can again after giving it up', (context) => {
  const folder = folderFor(context);
  const owner = takeOwnerLock(folder);
  assert.equal(JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')).pid, process.pid);
  assert.throws(() => takeOwnerLock(folder), { code: 'owned' });
  owner.release();
  owner.release();
  takeOwnerLock(folder).release();
});

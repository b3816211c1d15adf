import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { observeModules } from '../../../../agent/instrument/hooks/module-patch.ts';
import { temporaryFolder } from '../../../support/servers.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder('nova-modules-');
  await mkdir(join(folder, 'node_modules/package'), { recursive: true });
  await writeFile(join(folder, 'node_modules/package/index.js'), 'module.exports = { name: "package" };');
  await writeFile(join(folder, 'own.js'), 'module.exports = { name: "own" };');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (name: string): { name: string } => createRequire(join(folder, 'main.js'))(name);

test('a package is shown once, the files of the service are not', () => {
  const shown: unknown[] = [];
  const end = observeModules((exports) => {
    if ('name' in exports) shown.push(exports.name);
    return exports;
  });
  load('package');
  load('package');
  load('./own.js');
  load(join(folder, 'own.js'));
  end();
  assert.deepEqual(shown, ['package']);
});

test('what the hook returns is handed out, every time', () => {
  const end = observeModules((exports) => ('name' in exports ? { name: 'other' } : undefined));
  const [first, second] = [load('package'), load('package')];
  end();
  assert.equal(first.name, 'other');
  assert.equal(first, second);
  assert.equal(load('package').name, 'package');
});

test('a hook that throws changes nothing', () => {
  const end = observeModules(() => {
    throw new Error('unknown shape');
  });
  assert.equal(load('package').name, 'package');
  end();
});

test('others may patch before and after, and each ends alone', () => {
  const holder = Module as unknown as { _load: (...args: unknown[]) => unknown };
  const original = holder._load;
  const calls: string[] = [];
  const endFirst = observeModules((exports) => {
    calls.push('first');
    return exports;
  });
  const ours = holder._load;
  assert.deepEqual([ours.name, ours.length], [original.name, original.length]);
  const theirs = function (this: unknown, ...args: unknown[]) {
    calls.push('theirs');
    return ours.apply(this, args);
  };
  holder._load = theirs;
  endFirst();
  assert.equal(holder._load, theirs);
  assert.equal(load('package').name, 'package');
  holder._load = original;
  assert.deepEqual(calls, ['theirs']);
});

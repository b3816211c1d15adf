import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kernelConstants } from '../../../workers/probes/auxiliary-vector.ts';
import { ProcFolder } from './proc-folder.ts';

test('agrees with getconf', () => {
  const getconf = (name: string) => Number(execFileSync('getconf', [name], { encoding: 'utf8' }));
  assert.deepEqual(kernelConstants(), {
    pageBytes: getconf('PAGESIZE'),
    ticksPerSecond: getconf('CLK_TCK'),
  });
});

test('reads 32-bit words where the architecture has them', () => {
  const folder = new ProcFolder();
  const path = join(folder.folder, 'auxv');
  writeFileSync(path, new Uint32Array([6, 65536, 17, 250, 0, 0]));
  assert.deepEqual(kernelConstants(path, 'arm'), { pageBytes: 65536, ticksPerSecond: 250 });
  folder.end();
});

test('where there is none, the usual values hold', () => {
  assert.deepEqual(kernelConstants('/nowhere/auxv'), { pageBytes: 4096, ticksPerSecond: 100 });
});

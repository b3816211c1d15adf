import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KernelFile, KernelText } from '../../../workers/probes/kernel-file.ts';
import { emptyStat, hasEnded, parseProcessStat } from '../../../workers/probes/process-stat.ts';
import { type FakeProcess, ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
before(() => {
  folder = new ProcFolder();
});
after(() => folder.end());

function parse(fake: FakeProcess) {
  folder.process(7, fake);
  const text = new KernelText();
  new KernelFile(join(folder.procRoot, '7/stat'), false).read(text);
  const stat = emptyStat();
  return { ok: parseProcessStat(text, stat), stat };
}

test('takes every field that is used from its place', () => {
  const fake = { parentPid: 3, ownTicks: 250, reapedTicks: 40, threads: 11, startTicks: 5000, rssPages: 777 };
  assert.deepEqual(parse(fake), {
    ok: true,
    stat: {
      state: 'S'.charCodeAt(0),
      parentPid: 3,
      ownTicks: 250,
      reapedTicks: 40,
      threads: 11,
      startTicks: 5000,
      rssPages: 777,
    },
  });
});

test('a name with parentheses, spaces and numbers does not shift the fields', () => {
  const { ok, stat } = parse({ name: 'a) S 9 (b) 1 2', parentPid: 3, ownTicks: 250 });
  assert.ok(ok);
  assert.equal(stat.parentPid, 3);
  assert.equal(stat.ownTicks, 250);
});

test('a file that is cut short is refused', () => {
  folder.write('proc/7/stat', '7 (node) S 1 1 1 0 -1');
  const text = new KernelText();
  new KernelFile(join(folder.procRoot, '7/stat'), false).read(text);
  assert.equal(parseProcessStat(text, emptyStat()), false);
});

test('a zombie has ended, a stopped process has not', () => {
  assert.equal(hasEnded(parse({ state: 'Z' }).stat), true);
  assert.equal(hasEnded(parse({ state: 'T' }).stat), false);
});

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KernelFile, KernelText } from '../../../workers/probes/kernel-file.ts';
import { LiveProcess } from './live-process.ts';
import { ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
before(() => {
  folder = new ProcFolder();
});
after(() => folder.end());

function textOf(content: string): KernelText {
  const text = new KernelText();
  const path = join(folder.folder, 'file');
  writeFileSync(path, content);
  const file = new KernelFile(path, false);
  assert.ok(file.read(text));
  return text;
}

test('reads whole, negative and decimal numbers one after the other', () => {
  const text = textOf('12 -7\t0.05  18446744073709551615 x');
  assert.deepEqual(
    [text.number(), text.number(), text.number(), text.number(), text.number()],
    [12, -7, 0.05, 2 ** 64, Number.NaN],
  );
});

test('a number that is missing on a line is not taken from the next line', () => {
  const text = textOf('MemFree:\n42\n');
  assert.ok(text.seekLine('MemFree:'));
  assert.ok(Number.isNaN(text.number()));
});

test('finds a key only at the start of a line', () => {
  const text = textOf('total_inactive_file 5\ninactive_file 7\n');
  assert.ok(text.seekLine('inactive_file '));
  assert.equal(text.number(), 7);
  assert.equal(text.seekLine('active_file '), false);
});

test('a shorter file does not show what a longer one left in the buffer', () => {
  const text = textOf('first 1\nsecond 2\n');
  writeFileSync(join(folder.folder, 'file'), 'first 3\n');
  assert.ok(new KernelFile(join(folder.folder, 'file'), false).read(text));
  assert.equal(text.seekLine('second '), false);
  assert.equal(text.toString(), 'first 3\n');
});

test('grows for a file that is larger than its buffer', () => {
  const content = `${'x'.repeat(100_000)}\nlast 9\n`;
  const text = textOf(content);
  assert.ok(text.seekLine('last '));
  assert.equal(text.number(), 9);
});

test('a file that is not there is reported, and read once it is', () => {
  const path = join(folder.folder, 'late');
  const file = new KernelFile(path);
  const text = new KernelText();
  assert.equal(file.read(text), false);
  assert.equal(file.problem, 'ENOENT');
  writeFileSync(path, '5');
  assert.ok(file.read(text));
  assert.equal(file.problem, '');
  assert.equal(text.number(), 5);
  file.close();
  rmSync(path);
});

test('the kept file of a process that ended is reported as gone', async () => {
  const live = new LiveProcess('console.log("up")');
  await live.line();
  const file = new KernelFile(`/proc/${live.pid}/stat`);
  const text = new KernelText();
  assert.ok(file.read(text));
  await live.end();
  assert.equal(file.read(text), false);
  assert.equal(file.problem, 'ESRCH');
  file.close();
});

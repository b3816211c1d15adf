import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { KernelText } from '../../../workers/probes/kernel-file.ts';
import { ProcessTree } from '../../../workers/probes/process-tree.ts';
import { type FakeProcess, ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
let tree: ProcessTree;
beforeEach(() => {
  folder = new ProcFolder();
  folder.process(200, { ownTicks: 1000, reapedTicks: 500 });
  // A kept file of a folder outlives its removal, unlike one of the kernel: so none is kept.
  tree = new ProcessTree(folder.procRoot, 200, new KernelText(), 0);
});
afterEach(() => {
  tree.close();
  folder.end();
});

/** Reads once, with `pids` found below the root; the reading before was at `lastTicks`. */
function read(pids?: readonly number[], lastTicks = 0): number {
  assert.ok(tree.readRoot());
  if (pids) tree.adopt(pids);
  tree.sum(lastTicks);
  return tree.cpuTicks;
}

const child = (pid: number, fake: FakeProcess = {}) => folder.process(pid, { parentPid: 200, ...fake });

test('the first reading knows no CPU use, the second the difference', () => {
  assert.ok(Number.isNaN(read()));
  folder.process(200, { ownTicks: 1030, reapedTicks: 500 });
  assert.equal(read(), 30);
});

test('children add their own time, memory and threads', () => {
  child(201, { ownTicks: 100, rssPages: 5, threads: 2 });
  read([201]);
  folder.process(200, { ownTicks: 1010, reapedTicks: 500, rssPages: 20, threads: 11 });
  child(201, { ownTicks: 140, rssPages: 6, threads: 3 });
  assert.equal(read(), 50);
  assert.deepEqual([tree.rssPages, tree.threads, tree.children], [26, 14, 1]);
});

test('a child that was collected by its parent counts only for what was not seen of it before', () => {
  child(201, { ownTicks: 100, reapedTicks: 20 });
  read([201]);
  folder.remove('proc/201');
  folder.process(200, { ownTicks: 1000, reapedTicks: 500 + 100 + 20 + 7 });
  assert.equal(read(), 7);
  assert.equal(tree.children, 0);
});

test('a child that is gone before its parent shows its time is taken off one reading later', () => {
  child(201, { ownTicks: 100 });
  read([201]);
  folder.remove('proc/201');
  folder.process(200, { ownTicks: 1010, reapedTicks: 500 });
  assert.equal(read(), 10);
  folder.process(200, { ownTicks: 1010, reapedTicks: 600 + 3 });
  assert.equal(read(), 3);
});

test('a child whose parent never collects it takes nothing from the time of others', () => {
  child(201, { ownTicks: 100 });
  child(202, { ownTicks: 10 });
  read([201, 202]);
  folder.remove('proc/201');
  folder.process(200, { ownTicks: 1050, reapedTicks: 500 });
  child(202, { ownTicks: 30 });
  assert.equal(read(), 70);
  assert.equal(read(), 0);
  folder.process(200, { ownTicks: 1050, reapedTicks: 540 });
  assert.equal(read(), 40);
});

test('a child that came and went between two readings counts when it is collected', () => {
  read([]);
  folder.process(200, { ownTicks: 1000, reapedTicks: 545 });
  assert.equal(read(), 45);
});

test('a new child counts in full when it started since the reading before, else from now on', () => {
  read([], 5000);
  child(201, { ownTicks: 60, startTicks: 5100 });
  child(202, { ownTicks: 900, startTicks: 4000 });
  assert.equal(read([201, 202], 5000), 60);
  child(202, { ownTicks: 905, startTicks: 4000 });
  assert.equal(read([201, 202], 5200), 5);
});

test('a child that has ended and waits to be collected keeps its time, but is no child any more', () => {
  child(201, { ownTicks: 100, rssPages: 5, threads: 2 });
  read([201]);
  child(201, { ownTicks: 104, state: 'Z', rssPages: 0, threads: 1 });
  assert.equal(read([]), 4);
  assert.deepEqual([tree.children, tree.threads], [0, 1]);
});

test('a child that left the tree alive is forgotten and takes nothing along', () => {
  child(201, { ownTicks: 100 });
  read([201]);
  child(201, { parentPid: 1, ownTicks: 150 });
  folder.process(200, { ownTicks: 1020, reapedTicks: 510 });
  assert.equal(read([]), 30);
});

test('a pid that another process took over is not the child it was', () => {
  child(201, { ownTicks: 100, startTicks: 300 });
  read([201]);
  child(201, { ownTicks: 5, startTicks: 900 });
  folder.process(200, { ownTicks: 1000, reapedTicks: 602 });
  assert.equal(read([201], 800), 2);
  child(201, { ownTicks: 9, startTicks: 900 });
  assert.equal(read([201], 800), 9);
});

test('CPU time that runs backwards is not known, and the next reading is', () => {
  read();
  folder.process(200, { ownTicks: 900, reapedTicks: 500 });
  assert.ok(Number.isNaN(read()));
  folder.process(200, { ownTicks: 905, reapedTicks: 500 });
  assert.equal(read(), 5);
});

test('a root that became a zombie has ended', () => {
  read();
  folder.process(200, { state: 'Z' });
  assert.equal(tree.readRoot(), false);
});

test('a root whose start time changed is another process', () => {
  read();
  folder.process(200, { ownTicks: 1, startTicks: 9999 });
  assert.equal(tree.readRoot(), false);
});

test('a new entry in the list of started processes is noticed once', () => {
  folder.write('proc/200/task/200/children', '');
  assert.equal(tree.spawnedOthers(), false);
  folder.write('proc/200/task/200/children', '201 ');
  assert.equal(tree.spawnedOthers(), true);
  assert.equal(tree.spawnedOthers(), false);
});

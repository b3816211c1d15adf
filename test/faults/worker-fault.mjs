/**
 * Loaded into the real agent by NODE_OPTIONS, before anything else and in its workers too. When the file
 * $FAULT_FILE appears, the tick worker does once what stands in it, `KIND TASK`, inside a transaction of that task:
 * it loops, leaks, throws where nobody catches, or exits. The file is removed first, so that it happens once. With
 * `block` it waits for the kernel, as for a disk that does not answer, and so does each that follows, until the file
 * is gone and bytes come through the pipe $FAULT_FILE.pipe.
 */
import { openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const file = process.env.FAULT_FILE;

const faults = {
  loop: () => {
    for (;;);
  },
  leak: () => {
    for (const kept = []; ; ) kept.push(new Array(1000).fill({ at: kept.length }));
  },
  exit: () => process.exit(7),
  block: () => {
    readSync(openSync(`${file}.pipe`, 'r+'), Buffer.alloc(1));
  },
  throw: () => {
    setImmediate(() => {
      throw new Error('a fault of the test');
    });
  },
};

function wanted() {
  try {
    return readFileSync(file, 'utf8').trim().split(' ');
  } catch {
    return [];
  }
}

function strike(statement) {
  const [kind, task] = wanted();
  // Inside of a transaction; who blocks there would keep the lock, and the next one would not come to block.
  if (!kind || (statement === 'commit') === (kind === 'block')) return;
  if (!new RegExp(` at (Module\\.)?${task} .*tasks.tick\\.`).test(stack())) return;
  if (kind !== 'block') rmSync(file);
  faults[kind]();
}

function stack() {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return stack;
}

if (!isMainThread) {
  const native = process.getBuiltinModule?.('node:sqlite');
  const { prototype } = native?.DatabaseSync ?? createRequire(import.meta.url)('libsql');
  const { exec } = prototype;
  prototype.exec = function (sql) {
    if (sql === 'commit' || sql === 'begin immediate') strike(sql);
    return exec.call(this, sql);
  };
}

/**
 * Loaded into the real agent by NODE_OPTIONS, before anything else and in its workers too. When the file
 * $FAULT_FILE appears, the tick worker does once what stands in it, `KIND TASK`, inside a transaction of that task:
 * it loops, leaks, throws where nobody catches, or exits. The file is removed first, so that it happens once.
 */
import { readFileSync, rmSync } from 'node:fs';
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

function strike() {
  const [kind, task] = wanted();
  if (!kind || !new RegExp(` at (Module\\.)?${task} .*tasks.tick\\.`).test(stack())) return;
  rmSync(file);
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
    if (sql === 'commit') strike();
    return exec.call(this, sql);
  };
}

/**
 * Loaded into the real agent by NODE_OPTIONS, before anything else and in its workers too. When the file
 * $QUERY_FAULT_FILE appears, the query worker does once what stands in it, in the middle of an evaluation of rules: it
 * exits, throws where nobody catches, leaks or loops. The file is removed first, so that it happens once.
 */
import { readFileSync, rmSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.QUERY_FAULT_FILE;

const faults = {
  exit: () => process.exit(7),
  throw: () => {
    setImmediate(() => {
      throw new Error('a fault of the test');
    });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    throw new Error('a fault of the test');
  },
  leak: () => {
    for (const kept = []; ; ) kept.push(new Array(1000).fill({ at: kept.length }));
  },
  loop: () => {
    for (;;);
  },
};

if (!isMainThread) {
  const now = performance.now.bind(performance);
  let calls = 0;
  // Rules measure how long each of them takes: the third time is in the middle.
  Object.defineProperty(performance, 'now', {
    configurable: true,
    value: () => {
      strike();
      return now();
    },
  });

  function strike() {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 30;
    const { stack } = new Error();
    Error.stackTraceLimit = limit;
    if (!/ at (Module\.)?evaluateRules /.test(stack)) return;
    if (++calls % 3 !== 0) return;
    let kind;
    try {
      kind = readFileSync(file, 'utf8').trim();
    } catch {
      return;
    }
    rmSync(file);
    faults[kind]();
  }
}

/** Loaded into every thread of an agent: says so, and tells when something is put on the prototype of all objects. */
import { writeSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

let isTold = false;

function look() {
  const keys = Reflect.ownKeys(Object.prototype).filter((key) => !before.has(key));
  if (isTold || keys.length === 0) return;
  isTold = true;
  writeSync(2, `prototype polluted in thread ${threadId}: ${keys.map(String).join()}\n`);
}

const before = new Set(Reflect.ownKeys(Object.prototype));
writeSync(2, `prototype watched in thread ${threadId}\n`);
setInterval(look, 50).unref();
process.on('exit', look);

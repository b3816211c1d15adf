import { parentPort, workerData } from 'node:worker_threads';
import { openStore } from '../../../../workers/store/store.ts';
import { dayStartMs, filled, nothingElse, settings, twoFieldLayout } from '../fixture.ts';

/** Appends without end, and says after each commit what is now on the disk: one line, or one message, a tick. */
const [path = '', first = '0'] = workerData ? (workerData as string[]) : process.argv.slice(2);
const store = openStore(path, settings, () => dayStartMs);
const layout = twoFieldLayout(50);
for (let i = Number(first); ; i++) {
  store.append(dayStartMs + i, [filled(layout, i)], nothingElse);
  if (parentPort) parentPort.postMessage(i);
  else process.stdout.write(`${i}\n`);
}

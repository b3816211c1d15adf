import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './built.ts';
import { median, type Row, valueAtMost } from './row.ts';

const rounds = 3;
const limitMb = 15;

/** What a process takes more with the store open and in use; see store-memory.mjs. */
export async function* storeMemory(folder: string): AsyncGenerator<Row> {
  ensureBuilt();
  const rounded = Array.from({ length: rounds }, (_, i) => i);
  const without = median(rounded.map(() => residentMb()));
  const used = median(rounded.map((i) => residentMb(join(folder, `memory${i}.db`))));
  const more = used - without;
  const measure = 'memory with it open and in use, MB more';
  yield valueAtMost('store', measure, more, ['MB without it', without], limitMb);
}

function residentMb(...args: string[]): number {
  const script = fileURLToPath(new URL('./store-memory.mjs', import.meta.url));
  // The limits of the tick worker, see agent/pipeline/pools.ts.
  const flags = ['--max-semi-space-size=1', '--max-old-space-size=128'];
  return Number(execFileSync(process.execPath, [...flags, script, ...args], { encoding: 'utf8' })) / 2 ** 20;
}

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { median, type Row, valueAtMost } from './row.ts';

const rounds = 3;
const limitMb = 15;

/** What a process takes more with the store open and in use; see store-memory.mjs. */
export async function* storeMemory(folder: string): AsyncGenerator<Row> {
  const built = await buildAgent();
  try {
    const rounded = Array.from({ length: rounds }, (_, i) => i);
    const without = median(rounded.map(() => residentMb(built)));
    const used = median(rounded.map((i) => residentMb(built, join(folder, `memory${i}.db`))));
    const more = used - without;
    const measure = 'memory with it open and in use, MB more';
    yield valueAtMost('store', measure, more, ['MB without it', without], limitMb);
  } finally {
    await built.remove();
  }
}

function residentMb({ main }: BuiltAgent, ...args: string[]): number {
  const script = fileURLToPath(new URL('./store-memory.mjs', import.meta.url));
  // As agent/main.ts and agent/pipeline/tick-pool.ts set them.
  const flags = ['--optimize-for-size', '--max-semi-space-size=1', '--max-old-space-size=128'];
  const workers = new URL('../workers/', pathToFileURL(main)).href;
  const answer = execFileSync(process.execPath, [...flags, script, workers, ...args], { encoding: 'utf8' });
  return Number(answer) / 2 ** 20;
}

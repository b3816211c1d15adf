import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { atMost, type Row } from './row.ts';

/**
 * What one duration costs: counted, summed and placed into the histogram of one of 50 labels. Ours is the current tick
 * of the worker, with its errors, slow ones and maxima; the peer one sketch a label with 1 % accuracy, which counts and
 * sums too. In a process of its own: where any buffer was ever moved to a thread, as by the other subjects, V8 checks
 * each access to a typed array.
 */
export async function* histogram(): AsyncGenerator<Row> {
  const script = fileURLToPath(new URL('./histogram-cost.ts', import.meta.url));
  const answer = execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' });
  const { ours, peer } = JSON.parse(answer) as { ours: number; peer: number };
  yield atMost('histogram', 'a duration of one of 50 labels, CPU ns', ours, ['DDSketch.accept', peer], 0.3);
}

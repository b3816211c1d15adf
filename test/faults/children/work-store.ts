import { createInterface } from 'node:readline';
import { storePathOf } from '../../../agent/pipeline/store-path.ts';
import { buildLayout } from '../../../workers/point/point.ts';
import { openStore } from '../../../workers/store/store.ts';
import { bulkKeys } from '../bulk.ts';
import { storeSettings } from '../ledger.ts';

/**
 * Does with a store what the tick worker does, without pause: commits, delivers, quarantines, compacts. It says
 * `open` and begins when it is told a line. Each step says what is on the disk now: `append TIME`,
 * `settle POINTS`; one that failed says `failed STEP WHY`, and the next goes on.
 */
const [dataDir = '', startMs = '0', steps = '0'] = process.argv.slice(2);
let nowMs = Number(startMs);
const store = openStore(storePathOf(dataDir), storeSettings(['influx']), () => nowMs);
const layout = buildLayout(bulkKeys(20));
let lostPoints = 0;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function attempt(name: string, step: () => void): boolean {
  try {
    step();
    return true;
  } catch (error) {
    say(`failed ${name} ${(error as Error).message}`);
    return false;
  }
}

function append(i: number): void {
  const values = new Float64Array(layout.width).fill(i);
  const lost = lostPoints;
  const done = attempt('append', () => {
    const { timeMs } = store.append(nowMs, [{ layout, values }], {
      lostPoints: lost,
      overflowPoints: 0,
    });
    say(`append ${timeMs}`);
  });
  if (done) lostPoints -= lost;
  else lostPoints += layout.points.length;
}

function deliver(): void {
  attempt('settle', () => {
    const batch = store.readBatch('influx', 70, '');
    if (!batch) return;
    const quarantined = [{ line: batch.text.split('\n')[0]!, reason: 'a test' }];
    const delivered = batch.points - quarantined.length;
    store.settle('influx', { from: batch.from, to: batch.to, delivered, quarantined });
    say(`settle ${batch.points}`);
  });
}

createInterface(process.stdin).once('line', () => {
  for (let i = 0; i < Number(steps); i++) {
    append(i);
    if (i % 3 === 2) deliver();
    attempt('compact', () => store.compact(nowMs));
    // Hours come to their end often, so that each is compacted while others are written.
    nowMs += i % 10 === 9 ? 3_600_000 : 2000;
  }
  // What was lost last is told with one more tick.
  for (let i = 0; lostPoints > 0 && i < 200; i++) append(0);
  store.close();
  say('end');
  process.exit();
});
say('open');

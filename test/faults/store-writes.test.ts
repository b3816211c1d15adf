import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LedgerView } from '../../agent/ready-shape.ts';
import { tracing } from './capabilities.ts';
import { readStore, type StoreContent } from './ledger.ts';
import { scale } from './scale.ts';
import * as stage from './stage.ts';
import { inject, writeCalls } from './strace.ts';
import '../support/watchdog.ts';

/** The store at each of its write calls: killed there, and told by the kernel that the call failed. */
const script = fileURLToPath(new URL('./children/work-store.ts', import.meta.url));
const startMs = 1_700_000_000_000;
const steps = 40;
const pointsPerTick = 20;
/** Write calls that so many steps make, at least. */
const callsOfRun = 450;

/** What a run of the child said that it did. */
interface Said {
  /** Times of the ticks that were committed. */
  readonly timesMs: number[];
  /** Ticks that it tried to commit. */
  readonly appends: number;
  readonly settled: number;
  readonly failed: string[];
  readonly ended: boolean;
}

/** Runs the child with a fault at its write calls. */
async function run(dataDir: string, fromMs: number, fault: string): Promise<Said> {
  const args = ['--import', 'tsx', script, dataDir, `${fromMs}`, `${steps}`];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  stage.atEnd(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  const lines: string[] = [];
  const said = createInterface(child.stdout);
  const opened = once(said, 'line');
  said.on('line', (line) => lines.push(line));
  await opened;
  // SQLite does its calls on the thread that asks, here the main one.
  const injector = await inject({ pid: child.pid!, thread: child.pid!, calls: writeCalls, fault });
  child.stdin.on('error', () => {});
  child.stdin.write('go\n');
  await closed;
  await injector.detach();
  const words = lines.map((line) => line.split(' '));
  const appended = words.filter(([step]) => step === 'append');
  return {
    timesMs: appended.map(([, timeMs]) => Number(timeMs)),
    appends: appended.length + lines.filter((line) => line.startsWith('failed append')).length,
    settled: words.filter(([step]) => step === 'settle').reduce((sum, [, points]) => sum + Number(points), 0),
    failed: lines.filter((line) => line.startsWith('failed')),
    ended: lines.at(-1) === 'end',
  };
}

async function newDataDir(): Promise<string> {
  const dataDir = join(await stage.newFolder(), 'data');
  mkdirSync(dataDir);
  return dataDir;
}

/** `count` write calls, spread over a run. */
function placesOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 1 + Math.floor((i * callsOfRun) / count));
}

/** The ledger of the one sink; a store that was killed before its first tick does not know it yet. */
function entryOf({ ledger }: StoreContent): LedgerView {
  const nothing = { sink: 'influx', collected: 0, delivered: 0, waiting: 0, quarantined: 0, dropped: {} };
  return ledger[0] ?? nothing;
}

test(
  'a store that is killed at a write call keeps all that it had committed, and is whole',
  tracing,
  async (context) => {
    const dataDir = await newDataDir();
    const places = placesOf(scale(8, 150));
    let collected = 0;
    let settled = 0;
    for (const [i, place] of places.entries()) {
      const said = await run(dataDir, startMs + i * 3 * 3_600_000, `signal=KILL:when=${place}`);
      assert.equal(said.ended, false, `the write call ${place} did not come`);
      const content = readStore(dataDir);
      for (const timeMs of said.timesMs)
        assert.ok(content.timesMs.has(timeMs), `call ${place}: ${timeMs} is lost`);
      const entry = entryOf(content);
      // A commit may be on the disk although there was no time to say so: that of the last step, no other.
      const more = entry.collected - collected - said.timesMs.length * pointsPerTick;
      assert.ok(more === 0 || more === pointsPerTick, `call ${place}: ${more} points more than was said`);
      const moreSettled = entry.delivered + entry.quarantined - settled - said.settled;
      assert.ok(
        moreSettled >= 0 && moreSettled <= 70,
        `call ${place}: ${moreSettled} settled more than was said`,
      );
      assert.deepEqual(entry.dropped, {});
      collected = entry.collected;
      settled = entry.delivered + entry.quarantined;
    }
    context.diagnostic(`killed at ${places.length} write calls; ${collected} points`);
  },
);

for (const error of ['EIO', 'ENOSPC', 'EROFS']) {
  test(
    `a store whose write calls fail with ${error} undoes what failed, counts it, and goes on`,
    tracing,
    async (context) => {
      const dataDir = await newDataDir();
      const places = placesOf(scale(3, 75));
      let failures = 0;
      let points = 0;
      let dropped = 0;
      for (const [i, place] of places.entries()) {
        // One call alone, a few, and enough of them for several steps.
        const last = place + [0, 4, 40][i % 3]!;
        const said = await run(dataDir, startMs + i * 3 * 3_600_000, `error=${error}:when=${place}..${last}`);
        assert.equal(said.ended, true, `call ${place}: ${said.failed.join('; ')}`);
        const content = readStore(dataDir);
        const entry = entryOf(content);
        for (const timeMs of said.timesMs)
          assert.ok(content.timesMs.has(timeMs), `call ${place}: ${timeMs} is lost`);
        failures += said.failed.length;
        points += said.appends * pointsPerTick;
        dropped = entry.dropped.store_failed ?? 0;
        const held = content.points.size;
        // Every tick is there or counted as dropped, whatever was said of it: a failed sync may have kept it.
        const where = `calls ${place} to ${last}: ${said.failed.length} failed`;
        assert.deepEqual(
          { collected: entry.collected, held },
          { collected: points, held: points - dropped },
          where,
        );
        assert.deepEqual(Object.keys(entry.dropped), dropped > 0 ? ['store_failed'] : [], where);
      }
      assert.ok(failures > 0, 'no call failed');
      context.diagnostic(
        `${places.length} runs, ${failures} failed steps, ${dropped} points dropped and counted`,
      );
    },
  );
}

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { systemClock } from '../../../agent/clock.ts';
import { createLog, TroubleLog } from '../../../agent/log.ts';
import { Pipeline } from '../../../agent/pipeline/pipeline.ts';
import { RunningSource } from '../../../agent/pipeline/running-source.ts';
import { TickPool } from '../../../agent/pipeline/tick-pool.ts';
import { SelfStats } from '../../../agent/selfstats.ts';
import type { FrameBatch } from '../../../workers/contract/events.ts';
import { createProcessCells } from '../../../workers/contract/process-cells.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import type { Reading, TickSettings } from '../../../workers/contract/tasks.ts';
import { layoutText } from '../../../workers/point/point.ts';
import { temporaryFolder } from '../../support/servers.ts';
import '../../support/watchdog.ts';

/** The pipeline over the real tick worker and store. */
let folder: string;
let pool: TickPool;
let stats: SelfStats;
let pipeline: Pipeline;
let said: string;
/** What the one source answers. */
let answer: () => Promise<Reading>;
/** What the intake hands over. */
let take: () => FrameBatch | null;

const layout = layoutText([{ measurement: 'queue', tags: { queue: 'a' }, fields: ['waiting', 'active'] }]);
const reading = (...values: number[]): Reading => ({
  source: 'one',
  layout,
  values: Float64Array.from(values),
});

beforeEach(async () => {
  folder = await temporaryFolder();
  said = '';
  answer = async () => reading(1, 2);
  take = () => null;
  const settings: TickSettings = {
    commonTags: { host: 'a' },
    measurementPrefix: '',
    plan: { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup', processes: [], slowEveryMs: 10_000 },
    events: null,
    sinks: ['main'],
    quotaBytes: 1e9,
    retention: { rawMs: 1e12, minuteMs: 1e12, hourMs: 1e12 },
  };
  pool = new TickPool({
    rings: createRingBuffers(1000),
    processes: createProcessCells(),
    events: null,
    store: { path: join(folder, 'store.db') },
  });
  // A worker that starts takes its time, more than a tick may take on a busy machine.
  await pool.open(JSON.stringify(settings));
  stats = new SelfStats();
  stats.intervalMs = 1000;
  const log = createLog('debug', (line) => {
    said += line;
  });
  const source = { name: 'one', read: () => answer(), close: async () => {} };
  pipeline = new Pipeline({
    pool,
    settings: JSON.stringify(settings),
    sources: [new RunningSource(source, systemClock)],
    frames: { take: () => take(), settle: () => {}, noteFailed: () => {} },
    stats,
    clock: systemClock,
    log,
    troubles: new TroubleLog(log),
  });
});

afterEach(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

test('a tick commits and says what it collected', async () => {
  const result = await pipeline.tick(1_000_000);
  assert.equal(result?.committed, true);
  const { committed, ticks, collected, ledger, lastTickMs } = pipeline.state();
  assert.deepEqual({ committed, ticks, lastTickMs }, { committed: true, ticks: 1, lastTickMs: 1_000_000 });
  assert.equal(collected, result!.points);
  assert.equal(ledger[0]!.waiting, collected);
});

test('a tick that comes while the one before runs is skipped, told and counted', async () => {
  const [first, second] = await Promise.all([pipeline.tick(1_000_000), pipeline.tick(1_001_000)]);
  assert.ok(first);
  assert.equal(second, null);
  assert.equal(stats.ticksMissed, 1);
  assert.match(said, /warn tick: the one before still runs; skipped/);
  assert.equal(pipeline.state().ticks, 1);
});

test('a task that fails is told and counted, and the next tick goes on where the store is', async () => {
  const before = await pipeline.tick(1_000_000);
  answer = async () => ({ ...reading(1), layout: layout.replace('active', 'delayed') });
  assert.equal(await pipeline.tick(1_001_000), null);
  assert.equal(stats.ticksMissed, 1);
  assert.match(said, /warn tick: worker task tick: one: 1 values for a layout of 2/);
  answer = async () => reading(3, 4);
  const after = await pipeline.tick(1_002_000);
  assert.equal(after?.committed, true);
  assert.equal(after!.collected, before!.points + after!.points);
  assert.match(said, /info tick: well again/);
});

test('an intake that fails costs a tick, told and counted, and the next one is taken', async () => {
  take = () => {
    throw new Error('no frames today');
  };
  assert.equal(await pipeline.tick(1_000_000), null);
  assert.equal(stats.ticksMissed, 1);
  assert.match(said, /warn tick: no frames today/);
  assert.equal(pipeline.state().problem, 'no frames today');
  take = () => null;
  assert.equal((await pipeline.tick(1_001_000))?.committed, true);
});

test('points of ticks that the store refuses are dropped, and counted as soon as it takes them again', async () => {
  const first = await pipeline.tick(1_000_000);
  answer = async () => reading(1, 2, 3);
  const refused = await pipeline.tick(1_001_000);
  assert.equal(refused!.committed, false);
  assert.equal(stats.ticksMissed, 1);
  assert.match(said, /warn store: 3 values for a layout of 2; points are dropped and counted/);
  answer = async () => reading(3, 4);
  const again = await pipeline.tick(1_002_000);
  const [entry] = again!.ledger;
  assert.equal(entry!.waiting, first!.points + again!.points);
  assert.deepEqual(entry!.dropped, { store_failed: refused!.points });
  assert.equal(entry!.collected, first!.points + again!.points + refused!.points);
});

test('after its end no tick begins, and the one that runs is awaited', async () => {
  let seen = 0;
  pipeline.onTick(() => seen++);
  void pipeline.tick(1_000_000);
  await pipeline.end();
  assert.equal(seen, 1);
  assert.equal(await pipeline.tick(1_001_000), null);
  assert.equal(stats.ticksMissed, 0);
});

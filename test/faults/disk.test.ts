import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../agent/clock.ts';
import { createLog, TroubleLog } from '../../agent/log.ts';
import { Pipeline } from '../../agent/pipeline/pipeline.ts';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import { TickPool } from '../../agent/pipeline/tick-pool.ts';
import { SelfStats } from '../../agent/selfstats.ts';
import type { Snapshot } from '../../agent/snapshot-shape.ts';
import { createProcessCells } from '../../workers/contract/process-cells.ts';
import { createRingBuffers } from '../../workers/contract/ring-cells.ts';
import type { TickSettings } from '../../workers/contract/tasks.ts';
import { projectRoot, runAgent, type TestAgent, writeConfig } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import { mounting, tracing } from './capabilities.ts';
import { assertExactlyOnce } from './influx-points.ts';
import { assertBalanced, readStore, storeSettings } from './ledger.ts';
import { scale } from './scale.ts';
import { mountSmallDisk } from './small-disk.ts';
import * as stage from './stage.ts';
import { inject, writeCalls } from './strace.ts';
import '../support/watchdog.ts';

const diskMegabytes = 24;
/** A service beside the agent. */
async function newService(): Promise<{ readonly process: ChildProcess; answers(): Promise<boolean> }> {
  const script = join(projectRoot, 'test/fixtures/loaded-app.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, '10'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stage.atEnd(() => child.kill('SIGTERM'));
  const { port } = await new Promise<{ port: number }>((resolve) =>
    child.stdout.once('data', (text) => resolve(JSON.parse(text))),
  );
  return {
    process: child,
    answers: async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 200,
  };
}

/** Until the store takes no ticks, for the reason given, and sampling has gone on for some ticks since. */
async function untilSamplingOnly(agent: TestAgent, reason: RegExp): Promise<void> {
  await untilTrue(async () => {
    const report = await agent.ready();
    assert.equal(report.ready, false);
    assert.match(stage.partOf(report, 'store').problem, reason);
    assertBalanced(report.ledger);
  }, 30_000);
  const ticksOf = async () => Number(stage.partOf(await agent.ready(), 'tick').ticks);
  const before = await ticksOf();
  await untilTrue(async () => {
    assert.ok((await ticksOf()) >= before + 8, `${await ticksOf()} ticks, ${before} before`);
  });
  const report = await agent.ready();
  assert.equal(stage.partOf(report, 'tick').ok, true);
  assert.match(stage.partOf(report, 'store').problem, reason);
  const snapshot = await agent.get<Snapshot>('/api/monitoring/snapshot');
  assert.ok(
    Date.now() - Date.parse(`${snapshot.timestamp}`) < 5000,
    `the snapshot is of ${snapshot.timestamp}`,
  );
  assert.ok(snapshot.system!.memory!.used! > 0);
}

/** After recovery and the end of the agent: nothing lost without being counted; gives the points dropped. */
async function assertCounted(agent: TestAgent, influxUrl: string): Promise<string> {
  await untilTrue(async () => assert.equal((await agent.ready()).ready, true), 30_000);
  await stage.untilDelivered(agent);
  await agent.stop();
  const content = readStore(agent.dataDir);
  const [entry] = content.ledger;
  const dropped = entry!.dropped.store_failed ?? 0;
  assert.deepEqual(Object.keys(entry!.dropped), ['store_failed']);
  assert.ok(dropped > 0);
  assert.equal(entry!.collected, content.points.size + dropped);
  const rows = await assertExactlyOnce(influxUrl, content);
  return `${rows} points delivered once, ${dropped} dropped and counted`;
}

test(
  'on a full disk the service and the sampling go on, and the agent recovers by itself',
  mounting,
  async (context) => {
    const influx = await stage.newInflux();
    const service = await newService();
    const folder = await stage.newFolder();
    const disk = mountSmallDisk(join(folder, 'data'), diskMegabytes);
    const config = {
      ...stage.configFor(stage.destination(influx.url)),
      processes: [{ name: 'crm', pid: service.process.pid! }],
    };
    const agent = await stage.newAgent(config, folder);
    await stage.untilDelivered(agent);
    for (let round = 0; round < scale(2, 10); round++) {
      disk.fill();
      await untilSamplingOnly(agent, /full/);
      assert.ok(await service.answers());
      disk.free();
      await untilTrue(async () => assert.equal((await agent.ready()).ready, true), 30_000);
    }
    assert.equal(service.process.exitCode, null);
    context.diagnostic(`${scale(2, 10)} times full; ${await assertCounted(agent, influx.url)}`);
  },
);

test(
  'the points of exactly those ticks that found the disk full are counted as dropped',
  mounting,
  async (context) => {
    const dataDir = join(await stage.newFolder(), 'data');
    const disk = mountSmallDisk(dataDir, diskMegabytes);
    const settings: TickSettings = {
      ...storeSettings(['influx']),
      commonTags: { host: 'h' },
      measurementPrefix: '',
      plan: { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup', processes: [], slowEveryMs: 1000 },
      events: null,
    };
    const text = JSON.stringify(settings);
    const pool = new TickPool({
      rings: createRingBuffers(1000),
      processes: createProcessCells(),
      events: null,
      store: { path: storePathOf(dataDir) },
    });
    stage.atEnd(() => pool.close());
    // A worker that starts takes its time, more than a tick may take on a busy machine.
    await pool.open(text);
    const log = createLog('silent');
    const parts = { pool, settings: text, sources: [], stats: new SelfStats(), clock: systemClock, log };
    const pipeline = new Pipeline({ ...parts, troubles: new TroubleLog(log) });
    let timeMs = Date.now();
    let committed = 0;
    let lost = 0;
    const ticks = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        timeMs += 1000;
        const result = await pipeline.tick(timeMs);
        assert.ok(result, pipeline.state().problem);
        if (result.committed) committed += result.points;
        else lost += result.points;
      }
    };
    const rounds = scale(3, 30);
    for (let round = 0; round < rounds; round++) {
      await ticks(5);
      disk.fill();
      const before = lost;
      await ticks(5 + round);
      assert.ok(lost > before, 'the disk was not full');
      disk.free();
    }
    await ticks(2);
    const [entry] = pipeline.state().ledger;
    assertBalanced([entry!]);
    assert.deepEqual(entry!.dropped, { store_failed: lost });
    assert.equal(entry!.collected, committed + lost);
    await pool.close();
    assert.equal(readStore(dataDir).points.size, committed);
    context.diagnostic(`${rounds} times full; ${committed} points kept, ${lost} dropped and counted`);
  },
);

test(
  'when the file system turns read-only the sampling goes on, and the agent recovers by itself',
  tracing,
  async (context) => {
    const influx = await stage.newInflux();
    const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)));
    await stage.untilDelivered(agent);
    const store = storePathOf(agent.dataDir);
    // What the kernel answers after an error of the device; a file system in use cannot be remounted read-only.
    const injector = await inject({
      pid: agent.process.pid!,
      calls: writeCalls,
      fault: 'error=EROFS',
      paths: [store, `${store}-wal`],
    });
    stage.atEnd(() => injector.detach());
    await untilSamplingOnly(agent, /disk I\/O|read.?only/i);
    await injector.detach();
    context.diagnostic(await assertCounted(agent, influx.url));
  },
);

test(
  'a disk that hangs within a commit costs a worker, and leaves no lock behind',
  tracing,
  async (context) => {
    const influx = await stage.newInflux();
    const agent = await stage.newAgent(stage.configFor(stage.destination(influx.url)));
    await stage.untilDelivered(agent);
    const before = (await agent.ready()).ledger[0]!;
    const store = storePathOf(agent.dataDir);
    // Each thread's first sync hangs: that of the commit that comes next, and what its successor does meanwhile.
    const injector = await inject({
      pid: agent.process.pid!,
      calls: 'fdatasync,fsync',
      fault: 'delay_enter=60000000:when=1',
      paths: [store, `${store}-wal`],
    });
    stage.atEnd(() => injector.detach());
    await untilTrue(async () => {
      assert.match(stage.partOf(await agent.ready(), 'store').problem, /the worker is replaced/);
    });
    await injector.detach();
    const freeMs = performance.now();
    await untilTrue(async () => {
      const report = await agent.ready();
      assert.equal(report.ready, true, JSON.stringify(report.parts.slice(0, 2)));
      assert.ok(report.ledger[0]!.collected > before.collected);
    }, 30_000);
    const backMs = Math.round(performance.now() - freeMs);
    await stage.untilDelivered(agent);
    await agent.stop();
    const content = readStore(agent.dataDir);
    assert.deepEqual(content.ledger[0]!.dropped, {});
    const rows = await assertExactlyOnce(influx.url, content);
    context.diagnostic(`commits again ${backMs} ms after the disk; ${rows} points, each once`);
  },
);

test('on a disk that is full or read-only from the start the agent ends and says why', mounting, async () => {
  for (const [options, reason] of [
    ['rw', /full|no space/i],
    ['ro', /read-?only/i],
  ] as const) {
    const folder = await stage.newFolder();
    mkdirSync(join(folder, 'data'));
    const disk = mountSmallDisk(join(folder, 'data'), 1, options);
    if (options === 'rw') disk.fill();
    const configFile = await writeConfig(folder, stage.configFor());
    const { code, stderr } = await runAgent(['run', '-c', configFile]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, reason);
  }
});

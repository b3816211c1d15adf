import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LedgerView, ReadyReport } from '../../agent/ready-shape.ts';
import { commandOf, projectRoot, type TestAgent } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import { tracing } from './capabilities.ts';
import { assertExactlyOnce } from './influx-points.ts';
import { entryOf, readStore } from './ledger.ts';
import { scale } from './scale.ts';
import * as stage from './stage.ts';
import { inject, writeCalls } from './strace.ts';
import '../support/watchdog.ts';

/** An agent that a test lets run until it kills it. */
interface Doomed {
  readonly pid: number;
  /** The last that it said was committed; undefined when it said nothing yet. */
  told(): LedgerView | undefined;
  /** Resolves when `/ready` has told of a commit. */
  readonly ready: Promise<void>;
  readonly gone: Promise<unknown>;
  kill(): void;
}

/** Starts it on the folder of an agent that has ended, and asks `/ready` over and over. */
function startDoomed({ configFile }: TestAgent): Doomed {
  const args = [...commandOf(), 'run', '-c', configFile];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', 'ignore', 'pipe'] });
  stage.atEnd(() => child.kill('SIGKILL'));
  const gone = once(child, 'exit');
  let log = '';
  let last: LedgerView | undefined;
  child.stderr.on('data', (data) => {
    log += data;
  });
  let sayReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    sayReady = resolve;
  });
  const ask = async (): Promise<void> => {
    while (child.exitCode === null && child.signalCode === null) {
      const url = /http="?(http:\/\/[^\s"]+)/.exec(log)?.[1];
      // It may be killed while it answers.
      const report =
        url &&
        (await fetch(`${url}/ready`)
          .then(
            (answer) => answer.json(),
            () => undefined,
          )
          .catch(() => undefined));
      if (report && (report as ReadyReport).ledger.length > 0) {
        last = entryOf(report as ReadyReport);
        sayReady();
      }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  void ask();
  return { pid: child.pid!, told: () => last, ready, gone, kill: () => void child.kill('SIGKILL') };
}

/** Everything that was told as committed, collected or delivered, is in the store. */
function assertKept(dataDir: string, told: LedgerView | undefined, when: string): LedgerView {
  const entry = readStore(dataDir).ledger[0]!;
  assert.ok(entry.collected >= (told?.collected ?? 0), `${when}: ${entry.collected} of ${told?.collected}`);
  assert.ok(entry.delivered >= (told?.delivered ?? 0), `${when}: ${entry.delivered} of ${told?.delivered}`);
  assert.deepEqual(entry.dropped, {}, when);
  return entry;
}

/** The last start: ready soon, everything delivered once. */
async function assertAllArrives(influxUrl: string, first: TestAgent): Promise<string> {
  const startedMs = performance.now();
  const agent = await stage.newAgent(stage.configFor(stage.destination(influxUrl)), first.folder);
  await untilTrue(async () => assert.ok((await agent.ready()).ready), 30_000, 10);
  const readyMs = performance.now() - startedMs;
  await stage.untilDelivered(agent);
  assert.doesNotMatch(agent.log(), /damaged/);
  await agent.stop();
  const rows = await assertExactlyOnce(influxUrl, readStore(agent.dataDir));
  return `${rows} points, each once; ready ${Math.round(readyMs)} ms after the last start`;
}

test('an agent that is killed at any moment of its run loses nothing that it had committed', async (context) => {
  const influx = await stage.newInflux();
  const first = await stage.newAgent(stage.configFor(stage.destination(influx.url)));
  await stage.untilDelivered(first);
  let told: LedgerView | undefined = entryOf(await first.ready());
  await first.stop('SIGKILL');
  const kills = scale(8, 200);
  for (let i = 0; i < kills; i++) {
    const agent = startDoomed(first);
    // Evenly spread moments in an order without a pattern: every fourth while it starts.
    const part = (i * 0.618) % 1;
    if (i % 4 !== 0) await Promise.race([agent.ready, agent.gone]);
    await new Promise((resolve) => setTimeout(resolve, part * (i % 4 === 0 ? 1200 : 1500)));
    agent.kill();
    await agent.gone;
    const entry = assertKept(first.dataDir, agent.told() ?? told, `kill ${i}`);
    assert.ok(entry.collected >= told.collected, `kill ${i}`);
    told = entry;
  }
  context.diagnostic(`${kills} kills; ${await assertAllArrives(influx.url, first)}`);
});

test(
  'an agent that is killed within a write call of its store loses nothing that it had committed',
  tracing,
  async (context) => {
    const influx = await stage.newInflux();
    const first = await stage.newAgent(stage.configFor(stage.destination(influx.url)));
    await stage.untilDelivered(first);
    await first.stop('SIGKILL');
    const places = Array.from({ length: scale(3, 40) }, (_, i) => 1 + i * 3);
    for (const place of places) {
      const agent = startDoomed(first);
      await Promise.race([agent.ready, agent.gone]);
      const store = join(first.dataDir, 'store.db');
      await inject({
        pid: agent.pid,
        calls: writeCalls,
        fault: `signal=KILL:when=${place}`,
        paths: [store, `${store}-wal`],
      });
      await agent.gone;
      assertKept(first.dataDir, agent.told(), `write call ${place}`);
    }
    context.diagnostic(`${places.length} kills; ${await assertAllArrives(influx.url, first)}`);
  },
);

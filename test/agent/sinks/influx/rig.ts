import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Clock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import { createInfluxSink, type InfluxSink } from '../../../../agent/sinks/influx/influx.ts';
import { type InfluxOptions, influxOptions } from '../../../../agent/sinks/influx/options.ts';
import { requestTimeoutMs } from '../../../../agent/sinks/influx/transport.ts';
import { untilTrue } from '../../../support/servers.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { accepts, type FakeInflux, startFakeInflux } from '../fakes/fake-influx.ts';
import { FakeStore, points } from '../fakes/fake-store.ts';

const flushIntervalMs = 600_000;

/** Options as a configuration gives them. */
export function optionsFor(url: string, more: object = {}): InfluxOptions {
  const [options] = influxOptions.parse([
    { name: 'main', url, version: 1, database: 'test', flushInterval: '10m', ...more },
  ]);
  assert.ok(options);
  return options;
}

export interface Rig {
  readonly influx: FakeInflux;
  readonly store: FakeStore;
  readonly clock: FakeClock;
  readonly sink: InfluxSink;
  /** Lines that the sink logged. */
  readonly logged: string[];
  /** Waits until nothing waits in the store and the last outcome is settled. */
  delivered(): Promise<void>;
  /** Waits until the sink has had a setback; gives how long it will wait. */
  setback(): Promise<number>;
}

/** A sink on a fake server, a fake store and standing time; everything ends with the test. */
export async function rig(
  t: TestContext,
  { behaviour = accepts, lines = points(20), options = {} as object, start = true },
): Promise<Rig> {
  const influx = await startFakeInflux(behaviour);
  const store = new FakeStore(lines);
  const clock = new FakeClock();
  const { sink, logged } = sinkOn(influx.url, store, clock, options);
  t.after(async () => {
    await sink.close(0);
    await influx.close();
  });
  if (start) sink.start();
  return {
    influx,
    store,
    clock,
    sink,
    logged,
    delivered: () =>
      untilTrue(() => assert.equal(store.waiting, 0), 15_000, 2).then(() => store.assertBalanced()),
    setback: () => clock.sleeping((ms) => ms !== requestTimeoutMs && ms !== flushIntervalMs),
  };
}

export function sinkOn(url: string, port: FakeStore, clock: Clock, options: object = {}) {
  const logged: string[] = [];
  const log = createLog('debug', (line) => logged.push(line));
  const sink = createInfluxSink(optionsFor(url, options), { port, clock, log, measurementPrefix: '' });
  return { sink, logged };
}

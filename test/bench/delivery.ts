import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import { systemClock, withDeadline } from '../../agent/clock.ts';
import { createLog } from '../../agent/log.ts';
import { createInfluxSink } from '../../agent/sinks/influx/influx.ts';
import { influxOptions } from '../../agent/sinks/influx/options.ts';
import type { DeliveryPort } from '../../agent/sinks/sink.ts';
import { countPoints, hasValue, type Section } from '../../workers/point/point.ts';
import { openStore, type Store } from '../../workers/store/store.ts';
import { influxQuery, startInflux, temporaryFolder } from '../support/servers.ts';
import { cpuMsDuring } from './cost.ts';
import { countPointsOf } from './influx-peer.ts';
import { atLeast, atMost, median, type Row } from './row.ts';
import { SignalSource, tickMs } from './signals.ts';

const queues = 20;
const ticks = 8000;
const rounds = 4;
const warmUpRounds = 1;
const batchPoints = 5000;
const drainTarget = 100_000;
const drainLimitMs = 120_000;

interface Tick extends Section {
  readonly timeMs: number;
}

/**
 * A backlog of some 240,000 points, delivered to InfluxDB 1.6.7 by us and by the official client in turns. Ours is
 * the whole way from the embedded store, in one process: cursor, line protocol, gzip, HTTP, settling. The client is
 * given the same points from memory.
 */
export async function* delivery(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-bench-');
  const influx = await startInflux();
  const source = new SignalSource(queues);
  const startMs = Date.now() - ticks * tickMs;
  const backlog = Array.from({ length: ticks }, (_, i): Tick => {
    return { ...source.next(), timeMs: startMs + i * tickMs };
  });
  const points = backlog.reduce((sum, tick) => sum + countPoints(tick), 0);
  const sinks = Array.from({ length: rounds }, (_, round) => `ours${round}`);
  const store = openStore(join(folder, 'store.db'), {
    sinks,
    quotaBytes: 2 ** 40,
    retention: { rawMs: 1e12, minuteMs: 1e12, hourMs: 1e12 },
  });
  try {
    for (const tick of backlog) store.append(tick.timeMs, [tick], { lostPoints: 0, overflowPoints: 0 });
    const cost: number[] = [];
    const peerCost: number[] = [];
    const rates: number[] = [];
    const peerRates: number[] = [];
    for (const [round, sink] of sinks.entries()) {
      const peer = `peer${round}`;
      for (const database of [sink, peer]) await influxQuery(influx.url, `CREATE DATABASE ${database}`);
      const ours = await drain(store, influx.url, sink);
      const theirs = await timed(() => writeByClient(influx.url, peer, backlog));
      for (const database of [sink, peer]) await assertAllThere(influx.url, database, backlog, points);
      cost.push((ours.cpuMs * 1000) / points);
      peerCost.push((theirs.cpuMs * 1000) / points);
      rates.push((points * 1000) / ours.wallMs);
      peerRates.push((points * 1000) / theirs.wallMs);
    }
    yield atMost(
      'delivery',
      'client CPU, µs a point, store to InfluxDB',
      warm(cost),
      ['writePoint', warm(peerCost)],
      0.3,
    );
    const rate = warm(rates);
    yield {
      ...atLeast('delivery', 'drained, points/s', rate, ['writePoint', warm(peerRates)], 1),
      target: `≥ ${drainTarget}`,
      met: rate >= drainTarget,
    };
  } finally {
    store.close();
    await influx.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function warm(all: readonly number[]): number {
  return median(all.slice(warmUpRounds));
}

interface Taken {
  readonly cpuMs: number;
  readonly wallMs: number;
}

async function timed(work: () => Promise<void>): Promise<Taken> {
  const startMs = performance.now();
  const cpuMs = await cpuMsDuring(work);
  return { cpuMs, wallMs: performance.now() - startMs };
}

/** The sink with its cap lifted, until nothing waits for it. */
async function drain(store: Store, url: string, name: string): Promise<Taken> {
  let drained = (): void => {};
  const port: DeliveryPort = {
    deliver: async ({ sink, outcome, maxPoints, measurementPrefix }) => {
      if (outcome) store.settle(sink, outcome);
      const batch = maxPoints > 0 ? store.readBatch(sink, maxPoints, measurementPrefix) : null;
      if (!batch) drained();
      return batch;
    },
  };
  const [options] = influxOptions.parse([
    { name, url, version: 1, database: name, flushInterval: '1h', maxPointsPerSecond: 1_000_000 },
  ]);
  // Agents that start together begin apart: that is left out.
  const clock = { ...systemClock, random: () => 0 };
  const log = createLog('warn');
  const sink = createInfluxSink(options!, { port, clock, log, measurementPrefix: '' });
  try {
    return await timed(async () => {
      const whole = new Promise<void>((resolve) => {
        drained = resolve;
      });
      sink.start();
      await withDeadline(whole, drainLimitMs, () => new Error(`not drained: ${sink.status().problem}`));
    });
  } finally {
    await sink.close(1000);
  }
}

/** The official client as its manual shows it, flushed at every 5,000 points; its path set to what 1.6.7 has. */
async function writeByClient(url: string, database: string, backlog: readonly Tick[]): Promise<void> {
  const failures: Error[] = [];
  const api = new InfluxDB({ url, token: 'none' }).getWriteApi('', database, 'ms', {
    batchSize: batchPoints + 1,
    flushInterval: 0,
    maxRetries: 0,
    writeFailed: (error) => {
      failures.push(error);
    },
  });
  (api as unknown as { path: string }).path = `/write?db=${database}&precision=ms`;
  let buffered = 0;
  for (const tick of backlog) {
    for (const point of pointsOf(tick)) {
      api.writePoint(point);
      if (++buffered < batchPoints) continue;
      await api.flush();
      buffered = 0;
    }
  }
  await api.close();
  if (failures[0]) throw failures[0];
}

function* pointsOf(tick: Tick): Generator<Point> {
  const { layout, values, timeMs } = tick;
  for (const [i, { measurement, tags, fields }] of layout.points.entries()) {
    if (!hasValue(layout, values, i)) continue;
    const point = new Point(measurement).timestamp(timeMs);
    for (const name in tags) point.tag(name, tags[name]!);
    const first = layout.offsets[i]!;
    for (let f = 0; f < fields.length; f++) {
      const value = values[first + f]!;
      if (Number.isFinite(value)) point.floatField(fields[f]!, value);
    }
    yield point;
  }
}

/** Counts the points of every measurement by InfluxQL: each is there, and none twice. */
async function assertAllThere(
  url: string,
  database: string,
  backlog: readonly Tick[],
  points: number,
): Promise<void> {
  const marks = new Map<string, string>();
  const { layout } = backlog[0]!;
  for (const [i, { measurement, tags, fields }] of layout.points.entries()) {
    const first = layout.offsets[i]!;
    const wheres = Object.entries(tags).map(([name, value]) => `"${name}" = '${value}'`);
    const always = fields.findIndex((_, f) =>
      backlog.every((tick) => !hasValue(layout, tick.values, i) || Number.isFinite(tick.values[first + f])),
    );
    marks.set(`"${measurement}" WHERE ${wheres.join(' AND ')}`, fields[always]!);
  }
  let stored = 0;
  for (const [from, field] of marks) stored += await countPointsOf(url, database, from, field);
  if (stored !== points) throw new Error(`${database}: ${stored} points in InfluxDB, ${points} were sent`);
}

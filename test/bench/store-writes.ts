import { join } from 'node:path';
import { LineWriter } from '../../workers/point/line-protocol.ts';
import { countPoints } from '../../workers/point/point.ts';
import { openStore } from '../../workers/store/store.ts';
import { influxQuery, type TestServer } from '../support/servers.ts';
import { writeLines } from './influx-peer.ts';
import { atLeast, type Row } from './row.ts';
import { SignalSource, tickMs } from './signals.ts';
import { keepAll } from './store-filling.ts';

const hourMs = 3_600_000;
const hours = 2;
const queues = 22;
const batchPoints = 5000;

/**
 * How fast ticks of some 250 values are taken, each on the disk before the next: with all background work, so that
 * at the end they are chunks and rollups. InfluxDB is sent prebuilt lines, tick by tick and in batches.
 */
export async function* storeWrites(folder: string, influx: TestServer): AsyncGenerator<Row> {
  const source = new SignalSource(queues);
  const startMs = Math.floor(Date.now() / hourMs) * hourMs - hours * hourMs;
  const ticks = Array.from({ length: (hours * hourMs) / tickMs }, () => source.next());
  const points = ticks.reduce((sum, tick) => sum + countPoints(tick), 0);
  const rate = (ms: number) => (points * 1000) / ms;

  const store = openStore(join(folder, 'writes.db'), keepAll);
  let beganMs = performance.now();
  for (const [i, tick] of ticks.entries()) {
    store.append(startMs + i * tickMs, [tick], { lostPoints: 0, overflowPoints: 0 });
  }
  while (store.compact(startMs + (hours + 1) * hourMs).more);
  const ours = rate(performance.now() - beganMs);
  store.close();

  const writer = new LineWriter(source.layout);
  const lines = ticks.map((tick, i) => writer.lines(tick.values, startMs + i * tickMs));
  const perBatch = Math.round((batchPoints * ticks.length) / points);
  for (const [how, size] of [
    ['a request a tick', 1],
    [`batches of ${batchPoints}`, perBatch],
  ] as const) {
    const database = `writes${size}`;
    await influxQuery(influx.url, `CREATE DATABASE ${database}`);
    beganMs = performance.now();
    for (let i = 0; i < lines.length; i += size) {
      await writeLines(influx.url, lines.slice(i, i + size).join(''), database);
    }
    const peer = rate(performance.now() - beganMs);
    yield atLeast(
      'store',
      'points/s taken and compacted, ticks of 250 values',
      ours,
      [`InfluxDB, ${how}`, peer],
      1,
    );
  }
}

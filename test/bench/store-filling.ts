import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LineWriter } from '../../workers/point/line-protocol.ts';
import { countPoints } from '../../workers/point/point.ts';
import { openDatabase, transaction } from '../../workers/store/database.ts';
import { Ledger } from '../../workers/store/ledger.ts';
import { NameWriter } from '../../workers/store/names.ts';
import { openStore } from '../../workers/store/store.ts';
import { TickHours } from '../../workers/store/tick-hours.ts';
import { TickWriter } from '../../workers/store/ticks.ts';
import { influxQuery, type TestServer } from '../support/servers.ts';
import { diskBytes, untilSettled, writeLines } from './influx-peer.ts';
import { countValues, type SignalSource, tickMs } from './signals.ts';

const hourMs = 3_600_000;
const restMs = 600_000;
const batchPoints = 5000;

export const keepAll = {
  sinks: [],
  quotaBytes: 2 ** 40,
  retention: { rawMs: 1e13, minuteMs: 1e13, hourMs: 1e13 },
} as const;

export interface Filling {
  readonly path: string;
  /** Of InfluxDB. */
  readonly database: string;
  /** Whole hours. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Fills a store and an InfluxDB database with the same ticks and gives the bytes that a value takes in each. */
export async function fillBoth(
  { path, database, startMs, endMs }: Filling,
  influx: TestServer,
  source: SignalSource,
): Promise<{ ours: number; peer: number }> {
  await influxQuery(influx.url, `CREATE DATABASE "${database}"`);
  const writer = new LineWriter(source.layout);
  let values = 0;
  let lines = '';
  let points = 0;
  for (let hour = startMs; hour < endMs; hour += hourMs) {
    const ticks = Array.from({ length: hourMs / tickMs }, () => source.next());
    appendHour(path, hour, ticks);
    for (const [i, tick] of ticks.entries()) {
      values += countValues(tick);
      points += countPoints(tick);
      lines += writer.lines(tick.values, hour + i * tickMs);
      if (points < batchPoints) continue;
      await writeLines(influx.url, lines, database);
      lines = '';
      points = 0;
    }
  }
  if (points > 0) await writeLines(influx.url, lines, database);
  const folders = ['data', 'wal'].map((part) => join(influx.folder, part, database));
  await untilSettled(folders);
  const wal = `${path}-wal`;
  const ours = statSync(path).size + (existsSync(wal) ? statSync(wal).size : 0);
  const peer = folders.reduce((sum, folder) => sum + diskBytes(folder), 0);
  return { ours: ours / values, peer: peer / values };
}

/**
 * An hour of ticks, then the background work that is due. The rows are those of `Store.append`, only that the
 * ticks share one transaction: filling a month one by one would take longer than all that is measured.
 */
export function appendHour(path: string, startMs: number, ticks: ReturnType<SignalSource['next']>[]): void {
  openStore(path, keepAll).close();
  const database = openDatabase(path);
  transaction(database, () => {
    const ledger = new Ledger(database);
    const writer = new TickWriter(database, new NameWriter(database), new TickHours(database));
    for (const [i, tick] of ticks.entries()) {
      const written = writer.write(ledger.nextSeq, startMs + i * tickMs, [tick]);
      ledger.collect(written.points, 0, 0);
    }
  });
  database.close();
  const store = openStore(path, keepAll);
  while (store.compact(startMs + hourMs + restMs).more);
  store.close();
}

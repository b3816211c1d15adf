import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { influxQuery, startInflux, type TestServer } from '../support/servers.ts';
import { sleep } from './cost.ts';

/** InfluxDB that puts what it has taken into its compact files after a second without writes, not after hours. */
export async function startPeer(): Promise<TestServer> {
  const settings = {
    INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION: '1s',
    INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION: '1s',
  };
  Object.assign(process.env, settings);
  try {
    return await startInflux();
  } finally {
    for (const name of Object.keys(settings)) delete process.env[name];
  }
}

/** Writes line protocol with times in ms; `lines` have their line breaks. */
export async function writeLines(url: string, lines: string, database = 'test'): Promise<void> {
  const answer = await fetch(`${url}/write?db=${database}&precision=ms`, { method: 'POST', body: lines });
  if (answer.status !== 204) throw new Error(`InfluxDB: ${answer.status} ${await answer.text()}`);
}

/** How many points InfluxDB has of `from`, a measurement and maybe a WHERE, by a field that each of them has. */
export async function countPointsOf(
  url: string,
  database: string,
  from: string,
  field: string,
): Promise<number> {
  const [found] = await influxQuery(url, `SELECT count("${field}") FROM ${from}`, database);
  return Number(found?.values[0]?.[1] ?? 0);
}

/** Waits until InfluxDB has put away what it was given: its files stay as they are for some seconds. */
export async function untilSettled(folders: readonly string[]): Promise<void> {
  const quietMs = 5000;
  let bytes = Number.NaN;
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < quietMs) {
    await sleep(250);
    const now = folders.reduce((sum, folder) => sum + diskBytes(folder), 0);
    if (now === bytes) continue;
    bytes = now;
    sinceMs = performance.now();
  }
}

/** Bytes that the files below a folder take on the disk; one that goes meanwhile takes none. */
export function diskBytes(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = statSync(join(folder, name), { throwIfNoEntry: false });
    if (file?.isFile()) bytes += Math.min(file.size, file.blocks * 512);
  }
  return bytes;
}

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { influxQuery, startInflux, type TestServer } from '../support/servers.ts';

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

/** Bytes that a folder takes on the disk, with everything below it. */
export function diskBytes(path: string): number {
  const { blocks, size } = lstatSync(path);
  let bytes = lstatSync(path).isDirectory() ? 0 : Math.min(size, blocks * 512);
  if (lstatSync(path).isDirectory()) {
    for (const name of readdirSync(path)) bytes += diskBytes(join(path, name));
  }
  return bytes;
}

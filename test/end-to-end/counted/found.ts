import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import type { ApiRequest, DatabaseQuery } from '../../../workers/contract/events.ts';
import { runAgent } from '../../support/agent.ts';
import { influxQuery } from '../../support/servers.ts';
import type { Stage } from './stage.ts';

/** How often each name was found. */
export type Counts = Record<string, number>;

/** What is summed: a count per tick, and the tags that name it, in this order. */
export interface Summed {
  readonly measurement: string;
  readonly field: string;
  readonly tags: readonly string[];
}

export const requests: Summed = {
  measurement: 'http',
  field: 'requests',
  tags: ['method', 'route', 'status'],
};
export const queries: Summed = { measurement: 'db', field: 'queries', tags: ['model', 'operation'] };
export const failedQueries: Summed = { ...queries, field: 'errors' };
export const slowQueries: Summed = { ...queries, field: 'slow' };
export const errors: Summed = { measurement: 'errors', field: 'count', tags: ['type'] };
export const jobs: Summed = { measurement: 'job', field: 'runs', tags: ['queue', 'job'] };
export const socketEvents: Summed = { measurement: 'socket', field: 'events', tags: ['process'] };

/** Counts of all ticks in the store, as `nova-agent export` gives them; what was zero all the time is left out. */
export async function inStore({ agent, built }: Stage, summed: Summed): Promise<Counts> {
  const args = ['export', '-c', agent.configFile, '--format', 'jsonl', '--measurement', summed.measurement];
  const { code, stdout, stderr } = await runAgent(args, built);
  assert.equal(code, 0, stderr);
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { tags: Counts; fields: Counts });
  return sums(rows.map(({ tags, fields }) => [nameOf(summed, tags), fields[summed.field] ?? 0]));
}

/** The same as InfluxDB sums them. */
export async function inInflux({ influx }: Stage, summed: Summed): Promise<Counts> {
  const { measurement, field, tags } = summed;
  // Some of these names are words of InfluxQL.
  const query = `SELECT sum("${field}") FROM "${measurement}" GROUP BY "${tags.join('", "')}"`;
  const series = await influxQuery(influx.url, query);
  return sums(series.map((one) => [nameOf(summed, one.tags ?? {}), Number(one.values[0]![1] ?? 0)]));
}

/** The Redis list `metrics:api`, as `METHOD endpoint statusCode`. */
export async function inApiList(stage: Stage): Promise<Counts> {
  const entries = await list<ApiRequest>(stage, 'metrics:api');
  return sums(entries.map(({ method, endpoint, statusCode }) => [`${method} ${endpoint} ${statusCode}`, 1]));
}

/** The Redis list `metrics:db`, as `model operation`. */
export async function inDatabaseList(stage: Stage): Promise<Counts> {
  const entries = await list<DatabaseQuery>(stage, 'metrics:db');
  return sums(entries.map(({ model, operation }) => [nameOf(queries, { model, operation }), 1]));
}

async function list<T>({ redis }: Stage, key: string): Promise<T[]> {
  const client = new Redis(redis.url);
  try {
    return (await client.lrange(key, 0, -1)).map((text) => JSON.parse(text) as T);
  } finally {
    client.disconnect();
  }
}

/** Values of the tags, without those that are absent. */
function nameOf({ tags }: Summed, values: Readonly<Record<string, string | number | undefined>>): string {
  return tags
    .map((tag) => values[tag])
    .filter(Boolean)
    .join(' ');
}

export function sums(of: Iterable<readonly [name: string, count: number]>): Counts {
  const found: Counts = {};
  for (const [name, count] of of) if (count !== 0) found[name] = (found[name] ?? 0) + count;
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `METHOD route 204` as `METHOD route 2xx`. */
export function byStatusClass(counts: Counts): Counts {
  return sums(Object.entries(counts).map(([name, count]) => [name.replace(/(\d)\d\d$/, '$1xx'), count]));
}

export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

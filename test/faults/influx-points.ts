import assert from 'node:assert/strict';
import { influxQuery } from '../support/servers.ts';
import { pointName, type StoreContent } from './ledger.ts';

export interface InfluxPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly timeMs: number;
  /** Fields that it has. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Every point of an InfluxDB 1.x: one row for one series and time. */
export async function influxPoints(url: string): Promise<InfluxPoint[]> {
  const points: InfluxPoint[] = [];
  // Without limit a 1.x server still answers whole: `max-row-limit` is 0 by default.
  for (const { name, tags = {}, columns, values } of await influxQuery(
    url,
    'SELECT * FROM /.*/ GROUP BY *',
  )) {
    const carried = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''));
    for (const row of values) {
      const fields: Record<string, string | number> = {};
      columns.forEach((column, i) => {
        const value = row[i];
        if (i > 0 && value !== null && value !== undefined) fields[column] = value;
      });
      points.push({ measurement: name, tags: carried, timeMs: Number(row[0]), fields });
    }
  }
  return points;
}

/** Asserts that InfluxDB has the points of a store whose agent has ended, all of them, each once, and no other. */
export async function assertExactlyOnce(url: string, { ledger, points }: StoreContent): Promise<number> {
  const [entry] = ledger;
  assert.equal(entry?.waiting, 0, `something still waits: ${JSON.stringify(entry)}`);
  const there = (await influxPoints(url)).map(({ measurement, tags, timeMs }) =>
    pointName(measurement, tags, timeMs),
  );
  const names = new Set(there);
  assert.equal(names.size, there.length, 'one row for one series and time');
  const missing = [...points].filter((name) => !names.has(name));
  const invented = there.filter((name) => !points.has(name));
  assert.deepEqual(
    { missing: missing.slice(0, 5), invented: invented.slice(0, 5) },
    { missing: [], invented: [] },
    `${missing.length} missing, ${invented.length} invented of ${points.size}; ${JSON.stringify(entry)}`,
  );
  assert.equal(there.length, entry.delivered, 'what the ledger calls delivered is what InfluxDB has');
  return there.length;
}

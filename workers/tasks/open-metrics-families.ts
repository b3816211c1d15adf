import { catalogue, type FieldEntry, type MeasurementEntry } from '../point/catalogue.ts';

/** What is known of a metric. */
export interface Family {
  readonly type: 'gauge' | 'counter' | 'histogram' | 'unknown';
  readonly help: string;
  /** In OpenMetrics a name ends with its unit; '' where ours does not. */
  readonly unit: string;
}

const unknown: Family = { type: 'unknown', help: '', unit: '' };

/** Measurements with durations, and what those are of. */
export const timedMeasurements = {
  http: 'Response time of requests',
  db: 'Time of queries',
  socket: 'Time from an event to its acknowledgement',
  job: 'Time of the runs of jobs',
} as const;

const families: ReadonlyMap<string, Family> = new Map([
  ...Object.entries<MeasurementEntry>(catalogue).flatMap(([measurement, { fields }]) =>
    Object.entries<FieldEntry>(fields).map(([field, { kind, help, unit }]): [string, Family] => {
      const name = `${measurement}_${field}`;
      return [name, { type: kind, help, unit: unitOf(name, unit) }];
    }),
  ),
  ...Object.entries(timedMeasurements).map(([measurement, what]): [string, Family] => [
    `${measurement}_duration_seconds`,
    { type: 'histogram', help: `${what} since the agent started`, unit: 'seconds' },
  ]),
]);

function unitOf(name: string, unit: string): string {
  return name.replace(/_total$/, '').endsWith(`_${unit}`) ? unit : '';
}

/** Of a metric that rules record nothing is known. */
export function familyOf(name: string): Family {
  return families.get(name) ?? unknown;
}

export function isFamily(name: string): boolean {
  return families.has(name);
}

/** As `/api/v1/metadata` has it: of one metric, or '' for all; at most `limit`, 0 for all. */
export function catalogueMetadata(metric: string, limit: number): Record<string, readonly Family[]> {
  const wanted = metric === '' ? [...families] : [...families].filter(([name]) => name === metric);
  const some = limit > 0 ? wanted.slice(0, limit) : wanted;
  return Object.fromEntries(some.map(([name, { type, help, unit }]) => [name, [{ type, unit, help }]]));
}

import type { FastifyInstance } from 'fastify';
import type { SeriesStats, SeriesStatsTask } from '../../../workers/contract/events.ts';
import type { Clock } from '../../clock.ts';
import { QueryParameters, type RawQuery } from '../query-parameters.ts';
import type { HttpViews } from '../views.ts';

interface Table {
  readonly path: string;
  readonly measurement: SeriesStatsTask['measurement'];
  /** What its rows are counts of. */
  readonly counted: string;
  /** Tags that name a row, and what they are called here. */
  readonly names: Readonly<Record<string, string>>;
}

const tables: readonly Table[] = [
  {
    path: 'routes',
    measurement: 'http',
    counted: 'requests',
    names: { process: 'process', route: 'endpoint', method: 'method' },
  },
  {
    path: 'queries',
    measurement: 'db',
    counted: 'queries',
    names: { process: 'process', model: 'model', operation: 'operation' },
  },
  {
    path: 'sockets',
    measurement: 'socket',
    counted: 'events',
    names: { process: 'process', event: 'event', namespace: 'namespace' },
  },
  {
    path: 'jobs',
    measurement: 'job',
    counted: 'runs',
    names: { process: 'process', queue: 'queue', job: 'job' },
  },
];

const minuteMs = 60_000;
const leastWindowMs = 10_000;
const mostWindowMs = 2 * 365 * 24 * 60 * minuteMs;

/**
 * `/api/monitoring/{routes,queries,sockets,jobs}`: statistics by name over `window` (a minute unless told; up to two
 * years), the most frequent first. Durations in milliseconds; `windowSeconds` is how long the window is so far.
 */
export function addStatisticsRoutes(
  app: FastifyInstance,
  views: HttpViews,
  clock: Clock,
  handlerTimeout: number,
): void {
  for (const table of tables) {
    app.get(`/api/monitoring/${table.path}`, { handlerTimeout }, async (request) => {
      const query = new QueryParameters(request.query as RawQuery, ['window', 'limit']);
      const windowMs = query.duration('window', minuteMs, leastWindowMs, mostWindowMs);
      const limit = query.limit(100, 5000);
      const endMs = clock.now();
      const range = { startMs: endMs - windowMs, endMs };
      const { measurement } = table;
      const by = Object.keys(table.names);
      const { spanMs, series } = await views.seriesStats({ measurement, by, ...range });
      const stats = [...series].sort((a, b) => b.count - a.count).slice(0, limit);
      const statuses =
        measurement === 'http'
          ? statusCounts(
              (await views.seriesStats({ measurement, by: [...by, 'status'], ...range })).series,
              by,
            )
          : undefined;
      const data = stats.map((one) => ({
        ...row(table, one, spanMs),
        ...(statuses && { statuses: statuses.get(keyOf(one, by)) ?? {} }),
      }));
      return { success: true, data, windowSeconds: rounded(spanMs / 1000) };
    });
  }
}

function row({ names, counted, measurement }: Table, stats: SeriesStats, spanMs: number) {
  const { tags, count, errors, slow } = stats;
  return {
    ...Object.fromEntries(Object.entries(names).map(([tag, name]) => [name, tags[tag] ?? null])),
    [counted]: count,
    [`${counted}PerMinute`]: spanMs > 0 ? rounded((count * minuteMs) / spanMs) : null,
    errors,
    errorRate: count === 0 ? null : rounded((errors * 100) / count),
    ...(measurement === 'db' && { slow }),
    avg: stats.avgMs,
    p50: stats.p50Ms,
    p95: stats.p95Ms,
    p99: stats.p99Ms,
    max: stats.maxMs,
  };
}

/** Requests by class of status, of each row. */
function statusCounts(stats: readonly SeriesStats[], by: readonly string[]) {
  const rows = new Map<string, Record<string, number>>();
  for (const one of stats) {
    const key = keyOf(one, by);
    const counts = rows.get(key) ?? {};
    counts[one.tags.status ?? ''] = one.count;
    rows.set(key, counts);
  }
  return rows;
}

function keyOf({ tags }: SeriesStats, by: readonly string[]): string {
  return JSON.stringify(by.map((name) => tags[name]));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

import type { FastifyInstance } from 'fastify';
import type { SeriesStats, SeriesStatsTask } from '../../../workers/contract/events.ts';
import type { Clock } from '../../clock.ts';
import { type OffsetQuery, offsetCursor, offsetPage } from '../offset-page.ts';
import { pastRange, readPastRange } from '../past-range.ts';
import { QueryError } from '../query-error.ts';
import {
  durationOf,
  limitOf,
  mapOf,
  number,
  objectOf,
  orNull,
  pageOf,
  queryOf,
  text,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

interface Table {
  readonly path: string;
  readonly summary: string;
  readonly measurement: SeriesStatsTask['measurement'];
  /** What its rows are counts of. */
  readonly counted: string;
  /** Tags that name a row, and what they are called here. */
  readonly names: Readonly<Record<string, string>>;
}

const tables: readonly Table[] = [
  {
    path: 'routes',
    summary: 'Routes of the services: counts, errors and durations in milliseconds, the most frequent first',
    measurement: 'http',
    counted: 'requests',
    names: { process: 'process', route: 'endpoint', method: 'method' },
  },
  {
    path: 'queries',
    summary:
      'Database operations of the services: counts, errors and durations in milliseconds, the most frequent first',
    measurement: 'db',
    counted: 'queries',
    names: { process: 'process', model: 'model', operation: 'operation' },
  },
  {
    path: 'sockets',
    summary:
      'Socket events of the services: counts, errors and durations in milliseconds, the most frequent first',
    measurement: 'socket',
    counted: 'events',
    names: { process: 'process', event: 'event', namespace: 'namespace' },
  },
  {
    path: 'jobs',
    summary:
      'Jobs that the services ran: counts, errors and durations in milliseconds, the most frequent first',
    measurement: 'job',
    counted: 'runs',
    names: { process: 'process', queue: 'queue', job: 'job' },
  },
];

const minuteMs = 60_000;
const leastWindowMs = 10_000;
const mostWindowMs = 2 * 365 * 24 * 60 * minuteMs;

interface Asked {
  readonly Querystring: {
    /** Milliseconds. */
    readonly window?: number;
    readonly since?: string;
    readonly until?: string;
  } & OffsetQuery;
}

/**
 * `/api/monitoring/{routes,queries,sockets,jobs}`: statistics by name over `window` (a minute unless told; up to two
 * years) or from `since` to `until`, where minutes count whole, the most frequent first. Durations in milliseconds; `windowSeconds` is how long the window is so far.
 */
export function addStatisticsRoutes(
  app: FastifyInstance,
  views: HttpViews,
  clock: Clock,
  handlerTimeout: number,
): void {
  for (const table of tables) {
    const options = { schema: schemaOf(table), handlerTimeout };
    app.get<Asked>(`/api/monitoring/${table.path}`, options, async ({ query, signal }) => {
      const range = rangeOf(query, clock.now());
      const { measurement } = table;
      const by = Object.keys(table.names);
      const read = (tags: readonly string[]) =>
        views.seriesStats({ measurement, by: tags, ...range }, signal);
      const { spanMs, series } = await read(by);
      const { page, next } = offsetPage(
        [...series].sort((a, b) => b.count - a.count),
        query,
      );
      const statuses =
        measurement === 'http' ? statusCounts((await read([...by, 'status'])).series, by) : undefined;
      const data = page.map((one) => ({
        ...row(table, one, spanMs),
        ...(statuses && { statuses: statuses.get(keyOf(one, by)) ?? {} }),
      }));
      return { success: true, data, ...next, windowSeconds: rounded(spanMs / 1000) };
    });
  }
}

/** A window up to now, or a stretch of the past. */
function rangeOf({ window, since, until }: Asked['Querystring'], nowMs: number) {
  if (since === undefined && until === undefined) {
    return { startMs: nowMs - (window ?? minuteMs), endMs: nowMs };
  }
  if (window !== undefined) throw new QueryError('window: expected it without since and until');
  return { ...readPastRange(since, until, nowMs), isPast: true };
}

function schemaOf({ summary, names, counted, measurement }: Table) {
  const duration = orNull({ ...number, description: 'Milliseconds.' });
  const rowSchema = objectOf({
    ...Object.fromEntries(Object.values(names).map((name) => [name, orNull(text)])),
    [counted]: wholeNumber,
    [`${counted}PerMinute`]: orNull(number),
    errors: wholeNumber,
    errorRate: orNull({ ...number, description: 'Percent.' }),
    ...(measurement === 'db' && { slow: wholeNumber }),
    avg: duration,
    p50: duration,
    p95: duration,
    p99: duration,
    max: duration,
    ...(measurement === 'http' && {
      statuses: { ...mapOf(wholeNumber), description: 'Requests by class of status.' },
    }),
  });
  return {
    summary,
    tags: ['statistics'],
    querystring: queryOf({
      window: durationOf('How far back from now; 1m unless told.', leastWindowMs, mostWindowMs),
      ...pastRange,
      limit: limitOf(100, 5000),
      before: offsetCursor,
    }),
    response: {
      200: pageOf(rowSchema, {
        windowSeconds: { ...number, description: 'How long the window is so far.' },
      }),
    },
  };
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

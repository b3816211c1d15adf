import type { FastifyInstance } from 'fastify';
import { type PercentilesTask, timedMeasurements } from '../../../workers/contract/percentiles.ts';
import type { Clock } from '../../clock.ts';
import { type HistoryQuery, historyParameters, rangeBefore, readMinuteRange } from '../history-query.ts';
import { type OffsetQuery, offsetCursor } from '../offset-page.ts';
import { QueryError, unknownName } from '../query-error.ts';
import {
  isoTime,
  limitOf,
  listOf,
  mapOf,
  number,
  objectOf,
  pageOf,
  queryOf,
  text,
  textOf,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

/** Tags of the series that durations are kept of. */
const tagsOf: Readonly<Record<PercentilesTask['measurement'], readonly string[]>> = {
  http: ['process', 'route', 'method', 'status'],
  db: ['process', 'model', 'operation'],
  socket: ['process', 'event', 'namespace'],
  job: ['process', 'queue', 'job'],
};
const allTags = [...new Set(Object.values(tagsOf).flat())];
/** Rows of all series together. */
const mostRows = 50_000;

const row = objectOf({
  timestamp: isoTime,
  count: wholeNumber,
  ...{ avg: number, p50: number, p95: number, p99: number, max: number },
});

const schema = {
  summary: 'Durations in equal steps: percentiles merged from histograms, in milliseconds',
  description:
    'Each entry is a series (those with equal values of the tags `by` are one; without `by` there is one of all), the ' +
    'most frequent first. A step without durations has no row. Steps are whole minutes: `stepSeconds` says which.',
  tags: ['monitoring'],
  querystring: queryOf(
    {
      measurement: { type: 'string', enum: timedMeasurements, description: 'What was timed.' },
      by: textOf('Tags, separated by commas: `route,method`.'),
      ...Object.fromEntries(allTags.map((tag) => [tag, textOf('Only series with this value.')])),
      ...historyParameters,
      limit: limitOf(20, 100),
      before: offsetCursor,
    },
    ['measurement'],
  ),
  response: {
    200: pageOf(objectOf({ tags: mapOf(text), count: wholeNumber, rows: listOf(row) }), {
      stepSeconds: number,
      omitted: { ...wholeNumber, description: 'Series that come behind these.' },
    }),
  },
};

interface Asked {
  readonly Querystring: HistoryQuery & {
    readonly measurement: PercentilesTask['measurement'];
    readonly by?: string;
    readonly offset?: number;
  } & OffsetQuery &
    Readonly<Record<string, unknown>>;
}

/** `/api/monitoring/percentiles`. */
export function addPercentileRoute(
  app: FastifyInstance,
  views: HttpViews,
  clock: Clock,
  handlerTimeout: number,
): void {
  app.get<Asked>('/api/monitoring/percentiles', { schema, handlerTimeout }, async ({ query, signal }) => {
    const { measurement, offset: offsetMs = 0, limit, before = '0' } = query;
    const skip = Number(before);
    const { fromMs, toMs, stepMs } = rangeBefore(readMinuteRange(query, clock.now()), offsetMs);
    if (limit * ((toMs - fromMs) / stepMs) > mostRows)
      throw new QueryError(`step: expected at most ${mostRows} rows; ask for a longer step or a lower limit`);
    const [by, tags] = [byOf(measurement, query.by), filterOf(measurement, query)];
    const task = { measurement, by, tags, startMs: fromMs, endMs: toMs, stepMs, limit, skip };
    const { series, omitted } = await views.percentiles(task, signal);
    const data = series.map(({ tags, count, rows }) => ({
      tags,
      count,
      rows: rows.map(({ timeMs, count, avgMs, p50Ms, p95Ms, p99Ms, maxMs }) => ({
        timestamp: new Date(timeMs + offsetMs).toISOString(),
        count,
        ...{ avg: avgMs, p50: p50Ms, p95: p95Ms, p99: p99Ms, max: maxMs },
      })),
    }));
    return {
      success: true,
      data,
      stepSeconds: stepMs / 1000,
      ...(omitted > 0 && { omitted, next: String(skip + limit) }),
    };
  });
}

function byOf(measurement: PercentilesTask['measurement'], text: string | undefined): string[] {
  const by = text === undefined ? [] : text.split(',').map((tag) => tag.trim());
  for (const tag of by) {
    if (!tagsOf[measurement].includes(tag))
      throw new QueryError(`by: ${unknownName(tag, tagsOf[measurement], 'tag')}`);
  }
  return by;
}

function filterOf(measurement: PercentilesTask['measurement'], query: Asked['Querystring']) {
  const filter: Record<string, string> = {};
  for (const tag of allTags) {
    const value = query[tag];
    if (typeof value !== 'string') continue;
    if (!tagsOf[measurement].includes(tag))
      throw new QueryError(`${tag}: ${measurement} has the tags ${tagsOf[measurement].join(', ')} only`);
    filter[tag] = value;
  }
  return filter;
}

import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import { historyNames } from '../../snapshot-shape.ts';
import { answerJson, refuse } from '../answers.ts';
import { type HistoryQuery, historyParameters, rangeBefore, readHistoryRange } from '../history-query.ts';
import { answerOf, isoTime, listOf, number, objectOf, orNull, queryOf, text } from '../schemas.ts';
import type { SnapshotEncoder } from '../stream-events.ts';
import type { HttpViews } from '../views.ts';

const known = orNull(number);
const snapshot = objectOf(
  {
    timestamp: isoTime,
    system: orNull(
      objectOf({
        timestamp: isoTime,
        cpu: objectOf({ usage: { ...known, description: 'Percent of all cores.' }, cores: known }),
        memory: objectOf({ total: known, used: known, free: known, usagePercent: known }),
        uptime: { ...known, description: 'Seconds since the watched process started.' },
      }),
    ),
    api: orNull(
      objectOf({
        avgResponseTime: { ...known, description: 'Milliseconds, of the last minute as all of these.' },
        totalRequests: known,
        errorRate: { ...known, description: 'Percent of requests with status 400 and above.' },
        requestsPerMinute: known,
      }),
    ),
    database: orNull(objectOf({ avgQueryTime: known, totalQueries: known, slowQueries: known })),
    queues: orNull(
      listOf(
        objectOf({
          timestamp: isoTime,
          ...{ redis: text, prefix: text, queueName: text },
          ...{ waiting: known, active: known, completed: known, failed: known, delayed: known },
        }),
      ),
    ),
    socket: orNull(objectOf({ totalEvents: known, activeConnections: known, eventsPerMinute: known })),
    processes: orNull(
      listOf(objectOf({ timestamp: isoTime, process: text, cpuUsage: known, memoryRss: known })),
    ),
  },
  ['processes'],
);

const snapshotSchema = {
  summary: 'The newest numbers; a part that nothing reports is null',
  tags: ['monitoring'],
  querystring: queryOf(),
  response: { 200: answerOf(snapshot) },
};

const historicalSchema = {
  summary: 'The past in equal steps, oldest first: means of the snapshots in each step',
  description: 'A step of which nothing is known has no row. Times are where the steps begin.',
  tags: ['monitoring'],
  querystring: queryOf(historyParameters),
  response: {
    200: answerOf(
      listOf(
        objectOf({ timestamp: isoTime, ...Object.fromEntries(historyNames.map((name) => [name, known])) }),
      ),
      {
        stepSeconds: number,
        notice: { ...text, description: 'Why a part of the range is missing; absent when none is.' },
      },
    ),
  },
};

interface Asked {
  readonly Querystring: HistoryQuery & { readonly offset?: number };
}

export interface MonitoringParts {
  readonly views: HttpViews;
  readonly encoder: SnapshotEncoder;
  readonly clock: Clock;
  readonly handlerTimeout: number;
}

/** `/api/monitoring/snapshot` and `/api/monitoring/historical`. */
export function addMonitoringRoutes(app: FastifyInstance, parts: MonitoringParts): void {
  const { views, encoder, clock, handlerTimeout } = parts;
  app.get('/api/monitoring/snapshot', { schema: snapshotSchema }, (_, reply) => {
    const snapshot = views.snapshot();
    if (!snapshot) return refuse(reply, 503, 'there is no snapshot yet: the first tick is not over');
    return answerJson(reply, encoder.encode(snapshot).answer);
  });

  const historical = { schema: historicalSchema, handlerTimeout };
  app.get<Asked>('/api/monitoring/historical', historical, async ({ query, signal }) => {
    const { offset: offsetMs = 0 } = query;
    const range = rangeBefore(readHistoryRange(query, clock.now()), offsetMs);
    const { rows, notice } = await views.historical(range, signal);
    const data = offsetMs === 0 ? rows : rows.map((row) => ({ ...row, timestamp: later(row, offsetMs) }));
    return { success: true, data, stepSeconds: range.stepMs / 1000, ...(notice !== '' && { notice }) };
  });
}

function later({ timestamp }: { readonly timestamp: string }, byMs: number): string {
  return new Date(Date.parse(timestamp) + byMs).toISOString();
}

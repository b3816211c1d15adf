import type { FastifyInstance } from 'fastify';
import {
  answerOf,
  flag,
  isoTime,
  listOf,
  mapOf,
  number,
  objectOf,
  orNull,
  queryOf,
  text,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

const pointsSchema = objectOf({
  collected: wholeNumber,
  delivered: wholeNumber,
  waiting: wholeNumber,
  quarantined: wholeNumber,
  dropped: mapOf(wholeNumber),
  difference: wholeNumber,
});

const ledgerSchema = objectOf({
  timestamp: orNull(isoTime),
  collected: wholeNumber,
  sinks: listOf(objectOf({ sink: text, up: flag, problem: text, points: orNull(pointsSchema) })),
  sources: listOf(objectOf({ source: text, up: flag, problem: text, readMs: number })),
  cost: objectOf({
    cpuPercent: orNull(number),
    rssBytes: orNull(number),
    eventloopDelayP99Ms: orNull(number),
    taskP99Ms: orNull(number),
    redisCommandsTotal: orNull(number),
    storeBytes: orNull(number),
    ticksMissedTotal: orNull(number),
    valuesRefusedTotal: orNull(number),
  }),
  budget: objectOf({
    cpuPercent: number,
    level: wholeNumber,
    intervalMs: number,
    configuredIntervalMs: number,
    storeQuotaBytes: number,
  }),
});

/** `/api/monitoring/ledger`: what became of every point, how sources and destinations are, and what the agent costs. */
export function addLedgerRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get(
    '/api/monitoring/ledger',
    {
      schema: {
        summary: 'What became of every point, and what the agent itself costs',
        tags: ['agent'],
        querystring: queryOf(),
        response: { 200: answerOf(ledgerSchema) },
      },
    },
    async () => ({ success: true, data: views.ledger() }),
  );
}

import type { FastifyInstance } from 'fastify';
import type { QuarantinedPoint } from '../../../workers/contract/tasks.ts';
import {
  answerOf,
  cursorOf,
  flag,
  isoTime,
  limitOf,
  listOf,
  objectOf,
  pageOf,
  queryOf,
  text,
  textOf,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

/** Of a line, characters that are shown: one point may have a hundred fields. */
const mostShown = 4000;
/** Points of one request. */
const mostIds = 1000;
/** Sending points again may take a request each. */
const replayTimeout = 55_000;

interface PageQuery {
  readonly limit: number;
  readonly before?: string;
  readonly sink?: string;
}

const sinkParameter = textOf('Only points of this destination.', { maxLength: 200 });
const ids = {
  type: 'array',
  items: { type: 'integer', minimum: 1 },
  minItems: 1,
  maxItems: mostIds,
  description: 'Ids of the points.',
  'x-expected': `a list of 1 to ${mostIds} ids, as the list of the quarantine has them`,
};

const pointSchema = objectOf({
  id: wholeNumber,
  sink: text,
  line: text,
  truncated: flag,
  reason: text,
  refusedAt: isoTime,
});

/**
 * `/api/monitoring/quarantine`: points that destinations refused, newest first. `POST …/replay` with `{ids?, sink?}` sends
 * them, or all, again; `POST …/drop` with `{ids}` gives them up: they count as dropped from then on.
 */
export function addQuarantineRoutes(
  app: FastifyInstance,
  { spool }: HttpViews,
  handlerTimeout: number,
): void {
  app.get<{ Querystring: PageQuery }>(
    '/api/monitoring/quarantine',
    {
      handlerTimeout,
      schema: {
        summary: 'Points that destinations refused, newest first',
        tags: ['agent'],
        querystring: queryOf({
          limit: limitOf(50, 500),
          before: cursorOf('^\\d{1,15}$'),
          sink: sinkParameter,
        }),
        response: { 200: pageOf(pointSchema) },
      },
    },
    async ({ query: { limit, before, sink }, signal }) => {
      const page = { limit, sink, before: before === undefined ? undefined : Number(before) };
      const points = await spool.list(page, signal);
      const last = points.at(-1);
      const next = points.length === limit && last && { next: String(last.id) };
      return { success: true, data: points.map(shownPoint), ...next };
    },
  );

  app.post<{ Body: { readonly ids?: readonly number[]; readonly sink?: string } }>(
    '/api/monitoring/quarantine/replay',
    {
      handlerTimeout: replayTimeout,
      schema: {
        summary: 'Sends refused points again; all of them without ids',
        tags: ['agent'],
        body: queryOf({ ids, sink: sinkParameter }),
        response: {
          200: answerOf(
            objectOf({
              delivered: wholeNumber,
              refused: listOf(objectOf({ id: wholeNumber, reason: text })),
              problems: listOf(text),
            }),
          ),
        },
      },
    },
    async ({ body }) => {
      const { delivered, refused, problems } = await spool.replay(body);
      const shown = refused.slice(0, mostIds).map(({ id, reason }) => ({ id, reason }));
      return { success: true, data: { delivered, refused: shown, problems } };
    },
  );

  app.post<{ Body: { readonly ids: readonly number[] } }>(
    '/api/monitoring/quarantine/drop',
    {
      handlerTimeout,
      schema: {
        summary: 'Gives refused points up: they count as dropped',
        tags: ['agent'],
        body: queryOf({ ids }, ['ids']),
        response: { 200: answerOf(objectOf({ dropped: wholeNumber })) },
      },
    },
    async ({ body }) => ({ success: true, data: { dropped: await spool.drop(body.ids) } }),
  );
}

function shownPoint({ id, sink, line, reason, refusedAtMs }: QuarantinedPoint) {
  const shown = line.trimEnd();
  const truncated = shown.length > mostShown;
  return {
    ...{ id, sink, line: shown.slice(0, mostShown), truncated, reason },
    refusedAt: new Date(refusedAtMs).toISOString(),
  };
}

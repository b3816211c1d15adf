import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AlertQuery, alertStatuses, type SilenceRequest } from '../../alert-shape.ts';
import { refuse } from '../answers.ts';
import { type OffsetQuery, offsetCursor, offsetPage } from '../offset-page.ts';
import {
  answerOf,
  cursorOf,
  flag,
  isoTime,
  limitOf,
  listOf,
  mapOf,
  number,
  objectOf,
  orNull,
  pageOf,
  queryOf,
  text,
  textOf,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

const statuses = [...alertStatuses, 'open', 'all'] as const;
const mostSilences = 1000;

const idParameter = queryOf({ id: text }, ['id']);
type WithId = { Params: { readonly id: string } };

const alertFields = {
  id: text,
  type: text,
  severity: text,
  message: text,
  data: objectOf({
    fingerprint: text,
    value: orNull(number),
    labels: mapOf(text),
    annotations: mapOf(text),
    rule: text,
  }),
  status: { enum: alertStatuses },
  createdAt: isoTime,
  firedAt: orNull(isoTime),
  resolvedAt: orNull(isoTime),
  cause: orNull(
    objectOf({
      kind: text,
      text,
      moved: listOf(objectOf({ series: text, now: number, usual: number, score: number })),
    }),
  ),
  reach: orNull(objectOf({ users: orNull(wholeNumber), sessions: orNull(wholeNumber), text })),
  unknownSources: listOf(text),
  acknowledged: orNull(objectOf({ by: text, comment: text, at: isoTime })),
  mutedBy: orNull(objectOf({ by: { enum: ['silence', 'inhibition', 'time', 'maintenance'] }, id: text })),
  receivers: listOf(text),
  flapping: flag,
};

const recordingSchema = objectOf({
  alertId: text,
  fromMs: number,
  toMs: number,
  series: listOf(
    objectOf({ labels: mapOf(text), timestampsMs: listOf(number), values: listOf(orNull(number)) }),
  ),
});

const silenceSchema = objectOf({
  id: text,
  matchers: listOf(text),
  startsAt: isoTime,
  endsAt: isoTime,
  createdBy: text,
  comment: text,
  status: { enum: ['pending', 'active', 'expired'] },
  alerts: wholeNumber,
});

interface AckBody {
  readonly comment?: string;
  readonly by?: string;
}

type SilenceBody = Partial<Omit<SilenceRequest, 'matchers'>> & {
  readonly matchers?: string | readonly string[];
};

/**
 * `/api/monitoring/alerts?status=active`: newest first; `active` includes what is unknown, `open` all that has not
 * ended; `next` asks for older ones. `/alerts/ID`: with the recording around its begin. `POST /alerts/ID/ack` with
 * `{comment?, by?}`. `/silences`: list, begin or change (POST), end (DELETE /silences/ID).
 */
export function addAlertRoutes(app: FastifyInstance, views: HttpViews, handlerTimeout: number): void {
  addAlerts(app, views, handlerTimeout);
  addSilences(app, views, handlerTimeout);
}

function addAlerts(app: FastifyInstance, { alerts }: HttpViews, handlerTimeout: number): void {
  app.get<{ Querystring: AlertQuery }>(
    '/api/monitoring/alerts',
    {
      handlerTimeout,
      schema: {
        summary: 'Alerts, newest first',
        tags: ['alerts'],
        querystring: queryOf({
          status: {
            type: 'string',
            enum: statuses,
            default: 'active',
            description:
              '`active` includes those of which nothing is known, `open` all that has not ended; `all` is those that fired.',
          },
          limit: limitOf(100, 1000),
          before: cursorOf(),
        }),
        response: { 200: pageOf(objectOf(alertFields)) },
      },
    },
    async ({ query: { status, limit, before }, signal }) => {
      const page = await alerts.list({ status, limit, before }, signal);
      return { success: true, data: page.alerts, ...(page.next !== null && { next: page.next }) };
    },
  );

  app.get<WithId>(
    '/api/monitoring/alerts/:id',
    {
      handlerTimeout,
      schema: {
        summary: 'One alert with the recording around its begin',
        tags: ['alerts'],
        params: idParameter,
        querystring: queryOf(),
        response: { 200: answerOf(objectOf({ ...alertFields, recording: orNull(recordingSchema) })) },
      },
    },
    async ({ params, signal }, reply) => {
      const data = await alerts.one(params.id, signal);
      return data ? { success: true, data } : refuse(reply, 404, 'there is no such alert');
    },
  );

  app.post<WithId & { Body: AckBody }>(
    '/api/monitoring/alerts/:id/ack',
    {
      handlerTimeout,
      schema: {
        summary: 'Says that somebody has seen an alert and works on it',
        tags: ['alerts'],
        params: idParameter,
        body: queryOf({
          comment: textOf('What is done about it.'),
          by: textOf('Who; whose token it is unless told.'),
        }),
        response: { 200: answerOf(objectOf(alertFields)) },
      },
    },
    async (request, reply) => {
      const { by = bearerOf(request), comment = '' } = request.body;
      const data = await alerts.acknowledge(request.params.id, by, comment);
      return data
        ? { success: true, data }
        : refuse(reply, 404, 'no alert with this id is pending or firing');
    },
  );
}

function addSilences(app: FastifyInstance, { alerts }: HttpViews, handlerTimeout: number): void {
  app.get<{ Querystring: OffsetQuery }>(
    '/api/monitoring/silences',
    {
      handlerTimeout,
      schema: {
        summary: 'Silences: those in force, those to come, those that ended lately',
        tags: ['alerts'],
        querystring: queryOf({ limit: limitOf(mostSilences, mostSilences), before: offsetCursor }),
        response: { 200: pageOf(silenceSchema) },
      },
    },
    async ({ query }) => {
      const { page, next } = offsetPage(alerts.silences(), query);
      return { success: true, data: page, ...next };
    },
  );

  app.post<{ Body: SilenceBody }>(
    '/api/monitoring/silences',
    {
      handlerTimeout,
      schema: {
        summary: 'Begins a silence, or changes the one with the id',
        tags: ['alerts'],
        body: queryOf({
          id: textOf('Of the silence to change.'),
          matchers: {
            anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
            description: 'Such as `queue="mail"`; all of them must fit.',
            'x-expected': 'a list of texts',
          },
          startsAt: textOf('ISO time; now unless told.'),
          endsAt: textOf('ISO time, or'),
          duration: textOf('how long, such as 2h.'),
          createdBy: textOf('Who; whose token it is unless told.'),
          comment: textOf('Why.'),
        }),
        response: { 200: answerOf(silenceSchema), 201: answerOf(silenceSchema) },
      },
    },
    async (request, reply) => {
      const { matchers = [], ...body } = request.body;
      const asked: SilenceRequest = {
        ...body,
        matchers: typeof matchers === 'string' ? [matchers] : matchers,
        createdBy: body.createdBy ?? bearerOf(request),
        comment: body.comment ?? '',
      };
      const data = await alerts.silence(asked);
      return reply.code(asked.id === undefined ? 201 : 200).send({ success: true, data });
    },
  );

  const end = async (id: string, reply: FastifyReply) => {
    const found = await alerts.endSilence(id);
    return found ? { success: true, data: null } : refuse(reply, 404, 'no silence with this id can be ended');
  };
  const response = { 200: answerOf({ type: 'null' }) };
  const schema = { summary: 'Ends a silence now', tags: ['alerts'], response };
  app.delete<WithId>(
    '/api/monitoring/silences/:id',
    { handlerTimeout, schema: { ...schema, params: idParameter, querystring: queryOf() } },
    ({ params }, reply) => end(params.id, reply),
  );
  app.delete<{ Querystring: { readonly id: string } }>(
    '/api/monitoring/silences',
    {
      handlerTimeout,
      schema: { ...schema, querystring: queryOf({ id: textOf('Of the silence to end.') }, ['id']) },
    },
    ({ query }, reply) => end(query.id, reply),
  );
}

function bearerOf(request: FastifyRequest): string {
  return request.bearer?.name ?? 'unknown';
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AlertStatus, alertStatuses, type SilenceRequest } from '../../alert-shape.ts';
import { refuse } from '../answers.ts';
import { QueryError, QueryParameters, type RawQuery } from '../query-parameters.ts';
import { bodyOf } from '../request-body.ts';
import type { HttpViews } from '../views.ts';

const statuses = [...alertStatuses, 'all'] as const;

/**
 * `/api/monitoring/alerts?status=active`: newest first; `active` includes what is unknown, `next` asks for older ones.
 * `/alerts/ID`: with the recording around its begin. `POST /alerts/ID/ack` with `{comment?, by?}`.
 * `/silences`: list, begin or change (POST), end (DELETE /silences/ID).
 */
export function addAlertRoutes(app: FastifyInstance, { alerts }: HttpViews, handlerTimeout: number): void {
  app.get('/api/monitoring/alerts', { handlerTimeout }, async (request) => {
    const query = new QueryParameters(request.query as RawQuery, ['status', 'limit', 'before']);
    const status = statusOf(query.text('status'));
    const page = await alerts.list({ status, limit: query.limit(100, 1000), before: query.text('before') });
    return { success: true, data: page.alerts, ...(page.next !== null && { next: page.next }) };
  });

  app.get('/api/monitoring/alerts/:id', { handlerTimeout }, async (request, reply) => {
    new QueryParameters(request.query as RawQuery, []);
    const alert = await alerts.one(idOf(request));
    if (!alert) return refuse(reply, 404, 'there is no such alert');
    return { success: true, data: alert };
  });

  app.post('/api/monitoring/alerts/:id/ack', { handlerTimeout }, async (request, reply) => {
    const body = bodyOf(request.body, ['comment', 'by']);
    const by = body.text('by') ?? bearerOf(request);
    const data = await alerts.acknowledge(idOf(request), by, body.text('comment') ?? '');
    if (!data) return refuse(reply, 404, 'no alert with this id is pending or firing');
    return { success: true, data };
  });

  app.get('/api/monitoring/silences', { handlerTimeout }, async (request) => {
    new QueryParameters(request.query as RawQuery, []);
    return { success: true, data: alerts.silences() };
  });

  app.post('/api/monitoring/silences', { handlerTimeout }, async (request, reply) => {
    const keys = ['id', 'matchers', 'startsAt', 'endsAt', 'duration', 'createdBy', 'comment'] as const;
    const body = bodyOf(request.body, keys);
    const texts: Partial<Record<(typeof keys)[number], string>> = {};
    for (const key of keys) {
      const text = key === 'matchers' ? undefined : body.text(key);
      if (text !== undefined) texts[key] = text;
    }
    const asked: SilenceRequest = {
      ...texts,
      matchers: body.texts('matchers'),
      createdBy: texts.createdBy ?? bearerOf(request),
      comment: texts.comment ?? '',
    };
    const data = await alerts.silence(asked);
    return reply.code(asked.id === undefined ? 201 : 200).send({ success: true, data });
  });

  const end = async (id: string, reply: FastifyReply) => {
    const found = await alerts.endSilence(id);
    return found ? { success: true, data: null } : refuse(reply, 404, 'no silence with this id can be ended');
  };
  app.delete('/api/monitoring/silences/:id', { handlerTimeout }, (request, reply) =>
    end(idOf(request), reply),
  );
  app.delete('/api/monitoring/silences', { handlerTimeout }, async (request, reply) => {
    const id = new QueryParameters(request.query as RawQuery, ['id']).text('id');
    if (id === undefined) throw new QueryError('id: expected that of the silence to end');
    return end(id, reply);
  });
}

function statusOf(text: string | undefined): AlertStatus | 'all' {
  if (text === undefined) return 'active';
  const status = statuses.find((one) => one === text);
  if (status) return status;
  throw new QueryError(
    `status: expected one of ${statuses.join(', ')}, got ${JSON.stringify(text.slice(0, 40))}`,
  );
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id;
}

function bearerOf(request: FastifyRequest): string {
  return request.bearer?.name ?? 'unknown';
}

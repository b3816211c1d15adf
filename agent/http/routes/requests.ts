import type { FastifyInstance } from 'fastify';
import { QueryError, QueryParameters, type RawQuery } from '../query-parameters.ts';
import type { HttpViews } from '../views.ts';

/** Requests that are kept. */
const mostRequests = 1000;

/** `/api/monitoring/api-metrics`: the newest requests of the services, newest first; `next` asks for older ones. */
export function addRequestRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get('/api/monitoring/api-metrics', async (request) => {
    const query = new QueryParameters(request.query as RawQuery, ['limit', 'before']);
    const limit = query.limit(100, mostRequests);
    const found = views.requests(limit, sequenceOf(query.text('before')));
    const data = found.map(({ request }) => request);
    const last = found.at(-1);
    return { success: true, data, ...(found.length === limit && last && { next: String(last.sequence) }) };
  });
}

function sequenceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new QueryError('before: expected the `next` of an earlier answer');
}

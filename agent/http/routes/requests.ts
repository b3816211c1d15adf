import type { FastifyInstance } from 'fastify';
import {
  cursorOf,
  limitOf,
  number,
  objectOf,
  pageOf,
  queryOf,
  text,
  textOf,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews, NumberedRequest } from '../views.ts';

/** Requests that are kept. */
const mostRequests = 1000;

const schema = {
  summary: 'The newest requests that services answered, newest first',
  tags: ['requests'],
  querystring: queryOf({
    limit: limitOf(100, mostRequests),
    before: cursorOf('^\\d{1,15}$'),
    process: textOf('Only of this service.'),
    endpoint: textOf('Only of this route.'),
    method: textOf('Only by this method.'),
  }),
  response: {
    200: pageOf(
      objectOf(
        {
          timestamp: { type: 'string', format: 'date-time' },
          process: text,
          endpoint: { ...text, description: 'The route as the service declares it.' },
          method: text,
          statusCode: wholeNumber,
          responseTime: { ...number, description: 'Milliseconds.' },
          userId: { ...text, description: 'A keyed hash unless the agent was told to keep ids.' },
          error: text,
        },
        ['userId', 'error'],
      ),
    ),
  },
};

interface Asked {
  readonly Querystring: { readonly limit: number; readonly before?: string } & Wanted;
}

type Wanted = Partial<Pick<NumberedRequest['request'], 'process' | 'endpoint' | 'method'>>;

/** `/api/monitoring/api-metrics`: the newest requests of the services, newest first; `next` asks for older ones. */
export function addRequestRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get<Asked>('/api/monitoring/api-metrics', { schema }, async ({ query }) => {
    const { limit, before, process, endpoint, method } = query;
    const isWanted = ({ request }: NumberedRequest) =>
      (process === undefined || request.process === process) &&
      (endpoint === undefined || request.endpoint === endpoint) &&
      (method === undefined || request.method === method);
    const isNarrowed = (process ?? endpoint ?? method) !== undefined;
    const read = views.requests(
      isNarrowed ? mostRequests : limit,
      before === undefined ? undefined : Number(before),
    );
    const found = isNarrowed ? read.filter(isWanted).slice(0, limit) : read;
    const data = found.map(({ request }) => request);
    const last = found.at(-1);
    return { success: true, data, ...(found.length === limit && last && { next: String(last.sequence) }) };
  });
}

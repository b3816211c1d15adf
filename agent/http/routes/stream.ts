import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/access.ts';
import { refuse } from '../answers.ts';
import type { LiveStream } from '../stream.ts';

interface StreamQuery {
  readonly lastEventId?: string;
}

const schema = {
  summary: 'The live stream: server-sent events',
  description:
    'Events `snapshot` (each tick, as in /api/monitoring/snapshot; its id is the time in milliseconds), `alerts` ' +
    '({version, counts}) and `ready` ({ready, parts}) when they changed, all three at the start; `gap` ({since, until}) ' +
    'where ticks after the last event id are not kept any more: ask /api/monitoring/historical for them. A stream ends ' +
    'after an hour, and with the login or token that opened it; whoever comes back with Last-Event-ID misses nothing.',
  tags: ['monitoring'],
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      lastEventId: {
        type: 'string',
        pattern: '^[0-9]{1,15}$',
        description: 'The same as the header Last-Event-ID, for a page that makes a new EventSource',
      },
    },
  },
  response: { 200: { content: { 'text/event-stream': { schema: { type: 'string' } } } } },
} as const;

/** `/api/monitoring/stream`. */
export function addStreamRoute(app: FastifyInstance, stream: LiveStream, access: Access): void {
  app.addHook('preClose', async () => stream.close());

  app.get<{ Querystring: StreamQuery }>(
    '/api/monitoring/stream',
    { schema, exposeHeadRoute: false },
    async (request, reply) => {
      if (stream.isFull()) {
        reply.header('Retry-After', '10');
        return refuse(reply, 503, 'too many look on already; ask again later');
      }
      // Behind another answer, or behind this one: what a stream sends goes straight to its connection.
      if (!reply.raw.socket) return refuse(reply, 400, 'a stream needs a connection of its own');
      const header = request.headers['last-event-id'];
      const lastTimeMs = timeOf(typeof header === 'string' ? header : request.query.lastEventId);
      const headers = { ...(reply.getHeaders() as Record<string, string>), ...streamHeaders };
      const { session, knownUntilMs: endsMs } = request;
      const mayStay = () => access.mayStay({ ...(session && { session }), endsMs });
      reply.hijack();
      stream.add({ response: reply.raw, headers, name: request.bearer?.name ?? '', lastTimeMs, mayStay });
      return reply;
    },
  );
}

/** The last one keeps nginx from collecting answers. */
const streamHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'X-Accel-Buffering': 'no',
} as const;

/** Undefined for what no event of ours had as its id. */
function timeOf(id: string | undefined): number | undefined {
  return id !== undefined && /^\d{1,15}$/.test(id) ? Number(id) : undefined;
}

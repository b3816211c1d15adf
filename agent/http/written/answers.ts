import type { FastifyInstance } from 'fastify';

/** The codes of InfluxDB 2.x, https://docs.influxdata.com/influxdb/v2/api/ . */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  413: 'request too large',
  415: 'invalid',
  429: 'too many requests',
  503: 'unavailable',
};

const retryAfterSeconds = '5';

/**
 * Answers errors of these routes as InfluxDB does: `{error}` and the header X-Influxdb-Error as 1.x, `{code, message}` below
 * `/api/v2/`. What may go well later says when to try again.
 */
export function addInfluxErrors(scope: FastifyInstance): void {
  scope.addHook('preSerialization', async (request, reply, payload) => {
    const problem = payload as { readonly success?: unknown; readonly message?: unknown };
    if (problem.success !== false || typeof problem.message !== 'string') return payload;
    const { message } = problem;
    if (reply.statusCode === 503 && !reply.hasHeader('Retry-After'))
      reply.header('Retry-After', retryAfterSeconds);
    if (request.url.startsWith('/api/v2/'))
      return { code: codes[reply.statusCode] ?? 'internal error', message };
    reply.header('X-Influxdb-Error', printable(message));
    return { error: message };
  });
}

/** As a header can hold it. */
function printable(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 1000);
}

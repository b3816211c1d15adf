import type { FastifyReply } from 'fastify';

/** The codes of InfluxDB 2.x, https://docs.influxdata.com/influxdb/v2/api/ . */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  413: 'request too large',
  415: 'invalid',
  429: 'too many requests',
  503: 'unavailable',
};

const retryAfterSeconds = '5';

/** Where clients of InfluxDB write. */
export function isInfluxUrl(url: string): boolean {
  return /^\/(write|ping|api\/v2\/write)(\?|$)/.test(url);
}

/**
 * The body of an error as InfluxDB has it: `{error}` and the header X-Influxdb-Error as 1.x, `{code, message}` below `/api/v2/`.
 * What may go well later says when to try again.
 */
export function influxProblem(reply: FastifyReply, message: string): object {
  if (reply.statusCode === 503 && !reply.hasHeader('Retry-After'))
    reply.header('Retry-After', retryAfterSeconds);
  if (reply.request.url.startsWith('/api/v2/'))
    return { code: codes[reply.statusCode] ?? 'internal error', message };
  reply.header('X-Influxdb-Error', printable(message));
  return { error: message };
}

/** As a header can hold it. */
function printable(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 1000);
}

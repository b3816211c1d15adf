import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { influxProblem, isInfluxUrl } from './written/answers.ts';

/** On every answer: this is data for one reader, not for caches, frames or other origins, and never a page. */
const securityHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

export function addSecurityHeaders(reply: FastifyReply): void {
  reply.headers(securityHeaders);
}

/**
 * Answers `{success: false, message}`; below `/api/v1/` as Prometheus does, and where line protocol is written as InfluxDB
 * does: their clients read nothing else.
 */
export function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  const { url } = reply.request;
  reply.code(status);
  if (url.startsWith('/api/v1/')) return reply.send(prometheusProblem(status, message));
  if (isInfluxUrl(url)) return reply.send(influxProblem(reply, message));
  return reply.send({ success: false, message });
}

const errorTypes: Readonly<Record<number, string>> = { 404: 'not_found', 429: 'unavailable' };

/** Source: web/api/v1/api.go of Prometheus, respondError. */
function prometheusProblem(status: number, error: string): object {
  const usual = status < 500 ? 'bad_data' : status === 503 ? 'unavailable' : 'internal';
  return { status: 'error', errorType: errorTypes[status] ?? usual, error };
}

/** Answers with a text that is JSON already. */
export function answerJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(text);
}

/**
 * What a failing handler answers. The caller's mistakes (4xx) and a timeout are told as they are; the agent's own
 * troubles go to the log, and the caller hears only that there were some: 503 where asking again may help, else 500.
 */
export function createErrorAnswer(log: Log) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    addSecurityHeaders(reply);
    // Who asked has gone: this is for nobody.
    if (error.name === 'AbortError') return refuse(reply, 499, 'nobody waits for the answer any more');
    if (error instanceof AgentError && error.code === 'BUSY') return refuse(reply, 503, error.message);
    const status = error.statusCode ?? (error instanceof AgentError ? statusOf(error) : 500);
    if (status < 500) return refuse(reply, status, error.message);
    const place = `${request.method} ${request.routeOptions.url ?? 'unknown route'}`;
    log.error(`http: ${place} failed: ${messageOf(error)}`, { status });
    if (error.code === 'FST_ERR_HANDLER_TIMEOUT') {
      return refuse(reply, 503, 'this took too long; ask for less, or again later');
    }
    return refuse(reply, status, 'the agent could not answer; its log says why');
  };
}

function statusOf({ code, retryable }: AgentError): number {
  if (code === 'USAGE') return 400;
  return retryable ? 503 : 500;
}

const brokenRequests: Readonly<Record<string, readonly [number, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'the request headers are too large'],
};

/** Answers what is not HTTP, or too slow, and closes: there is no request yet, so the bytes are written here. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.writable && error.code !== 'ECONNRESET') {
    const [status, phrase, message] = brokenRequests[error.code ?? ''] ?? [
      400,
      'Bad Request',
      'this is not an HTTP request',
    ];
    const body = JSON.stringify({ success: false, message });
    socket.write(
      `HTTP/1.1 ${status} ${phrase}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { PromqlAnswer, PromqlErrorType } from '../../../workers/contract/promql-tasks.ts';
import { AgentError, messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { addSecurityHeaders } from '../answers.ts';
import { PrometheusError } from './form.ts';

/** web/api/v1/api.go, respondError. */
const statuses: Readonly<Record<PromqlErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  canceled: 503,
  timeout: 503,
  unavailable: 503,
  internal: 500,
  not_found: 404,
};

export function sendError(reply: FastifyReply, errorType: PromqlErrorType, error: string): FastifyReply {
  return reply
    .code(statuses[errorType])
    .type('application/json')
    .send(JSON.stringify({ status: 'error', errorType, error }));
}

export function sendData(reply: FastifyReply, data: unknown): FastifyReply {
  return reply.type('application/json').send(JSON.stringify({ status: 'success', data }));
}

/** A body that a worker made is sent as it is. */
export function sendAnswer(
  reply: FastifyReply,
  answer: PromqlAnswer,
  type = 'application/json',
): FastifyReply {
  if ('errorType' in answer) return sendError(reply, answer.errorType, answer.error);
  const { buffer, byteOffset, byteLength } = answer.body;
  return reply.type(type).send(Buffer.from(buffer, byteOffset, byteLength));
}

/** As `createErrorAnswer`, in the form of Prometheus. */
export function createPrometheusErrorAnswer(log: Log) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    addSecurityHeaders(reply);
    if (error instanceof PrometheusError) return sendError(reply, error.errorType, error.message);
    if (error instanceof AgentError && error.code === 'BUSY')
      return sendError(reply, 'unavailable', error.message);
    const status = error.statusCode ?? 500;
    if (status < 500)
      return reply.code(status).send({ status: 'error', errorType: 'bad_data', error: error.message });
    log.error(
      `http: ${request.method} ${request.routeOptions.url ?? 'unknown route'} failed: ${messageOf(error)}`,
    );
    if (error.code === 'FST_ERR_HANDLER_TIMEOUT') return sendError(reply, 'timeout', 'query timed out');
    const mayHelp = error instanceof AgentError && error.retryable;
    return sendError(
      reply,
      mayHelp ? 'unavailable' : 'internal',
      'the agent could not answer; its log says why',
    );
  };
}

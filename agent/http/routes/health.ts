import type { FastifyInstance } from 'fastify';
import { answerJson } from '../answers.ts';
import { flag, listOf, mapOf, objectOf, text, wholeNumber } from '../schemas.ts';
import type { HttpViews } from '../views.ts';

const healthSchema = {
  summary: 'Whether the process is up',
  tags: ['health'],
  response: { 200: objectOf({ status: { const: 'ok' } }) },
};

const report = objectOf({
  ready: flag,
  parts: listOf(objectOf({ part: text, ok: flag, problem: text })),
  ledger: listOf(
    objectOf({
      sink: text,
      collected: wholeNumber,
      delivered: wholeNumber,
      waiting: wholeNumber,
      quarantined: wholeNumber,
      dropped: mapOf(wholeNumber),
    }),
  ),
});
const readySchema = {
  summary: 'Each part of the agent: whether it is well and, if not, why',
  tags: ['health'],
  response: { 200: report, 503: report },
};

/** `/health`: the process is up. `/ready`: each part and why not, 503 when it is not. Neither needs a token. */
export function addHealthRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get('/health', { schema: healthSchema, config: { open: true } }, async () => ({ status: 'ok' }));

  app.get('/ready', { schema: readySchema, config: { open: true } }, async (_, reply) => {
    const report = views.ready();
    reply.code(report.ready ? 200 : 503);
    return answerJson(reply, JSON.stringify(report, withoutSecrets));
  });
}

/**
 * For JSON.stringify: cuts user, password and parameters out of every URL in a text. Problems are the words of many
 * libraries, and some repeat the address that they were given.
 */
export function withoutSecrets(_key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1***@')
    .replace(/(:\/\/[^\s?]*)\?\S*/g, '$1?***');
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { PromqlAsk, SeriesAsk } from '../../../workers/contract/promql-tasks.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { HttpViews } from '../views.ts';
import { whileAsked } from '../while-asked.ts';
import { createPrometheusErrorAnswer, sendAnswer, sendData } from './answers.ts';
import { Form, invalid, PrometheusError, quoted } from './form.ts';
import { alertsData, rulesData } from './rules.ts';
import * as schemas from './schemas.ts';

/** Most bytes of a form. */
const bodyLimit = 1024 * 1024;
/** Most steps of a range. */
const mostSteps = 11_000;
/** A query may take so long in all. */
const mostTimeoutMs = 10_000;
const lookbackMs = 5 * 60_000;
const labelForm = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Which Prometheus it is like: clients choose by it what they ask. */
const build = {
  version: '3.14.0',
  revision: 'nova-agent',
  branch: '',
  buildUser: '',
  buildDate: '',
  goVersion: '',
};

export interface PrometheusParts {
  readonly views: HttpViews;
  readonly clock: Clock;
  readonly log: Log;
  readonly handlerTimeoutMs: number;
}

/**
 * `/api/v1`, as Prometheus answers it (https://prometheus.io/docs/prometheus/latest/querying/api/): what Grafana's data source
 * and `promtool query` ask. Everything that computes is the query worker's.
 */
export function addPrometheusRoutes(app: FastifyInstance, parts: PrometheusParts): void {
  app.register(async (scope) => {
    scope.setErrorHandler(createPrometheusErrorAnswer(parts.log));
    // Parameters are read as Prometheus reads them; schemas here are for the document only.
    scope.setValidatorCompiler(() => () => true);
    scope.removeAllContentTypeParsers();
    const read = { parseAs: 'string', bodyLimit } as const;
    scope.addContentTypeParser('application/x-www-form-urlencoded', read, (_, body, done) =>
      done(null, body),
    );
    // Go reads no other body.
    scope.addContentTypeParser('*', read, (_, _body, done) => done(null, undefined));
    addQueries(scope, parts);
    addLists(scope, parts);
    addStanding(scope, parts);
  });
}

type Read = (form: Form, request: FastifyRequest) => PromqlAsk;

function addQueries(scope: FastifyInstance, { views, clock, handlerTimeoutMs }: PrometheusParts): void {
  const answer = (read: Read) => async (request: FastifyRequest, reply: FastifyReply) => {
    const form = new Form(request);
    const ask = read(form, request);
    const timeoutMs = Math.min(mostTimeoutMs, form.durationOr('timeout', mostTimeoutMs));
    return sendAnswer(
      reply,
      await whileAsked(reply, (signal) => views.prometheus.ask(ask, timeoutMs, signal)),
    );
  };
  const add = (url: string, schema: object, read: Read) => {
    const options = { schema, bodyLimit, handlerTimeout: handlerTimeoutMs };
    scope.get(url, { ...options, config: { takesPasswords: true } }, answer(read));
    // It only reads, by whatever method.
    scope.post(url, { ...options, config: { takesPasswords: true, role: 'viewer' } }, answer(read));
  };
  add('/api/v1/query', schemas.query, (form) => ({
    ask: 'query',
    timeMs: form.timeOr('time', clock.now()),
    expr: form.text('query'),
    lookbackMs: lookbackOf(form),
    limit: form.limit(),
  }));
  add('/api/v1/query_range', schemas.queryRange, (form) => rangeOf(form));
}

function rangeOf(form: Form): PromqlAsk {
  const startMs = form.time('start');
  const endMs = form.time('end');
  if (endMs < startMs) throw invalid('end', 'end timestamp must not be before start time');
  const stepMs = form.duration('step');
  if (stepMs < 1)
    throw invalid(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  if ((endMs - startMs) / stepMs > mostSteps)
    throw new PrometheusError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  const expr = form.text('query');
  return {
    ask: 'query_range',
    ...{ expr, startMs, endMs, stepMs, lookbackMs: lookbackOf(form), limit: form.limit() },
  };
}

function lookbackOf(form: Form): number {
  const ms = form.durationOr('lookback_delta', lookbackMs);
  if (ms > 0) return ms;
  throw new PrometheusError('bad_data', 'error parsing lookback delta duration: it must be positive');
}

function addLists(scope: FastifyInstance, { views, handlerTimeoutMs }: PrometheusParts): void {
  const answer = (read: Read) => async (request: FastifyRequest, reply: FastifyReply) => {
    const ask = read(new Form(request), request);
    return sendAnswer(
      reply,
      await whileAsked(reply, (signal) => views.prometheus.ask(ask, mostTimeoutMs, signal)),
    );
  };
  const add = (url: string, schema: object, read: Read, methods: readonly ('GET' | 'POST')[]) => {
    for (const method of methods) {
      const config = { takesPasswords: true, role: 'viewer' } as const;
      const options = { schema, bodyLimit, handlerTimeout: handlerTimeoutMs, config };
      scope.route({ method, url, ...options, handler: answer(read) });
    }
  };
  const both = ['GET', 'POST'] as const;
  add('/api/v1/labels', schemas.labels, (form) => ({ ask: 'labels', ...seriesAsk(form) }), both);
  add(
    '/api/v1/label/:name/values',
    schemas.labelValues,
    (form, request) => {
      const { name } = request.params as { readonly name: string };
      if (!labelForm.test(name)) throw new PrometheusError('bad_data', `invalid label name: ${quoted(name)}`);
      return { ask: 'values', label: name, ...seriesAsk(form) };
    },
    ['GET'],
  );
  const series: Read = (form) => {
    const ask = seriesAsk(form);
    if (ask.matches.length === 0) throw new PrometheusError('bad_data', 'no match[] parameter provided');
    return { ask: 'series', ...ask };
  };
  add('/api/v1/series', schemas.series, series, both);
  const metadata: Read = (form) => ({ ask: 'metadata', metric: form.text('metric'), limit: form.limit() });
  add('/api/v1/metadata', schemas.metadata, metadata, ['GET']);
}

function seriesAsk(form: Form): SeriesAsk {
  const startMs = form.timeOr('start', Number.NEGATIVE_INFINITY);
  const endMs = form.timeOr('end', Number.POSITIVE_INFINITY);
  return { matches: form.texts('match[]'), startMs, endMs, limit: form.limit() };
}

/** What the main loop knows by itself. */
function addStanding(scope: FastifyInstance, { views }: PrometheusParts): void {
  const config = { takesPasswords: true };
  scope.get('/api/v1/rules', { schema: schemas.rules, config }, async (request, reply) =>
    sendData(reply, rulesData(views.rules(), new Form(request))),
  );
  scope.get('/api/v1/alerts', { schema: schemas.alerts, config }, async (_, reply) =>
    sendData(reply, alertsData(views.rules())),
  );
  // There are none, which is an answer.
  const exemplars = async (_: FastifyRequest, reply: FastifyReply) => sendData(reply, []);
  scope.get('/api/v1/query_exemplars', { schema: schemas.exemplars, config }, exemplars);
  const readsOnly = { ...config, role: 'viewer' } as const;
  scope.post('/api/v1/query_exemplars', { schema: schemas.exemplars, config: readsOnly }, exemplars);
  scope.get('/api/v1/status/buildinfo', { schema: schemas.buildInfo, config }, async (_, reply) =>
    sendData(reply, build),
  );
}

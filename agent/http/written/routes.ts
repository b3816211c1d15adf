import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Precision, WriteOutcome } from '../../../workers/contract/written.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { refuse } from '../answers.ts';
import { queryOf, textOf } from '../schemas.ts';
import type { HttpViews } from '../views.ts';
import { BodyReader } from './body.ts';

/** A body of 25 MB takes some seconds, and others may be before it. */
const handlerTimeout = 60_000;
/** The dialect that is spoken here: 1.8 has both ways to write. */
const influxVersion = '1.8-nova-agent';

/** What InfluxDB 1.x calls the units of timestamps; `us` is of 2.x. */
const precisionNames: Readonly<Record<string, Precision>> = {
  n: 'ns',
  ns: 'ns',
  u: 'us',
  us: 'us',
  ms: 'ms',
  s: 's',
  m: 'm',
  h: 'h',
};

const ignored = (what: string) => textOf(`Taken for the sake of clients and not used: there is one ${what}.`);
const credentials = {
  u: textOf('User name, of which no use is made.'),
  p: textOf('The token, where a client cannot send a header.'),
};
const unit = (names: readonly string[]) => ({
  type: 'string',
  enum: names,
  default: 'ns',
  description: 'Unit of the timestamps.',
});
const description =
  'Floats, integers and booleans (as 0 and 1) are stored, in milliseconds; texts are not. The same series and time once more ' +
  'takes the place of what was there. It is answered when all is committed.';

const response = { 204: { type: 'null' } };

const firstSchema = {
  summary: 'Line protocol in, as InfluxDB 1.x takes it',
  description,
  tags: ['written'],
  response,
  querystring: queryOf({
    db: ignored('store'),
    rp: ignored('retention, that of the configuration'),
    consistency: ignored('node'),
    precision: unit(Object.keys(precisionNames)),
    ...credentials,
  }),
};
const secondSchema = {
  summary: 'Line protocol in, as InfluxDB 2.x takes it',
  description,
  tags: ['written'],
  response,
  querystring: queryOf({
    org: ignored('organisation'),
    orgID: ignored('organisation'),
    bucket: ignored('store'),
    bucketID: ignored('store'),
    precision: unit(['ns', 'us', 'ms', 's']),
  }),
};
const pingSchema = {
  summary: 'Whether the server answers, for clients of InfluxDB',
  tags: ['written'],
  response,
  querystring: queryOf({
    verbose: textOf('Not used.'),
    wait_for_leader: textOf('Not used.'),
    ...credentials,
  }),
};

interface Write {
  readonly Querystring: { readonly precision: string };
}

/** `/write` and `/api/v2/write`: what Telegraf and other clients of InfluxDB send. */
export function addWriteRoutes(app: FastifyInstance, views: HttpViews, clock: Clock, log: Log): void {
  app.register(async (scope) => {
    // The body is read by the handler, whatever it is said to be; the `influx` command says an empty type, which would be refused.
    scope.addHook('onRequest', async ({ headers }) => {
      if (headers['content-type'] !== undefined) headers['content-type'] = 'text/plain';
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const bodies = new BodyReader();

    const write = async (request: FastifyRequest<Write>, reply: FastifyReply) => {
      const precision = precisionNames[request.query.precision]!;
      const outcome = await bodies.with(request.raw, (body) => views.written(body, precision, clock.now()));
      if ('reasons' in outcome) {
        left.note(outcome.leftOut);
        return answer(reply, outcome);
      }
      // Its rest is not read.
      reply.header('Connection', 'close');
      return refuse(reply, outcome.status, outcome.message);
    };
    const left = new LeftOut(log, clock);
    const config = { takesPasswords: true };
    scope.post<Write>('/write', { schema: firstSchema, config, handlerTimeout }, write);
    scope.post<Write>('/api/v2/write', { schema: secondSchema, config, handlerTimeout }, write);
    scope.get('/ping', { schema: pingSchema, config }, (_request, reply) => {
      reply.code(204).header('X-Influxdb-Version', influxVersion).send();
    });
  });
}

/**
 * As tsdb.PartialWriteError and the write handler of InfluxDB 1.x say it. A text beside numbers is no reason to refuse: clients
 * would take each batch for failed.
 */
function answer(reply: FastifyReply, { stored, refused, reasons, leftOut }: WriteOutcome): FastifyReply {
  if (leftOut > 0) reply.header('X-Nova-Left-Out', String(leftOut));
  if (refused === 0) return reply.code(204).send();
  const text = reasons.join('\n');
  const isUnreadable = stored === 0 && reasons.every((reason) => reason.startsWith('unable to parse'));
  return refuse(reply, 400, isUnreadable ? text : `partial write: ${text} dropped=${refused}`);
}

const tellEveryMs = 60_000;

/** Tells once a minute at most that fields were not stored. */
class LeftOut {
  readonly #log: Log;
  readonly #clock: Clock;
  #fields = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  note(fields: number): void {
    this.#fields += fields;
    const nowMs = this.#clock.monotonicMs();
    if (this.#fields === 0 || nowMs - this.#toldMs < tellEveryMs) return;
    this.#log.info('written points: fields that are texts, or named time, are not stored', {
      fields: this.#fields,
    });
    this.#fields = 0;
    this.#toldMs = nowMs;
  }
}

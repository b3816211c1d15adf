import type { FastifyInstance } from 'fastify';
import { type ErrorGroup, markedForMs } from '../../../workers/contract/events.ts';
import type { ErrorGroupsTask } from '../../../workers/contract/tasks.ts';
import type { Clock } from '../../clock.ts';
import { refuse } from '../answers.ts';
import { type PastRange, pastRange, readPastRange } from '../past-range.ts';
import {
  answerOf,
  cursorOf,
  flag,
  isoTime,
  limitOf,
  listOf,
  number,
  objectOf,
  orNull,
  pageOf,
  queryOf,
  text,
  textOf,
  wholeNumber,
} from '../schemas.ts';
import type { HttpViews } from '../views.ts';

const placePattern = '^(\\d{1,15})-([0-9a-f]{16}|other)-([\\s\\S]{1,240})$';

const groupProperties = {
  fingerprint: text,
  process: text,
  type: text,
  message: text,
  count: wholeNumber,
  firstSeen: isoTime,
  lastSeen: isoTime,
  isNew: flag,
  isReturned: flag,
  returned: orNull(isoTime),
  stack: text,
  route: text,
  user: { ...text, description: 'A keyed hash unless the agent was told to keep ids.' },
  routes: listOf(objectOf({ route: text, count: wholeNumber })),
  users: wholeNumber,
};

/** Steps of a trend: as many as a small line needs. */
const trendSteps = 60;

const listSchema = {
  summary: 'Groups of errors, the one seen last first, each with its newest occurrence',
  tags: ['errors'],
  querystring: queryOf({
    limit: limitOf(50, 500),
    before: cursorOf(placePattern),
    process: textOf('Only of this service.'),
    ...pastRange,
  }),
  response: {
    200: pageOf(
      objectOf(
        {
          ...groupProperties,
          countInRange: { ...number, description: 'From since to until, where one of them is given.' },
          trend: objectOf({ since: isoTime, stepSeconds: number, counts: listOf(number) }),
        },
        ['countInRange', 'trend'],
      ),
    ),
  },
};

const sample = objectOf({ timestamp: isoTime, message: text, stack: text, route: text, user: text });
const oneSchema = {
  summary: 'One group of errors with its samples',
  tags: ['errors'],
  params: objectOf({ fingerprint: textOf('Of the group.') }),
  querystring: queryOf(),
  response: { 200: answerOf(objectOf({ ...groupProperties, samples: listOf(sample) })) },
};

interface Asked {
  readonly Querystring: { readonly limit: number; readonly before?: string; readonly process?: string } & {
    readonly since?: string;
    readonly until?: string;
  };
}

/**
 * `/api/monitoring/errors`: groups of errors, the one seen last first, each with its newest occurrence; `next` asks
 * for older ones. `/api/monitoring/errors/FINGERPRINT`: one group with its samples.
 */
export function addErrorRoutes(
  app: FastifyInstance,
  views: HttpViews,
  clock: Clock,
  handlerTimeout: number,
): void {
  app.get<Asked>(
    '/api/monitoring/errors',
    { schema: listSchema, handlerTimeout },
    async ({ query, signal }) => {
      const { limit, since, until } = query;
      const within =
        since === undefined && until === undefined ? undefined : readPastRange(since, until, clock.now());
      const page = {
        limit,
        process: query.process,
        before: placeOf(query.before),
        ...(within && { within }),
      };
      const groups = await views.errorGroups(page, signal);
      const trendOf = within && (await readTrends(views, groups, within, signal));
      const data = groups.map((group) => ({ ...shownGroup(group, clock.now()), ...trendOf?.(group) }));
      const last = groups.at(-1);
      const next = groups.length === limit &&
        last && { next: `${last.lastSeenMs}-${last.fingerprint}-${last.process}` };
      return { success: true, data, ...next };
    },
  );

  const one = { schema: oneSchema, handlerTimeout };
  app.get<{ Params: { fingerprint: string } }>(
    '/api/monitoring/errors/:fingerprint',
    one,
    async (request, reply) => {
      const { fingerprint } = request.params;
      const group = await views.errorGroup(fingerprint, request.signal);
      if (!group) return refuse(reply, 404, 'there is no such group of errors');
      const samples = group.samples.map(({ timeMs, ...sample }) => ({ timestamp: iso(timeMs), ...sample }));
      return { success: true, data: { ...shownGroup(group, clock.now()), samples } };
    },
  );
}

/** How often each group came within a range: in all, and in steps of `stepSeconds`, the oldest first. */
async function readTrends(
  views: HttpViews,
  groups: readonly ErrorGroup[],
  { startMs, endMs }: PastRange,
  signal: AbortSignal,
) {
  const stepMs = Math.ceil((endMs - startMs) / trendSteps / 1000) * 1000;
  const fingerprints = [...new Set(groups.map(({ fingerprint }) => fingerprint))];
  const trends = await views.errorTrends({ fingerprints, startMs, endMs, stepMs }, signal);
  const found = new Map(
    trends.map(({ process, fingerprint, counts }) => [`${fingerprint} ${process}`, counts]),
  );
  return ({ process, fingerprint }: ErrorGroup) => {
    const counts = found.get(`${fingerprint} ${process}`);
    const trend = counts ? [...counts] : new Array<number>(Math.ceil((endMs - startMs) / stepMs)).fill(0);
    return {
      countInRange: trend.reduce((sum, count) => sum + count, 0),
      trend: { since: iso(startMs), stepSeconds: stepMs / 1000, counts: trend },
    };
  };
}

function placeOf(text: string | undefined): ErrorGroupsTask['before'] {
  const found = new RegExp(placePattern, 'u').exec(text ?? '');
  return found ? { lastSeenMs: Number(found[1]), fingerprint: found[2]!, process: found[3]! } : undefined;
}

function shownGroup(group: ErrorGroup, nowMs: number) {
  const { fingerprint, process, type, message, firstSeenMs, lastSeenMs, returnedMs, count, routes, users } =
    group;
  const newest = group.samples[0];
  return {
    fingerprint,
    process,
    type,
    message,
    count,
    firstSeen: iso(firstSeenMs),
    lastSeen: iso(lastSeenMs),
    isNew: nowMs - firstSeenMs < markedForMs,
    isReturned: returnedMs !== null && nowMs - returnedMs < markedForMs,
    returned: returnedMs === null ? null : iso(returnedMs),
    stack: newest?.stack ?? '',
    route: newest?.route ?? '',
    user: newest?.user ?? '',
    routes,
    users,
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

import type { FastifyInstance } from 'fastify';
import { type ErrorGroup, markedForMs } from '../../../workers/contract/events.ts';
import type { ErrorGroupsTask } from '../../../workers/contract/tasks.ts';
import type { Clock } from '../../clock.ts';
import { refuse } from '../answers.ts';
import { QueryError, QueryParameters, type RawQuery } from '../query-parameters.ts';
import type { HttpViews } from '../views.ts';

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
  app.get('/api/monitoring/errors', { handlerTimeout }, async (request) => {
    const query = new QueryParameters(request.query as RawQuery, ['limit', 'before', 'process']);
    const limit = query.limit(50, 500);
    const page = { limit, process: query.text('process'), before: placeOf(query.text('before')) };
    const groups = await views.errorGroups(page);
    const data = groups.map((group) => shownGroup(group, clock.now()));
    const last = groups.at(-1);
    const next = groups.length === limit &&
      last && { next: `${last.lastSeenMs}-${last.fingerprint}-${last.process}` };
    return { success: true, data, ...next };
  });

  app.get('/api/monitoring/errors/:fingerprint', { handlerTimeout }, async (request, reply) => {
    new QueryParameters(request.query as RawQuery, []);
    const { fingerprint } = request.params as { fingerprint: string };
    const group = await views.errorGroup(fingerprint);
    if (!group) return refuse(reply, 404, 'there is no such group of errors');
    const samples = group.samples.map(({ timeMs, ...sample }) => ({ timestamp: iso(timeMs), ...sample }));
    return { success: true, data: { ...shownGroup(group, clock.now()), samples } };
  });
}

function placeOf(text: string | undefined): ErrorGroupsTask['before'] {
  if (text === undefined) return undefined;
  const found = /^(\d{1,15})-([0-9a-f]{16}|other)-(.{1,240})$/s.exec(text);
  if (!found) throw new QueryError('before: expected the `next` of an earlier answer');
  return { lastSeenMs: Number(found[1]), fingerprint: found[2]!, process: found[3]! };
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

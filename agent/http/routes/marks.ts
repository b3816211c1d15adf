import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import { type OffsetQuery, offsetCursor } from '../offset-page.ts';
import { pastRange, readPastRange } from '../past-range.ts';
import { isoTime, limitOf, objectOf, pageOf, queryOf, text } from '../schemas.ts';
import type { HttpViews } from '../views.ts';

const dayMs = 24 * 3_600_000;

const schema = {
  summary: 'Restarts and deploys of the watched processes and starts of the agent, oldest first',
  description:
    'A deploy is a restart after which the service says another version of itself. Of more than `limit` marks the newest; `next` asks for those before them.',
  tags: ['monitoring'],
  querystring: queryOf({
    ...pastRange,
    since: { ...pastRange.since, description: 'From this time on; a day before `until` unless told.' },
    limit: limitOf(200, 1000),
    before: offsetCursor,
  }),
  response: {
    200: pageOf(
      objectOf({
        timestamp: isoTime,
        kind: { ...text, enum: ['restart', 'deploy', 'agent'] },
        process: text,
        text,
      }),
    ),
  },
};

interface Asked {
  readonly Querystring: { readonly since?: string; readonly until?: string } & OffsetQuery;
}

/** `/api/monitoring/marks`: what charts are marked with. */
export function addMarkRoute(
  app: FastifyInstance,
  views: HttpViews,
  clock: Clock,
  handlerTimeout: number,
): void {
  app.get<Asked>('/api/monitoring/marks', { schema, handlerTimeout }, async ({ query, signal }) => {
    const { since, until, limit, before = '0' } = query;
    const skip = Number(before);
    const { startMs, endMs } = readPastRange(since, until, clock.now(), dayMs);
    const { marks, hasMore } = await views.marks({ startMs, endMs, limit, skip }, signal);
    const data = marks.map(({ timeMs, ...mark }) => ({ timestamp: new Date(timeMs).toISOString(), ...mark }));
    return { success: true, data, ...(hasMore && { next: String(skip + limit) }) };
  });
}

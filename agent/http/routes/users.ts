import type { FastifyInstance } from 'fastify';
import { answerOf, isoTime, limitOf, listOf, objectOf, queryOf, text, wholeNumber } from '../schemas.ts';
import type { HttpViews } from '../views.ts';

const topEntry = objectOf({
  name: text,
  count: { ...wholeNumber, description: 'Requests and events of the last 24 hours.' },
  over: { ...wholeNumber, description: 'The most by which the count may be too high.' },
});

const schema = {
  summary: 'Who is active, by service, with the most active users and their routes',
  tags: ['users'],
  querystring: queryOf({ limit: limitOf(20, 100) }),
  response: {
    200: answerOf(
      listOf(
        objectOf({
          timestamp: isoTime,
          process: text,
          active5m: wholeNumber,
          active1h: wholeNumber,
          active24h: wholeNumber,
          sessions: wholeNumber,
          topUsers: listOf(topEntry),
          topRoutes: listOf(topEntry),
        }),
      ),
    ),
  },
};

interface Asked {
  readonly Querystring: { readonly limit: number };
}

/** `/api/monitoring/users`: who is active, by service, with the most active users and their routes. */
export function addUserRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get<Asked>('/api/monitoring/users', { schema }, async ({ query: { limit } }) => {
    const activity = views.users();
    const data = (activity?.processes ?? []).map(({ topUsers, topRoutes, ...counts }) => ({
      timestamp: new Date(activity?.timeMs ?? 0).toISOString(),
      ...counts,
      topUsers: topUsers.slice(0, limit),
      topRoutes: topRoutes.slice(0, limit),
    }));
    return { success: true, data };
  });
}

import type { FastifyInstance } from 'fastify';
import { QueryParameters, type RawQuery } from '../query-parameters.ts';
import type { HttpViews } from '../views.ts';

/** `/api/monitoring/users`: who is active, by service, with the most active users and their routes. */
export function addUserRoutes(app: FastifyInstance, views: HttpViews): void {
  app.get('/api/monitoring/users', async (request) => {
    const query = new QueryParameters(request.query as RawQuery, ['limit']);
    const limit = query.limit(20, 100);
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

import { pollRoute, type RouteFinder, type SeenRequest, unmatched } from './exchange.ts';
import { type ExpressRequest, expressRoute, failedRoute } from './express-route.ts';

/** The route of a request of which no hook has told it: Express's, Engine.IO's polls, or none. */
export const findRoute: RouteFinder = (req, status) => {
  if (typeof (req as ExpressRequest).baseUrl === 'string') return expressRoute(req, status);
  return isPoll(req) ? pollRoute : unmatched;
};

/** The route that an error of Express came from. */
export const findFailedRoute: RouteFinder = (req) => failedRoute(req);

/** A request that Engine.IO has taken. */
function isPoll(req: SeenRequest & { readonly _query?: unknown }): boolean {
  const query = req._query;
  return typeof query === 'object' && query !== null && 'EIO' in query;
}

import { reportedPart } from '../../../workers/contract/wire.ts';
import type { Recorder } from '../recorder.ts';
import { beginExchange, noteFailure, type SeenResponse } from './exchange.ts';
import { type App, type ExpressRequest, type Router, routerOf } from './express-route.ts';
import type { Layer } from './mount-pattern.ts';
import { findFailedRoute, findRoute } from './route-finder.ts';
import { disguise, quietly, replaceMethod } from './safety.ts';

type Next = (error?: unknown) => void;
type Handle = (this: unknown, req: object, res: object, done: Next) => unknown;
type HandleError = (this: Layer, error: unknown, req: object, res: object, next: Next) => unknown;

/** What `app.use` takes; requests and responses are Express's, which is not imported. */
export type ExpressMiddleware = (req: object, res: object, next: (error?: unknown) => void) => void;

/**
 * A middleware for Express 4 and 5 that counts and times every request which comes to it; it belongs before the
 * others. The endpoint of a request is the pattern of its route (express-route.ts).
 *
 * Express takes it for an application to mount, because it has `handle` and `set`, and tells it by `mount` who
 * mounts it. So it finds Express's own error handling before the first request, and then takes the mount's place.
 */
export function createExpressMiddleware(recorder: Recorder): ExpressMiddleware {
  recorder.reports(reportedPart.HTTP | reportedPart.USER);
  let isAtHome = false;
  const monitored = (req: ExpressRequest, res: object, next: Next): void => {
    try {
      if (!isAtHome) {
        isAtHome = true;
        observeErrors(routerOf(req.app));
      }
      beginExchange(recorder, req, res as SeenResponse, findRoute);
    } catch (error) {
      quietly('Express middleware', error);
    }
    next();
  };
  const mounted = (event: string, parent: App & { readonly router?: Router }): boolean => {
    try {
      const router = routerOf(parent);
      const layer = router?.stack.at(-1);
      if (event !== 'mount' || router === undefined || layer?.name !== 'mounted_app') return false;
      layer.handle = monitored;
      layer.name = monitored.name;
      isAtHome = true;
      observeErrors(router);
      observeDefaultHandler(router);
    } catch (error) {
      quietly('Express mount', error);
    }
    return true;
  };
  return Object.assign(monitored, { handle: monitored, set: () => {}, emit: mounted });
}

/** Sees every error that comes to an error handler: those of this copy of Express, through any router. */
export function observeErrors(router: Router | undefined): void {
  const layer = router?.stack[0];
  if (layer === undefined) return;
  const prototype = Object.getPrototypeOf(layer) as object;
  const name = 'handle_error' in prototype ? 'handle_error' : 'handleError';
  replaceMethod<HandleError>(
    prototype,
    name,
    (original) =>
      function (error, req, res, next) {
        noteFailure(res, error, findFailedRoute);
        return original.call(this, error, req, res, next);
      },
  );
}

/** Sees the errors for which the application has no handler: they leave its outermost router. */
function observeDefaultHandler(router: Router): void {
  const { handle } = router as unknown as { handle: Handle };
  const observed: Handle = function (req, res, done) {
    return handle.call(this, req, res, typeof done === 'function' ? observedDone(res, done) : done);
  };
  const value = disguise(observed, handle);
  Object.defineProperty(router, 'handle', { value, writable: true, configurable: true, enumerable: false });
}

function observedDone(res: object, done: Next): Next {
  return function (this: unknown, error) {
    if (error) noteFailure(res, error, findFailedRoute);
    // biome-ignore lint/complexity/noArguments: Express's own looks at how many there are in some versions.
    return done.apply(this, arguments as unknown as [unknown]);
  };
}

type FinalHandler = (req: object, res: object, options?: object) => Next;

/** The same for all applications of a copy of `finalhandler`, without standing on the stack of any handler. */
export function observedFinalHandler(original: FinalHandler): FinalHandler {
  return disguise(
    (req: object, res: object, options?: object) => observedDone(res, original(req, res, options)),
    original,
  );
}

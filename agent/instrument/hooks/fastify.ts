import {
  noteFailure,
  type SeenRequest,
  type SeenResponse,
  setCutOffRoute,
  setRoute,
  unmatched,
} from './exchange.ts';
import { patternOf } from './mount-pattern.ts';
import { quietly } from './safety.ts';

interface FastifyRequest extends SeenRequest {
  readonly raw: object;
  readonly routeOptions?: { readonly url?: string };
  /** Before Fastify 4.10. */
  readonly routerPath?: string;
}

interface FastifyReply {
  readonly raw: SeenResponse;
}

interface Fastify {
  addHook(name: string, hook: (...args: never[]) => void): unknown;
}

/**
 * Tells the routes of a Fastify instance, by hooks that run when an answer is out or given up: none of them stands
 * between a request and its handler.
 */
export function observeFastify(fastify: Fastify): void {
  try {
    fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      setRoute(reply.raw, routeOf(request), request);
      done();
    });
    fastify.addHook(
      'onError',
      (request: FastifyRequest, reply: FastifyReply, error: unknown, done: () => void) => {
        setRoute(reply.raw, routeOf(request), request);
        noteFailure(reply.raw, error, () => routeOf(request));
        done();
      },
    );
    fastify.addHook('onRequestAbort', (request: FastifyRequest, done: () => void) => {
      setCutOffRoute(request.raw, routeOf(request), request);
      done();
    });
  } catch (error) {
    quietly('Fastify', error);
  }
}

function routeOf(request: FastifyRequest): string {
  const url = request.routeOptions?.url ?? request.routerPath;
  // A prefix is a route with and without a slash behind it.
  return url === undefined ? unmatched : patternOf(url);
}

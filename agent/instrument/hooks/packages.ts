import type { Recorder } from '../recorder.ts';
import { observeWorkers } from './bullmq.ts';
import { observedFinalHandler, observeErrors } from './express.ts';
import type { Router } from './express-route.ts';
import { observeHttp2 } from './http2.ts';
import type { ExportsHook } from './module-patch.ts';
import { observeSocketIo } from './socket-io.ts';

/**
 * Knows the packages that are watched by what they export, so that aliases, copies and other package managers' paths
 * make no difference. undefined: none of them.
 */
export function packageHook(recorder: Recorder): ExportsHook {
  return (exports) => {
    if (typeof exports === 'function' && exports.name === 'finalhandler' && exports.length === 3)
      return observedFinalHandler(exports as Parameters<typeof observedFinalHandler>[0]);
    if (hasOwn(exports, 'application') && hasFunctions(exports, 'Router', 'Route')) {
      observeErrors(probe((exports as unknown as { Router: () => Probe }).Router()));
      return exports;
    }
    if (hasFunctions(exports, 'Worker', 'Queue', 'FlowProducer', 'QueueEvents')) {
      observeWorkers(recorder, member(exports, 'Worker').prototype as object);
      return exports;
    }
    if (hasFunctions(exports, 'Server', 'Namespace', 'Socket')) {
      observeSocketIo(recorder, exports as Parameters<typeof observeSocketIo>[1]);
      return exports;
    }
    if (hasFunctions(exports, 'createServer', 'createSecureServer', 'getPackedSettings')) {
      observeHttp2(recorder, exports);
      return exports;
    }
    return undefined;
  };
}

interface Probe extends Router {
  use(handler: () => void): unknown;
}

/** A router with one layer, of which the class is looked at. */
function probe(router: Probe): Router {
  router.use(() => {});
  return router;
}

function hasOwn(exports: object, name: string): boolean {
  return Object.getOwnPropertyDescriptor(exports, name) !== undefined;
}

/** Reads only what cannot have an effect: values, and the getters that TypeScript's output has. */
function hasFunctions(exports: object, ...names: string[]): boolean {
  return names.every((name) => hasOwn(exports, name)) && names.every((name) => isFunction(exports, name));
}

function isFunction(exports: object, name: string): boolean {
  return typeof member(exports, name) === 'function';
}

function member(exports: object, name: string): { prototype: unknown } {
  return (exports as Record<string, { prototype: unknown }>)[name]!;
}

import Module from 'node:module';
import { quietly } from './safety.ts';

type Load = (this: unknown, request: string, ...rest: unknown[]) => unknown;

/** Looks at what a package exports; returns what is to be handed out instead, mostly the same. */
export type ExportsHook = (exports: object) => unknown;

/**
 * Calls `hook` with what packages export, when they are loaded: once for each thing, whichever version or copy it is
 * of. By `require`, and by `import` where the package is CommonJS. Files of the service itself are passed over.
 *
 * Others may have put themselves into `Module._load` before, and may do so later. The returned function ends the
 * watching, whoever came later.
 */
export function observeModules(hook: ExportsHook): () => void {
  const holder = Module as unknown as { _load: Load };
  const original = holder._load;
  const seen = new WeakMap<object, unknown>();
  let isWatching = true;
  const observed: Load = function (request, ...rest) {
    const exports = original.call(this, request, ...rest);
    if (!isWatching || !mayBePackage(request)) return exports;
    if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return exports;
    if (seen.has(exports)) return seen.get(exports);
    try {
      const handedOut = hook(exports);
      // What is not known now may be on its way: a module that is loaded in a circle is not yet whole.
      if (handedOut !== undefined) seen.set(exports, handedOut);
      return handedOut ?? exports;
    } catch (error) {
      seen.set(exports, exports);
      quietly(`module ${request}`, error);
      return exports;
    }
  };
  Object.defineProperty(observed, 'name', { value: original.name, configurable: true });
  Object.defineProperty(observed, 'length', { value: original.length, configurable: true });
  holder._load = observed;
  return () => {
    isWatching = false;
    if (holder._load === observed) holder._load = original;
  };
}

/** `import` of a CommonJS package names its file, `require` the package. */
function mayBePackage(request: unknown): boolean {
  if (typeof request !== 'string' || request[0] === '.') return false;
  if (request.startsWith('node:')) return request === 'node:http2';
  return !/^(?:\/|[A-Za-z]:[\\/])/.test(request) || /[\\/]node_modules[\\/]/.test(request);
}

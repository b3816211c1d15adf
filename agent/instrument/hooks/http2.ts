import type { Recorder } from '../recorder.ts';
import { beginExchange, type SeenRequest, type SeenResponse } from './exchange.ts';
import { findRoute } from './route-finder.ts';
import { replaceMethod } from './safety.ts';

type RequestListener = (req: SeenRequest, res: SeenResponse) => void;

interface Http2Server {
  listenerCount(event: string): number;
  on(event: 'newListener', listener: (event: string) => void): unknown;
  prependListener(event: 'request', listener: RequestListener): unknown;
}

type CreateServer = (this: unknown, ...args: unknown[]) => Http2Server;

/**
 * Watches the servers of node:http2 that answer `request` events; what works on bare streams stays unseen. Node 20
 * tells of them by no channel, and `import` of node:http2 passes by the module hook: only `require` is seen.
 */
export function observeHttp2(recorder: Recorder, http2: object): void {
  const begin: RequestListener = (req, res) => beginExchange(recorder, req, res, findRoute);
  for (const name of ['createServer', 'createSecureServer']) {
    replaceMethod<CreateServer>(
      http2,
      name,
      (original) =>
        function (...args) {
          const server = original.apply(this, args);
          let isWatched = false;
          const watch = (event: string): void => {
            if (event !== 'request' || isWatched) return;
            isWatched = true;
            server.prependListener('request', begin);
          };
          // A listener makes the server build request objects: it is added where the service wants them too.
          if (server.listenerCount('request') > 0) watch('request');
          else server.on('newListener', watch);
          return server;
        },
    );
  }
}

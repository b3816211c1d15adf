import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { createExpressMiddleware } from '../../../../agent/instrument/hooks/express.ts';
import { untilTrue } from '../../../support/servers.ts';
import { type Collector, collector } from './collector.ts';

export const express4 = createRequire(import.meta.url)('express4') as typeof express;

export const versions: readonly (readonly [name: string, make: typeof express])[] = [
  ['Express 5', express],
  ['Express 4', express4],
];

export interface Rig {
  readonly url: string;
  readonly seen: Collector;
  /** Sends a request, waits until it is recorded, and says what was: `METHOD route status`. */
  label(path: string, init?: RequestInit): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An application with the middleware, on a real server. */
export async function rig(make: typeof express, build: (app: Express) => void): Promise<Rig> {
  const seen = collector();
  const app = make();
  // The default error handler tells of every error on stderr, but for this.
  app.set('env', 'test');
  app.use(createExpressMiddleware(seen));
  build(app);
  return serve(app, seen);
}

/** Any listener for requests on a real server. */
export async function serve(app: Express, seen: Collector): Promise<Rig> {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    label: async (path, init) => {
      const before = seen.requests.length;
      const answer = await fetch(url + path, init);
      await answer.arrayBuffer();
      await untilTrue(() => {
        if (seen.requests.length === before) throw new Error('not recorded');
      });
      const { method, route, status } = seen.requests[before]!;
      return `${method} ${route} ${status}`;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

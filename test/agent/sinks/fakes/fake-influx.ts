import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly lines: readonly string[];
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | object;
}

/** `hang` never answers; `drop` closes the connection in place of an answer. */
export type Behaviour = (request: SeenRequest) => Reply | 'hang' | 'drop';

/** An InfluxDB on command. Lines that it answers with 204 are kept by series and time, as InfluxDB does. */
export interface FakeInflux {
  readonly url: string;
  readonly requests: SeenRequest[];
  /** Line to the number of times it was written. */
  readonly stored: Map<string, number>;
  /** Most requests that were open at once. */
  readonly mostOpen: () => number;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

export const accepts: Behaviour = () => ({ status: 204 });

export async function startFakeInflux(first: Behaviour = accepts): Promise<FakeInflux> {
  let behaviour = first;
  let open = 0;
  let mostOpen = 0;
  const requests: SeenRequest[] = [];
  const stored = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    open++;
    mostOpen = Math.max(mostOpen, open);
    response.once('close', () => open--);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
      const seen: SeenRequest = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        lines: body.split('\n').filter((line) => line !== ''),
      };
      requests.push(seen);
      const reply = behaviour(seen);
      if (reply === 'hang') return;
      if (reply === 'drop') return void request.socket.destroy();
      if (reply.status === 204) {
        for (const line of seen.lines) stored.set(line, (stored.get(line) ?? 0) + 1);
      }
      const isText = typeof reply.body === 'string';
      response.writeHead(reply.status, {
        ...(reply.body !== undefined && { 'content-type': isText ? 'text/plain' : 'application/json' }),
        ...reply.headers,
      });
      response.end(isText ? reply.body : reply.body && JSON.stringify(reply.body));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    stored,
    mostOpen: () => mostOpen,
    behave: (next) => {
      behaviour = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

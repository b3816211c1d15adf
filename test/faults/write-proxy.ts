import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** One write that went through. */
export interface SeenWrite {
  readonly lines: number;
  readonly status: number;
}

/** Between an agent and a real InfluxDB: notes what goes through, changes nothing. */
export interface WriteProxy {
  readonly url: string;
  readonly writes: SeenWrite[];
  /** Lines that InfluxDB took although a later or the same time of their series had gone before; the first few. */
  readonly misordered: string[];
  /** Lines that InfluxDB took. */
  lines(): number;
  close(): Promise<void>;
}

/** While the server behind it is away, connections are closed without an answer. */
export async function startWriteProxy(target: string): Promise<WriteProxy> {
  const writes: SeenWrite[] = [];
  const misordered: string[] = [];
  const lastMs = new Map<string, number>();
  const sockets = new Set<Socket>();
  let taken = 0;
  const note = (body: string, status: number): void => {
    const lines = body.split('\n').filter((line) => line !== '');
    writes.push({ lines: lines.length, status });
    if (status !== 204) return;
    taken += lines.length;
    for (const line of lines) {
      const series = /^(\\.|[^ \\])*/.exec(line)![0];
      const timeMs = Number(line.slice(line.lastIndexOf(' ') + 1));
      if (timeMs <= (lastMs.get(series) ?? 0) && misordered.length < 5) misordered.push(line);
      lastMs.set(series, timeMs);
    }
  };
  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const raw = Buffer.concat(chunks);
      const { host: _host, connection: _connection, ...headers } = request.headers;
      const answer = await fetch(target + request.url, {
        method: request.method ?? 'GET',
        headers: headers as Record<string, string>,
        ...(raw.length > 0 && { body: raw }),
      });
      const text = await answer.text();
      if (request.url?.startsWith('/write')) {
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        note(body.toString(), answer.status);
      }
      const type = answer.headers.get('content-type');
      const version = answer.headers.get('x-influxdb-version');
      response.writeHead(answer.status, {
        ...(type && { 'content-type': type }),
        ...(version && { 'x-influxdb-version': version }),
      });
      response.end(text);
    } catch {
      request.socket.destroy();
    }
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    writes,
    misordered,
    lines: () => taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

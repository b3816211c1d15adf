import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { observeHttp2 } from '../../../../agent/instrument/hooks/http2.ts';
import { untilTrue } from '../../../support/servers.ts';
import { collector } from './collector.ts';

async function ask(server: Http2Server, path: string): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request({ ':path': path });
  stream.resume();
  await once(stream, 'close');
  session.close();
}

test('requests to a server of HTTP/2 are counted; one that works on streams is left as it is', async () => {
  const seen = collector();
  const watched = { ...http2 };
  observeHttp2(seen, watched);
  const plain = watched.createServer((_req, res) => {
    res.writeHead(201);
    res.end('ok');
  });
  const late = watched.createServer();
  late.on('request', (_req, res) => {
    res.setHeader('content-type', 'text/event-stream');
    res.end('data: 1\n\n');
  });
  const streams = watched.createServer();
  streams.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  for (const server of [plain, late, streams]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await ask(server, '/secret');
  }
  await untilTrue(() => assert.equal(seen.requests.length, 2));
  assert.equal(streams.listenerCount('request'), 0);
  for (const server of [plain, late, streams]) server.close();
  assert.deepEqual(
    seen.requests.map(({ method, route, status, untimed }) => [method, route, status, untimed]),
    [
      ['GET', 'unmatched', 201, false],
      ['GET', 'unmatched', 200, true],
    ],
  );
});

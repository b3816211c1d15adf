import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that notes what it is sent and answers as it is told. */
export interface HttpReceiver {
  readonly url: string;
  readonly port: number;
  readonly requests: ReceivedRequest[];
  /** 200 and `ok` at first. */
  answer: (response: ServerResponse, request: ReceivedRequest) => void;
  openSockets(): number;
  /** Resolves with the request of this number, counted from 1, once it is there. */
  request(number: number): Promise<ReceivedRequest>;
  close(): Promise<void>;
}

/** Starts it on loopback, on a free port unless told; with `tls` it speaks HTTPS. */
export async function startHttpReceiver(tls?: ServerOptions, givenPort = 0): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  let arrived = () => {};
  const listener: Parameters<typeof createServer>[1] = (message, response) => {
    let body = '';
    message.setEncoding('utf8');
    message.on('data', (chunk: string) => {
      body += chunk;
    });
    message.on('end', () => {
      const request = { method: message.method!, path: message.url!, headers: message.headers, body };
      requests.push(request);
      arrived();
      receiver.answer(response, request);
    });
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(givenPort, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: HttpReceiver = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    answer: (response) => response.end('ok'),
    openSockets: () => sockets.size,
    async request(number) {
      while (requests.length < number)
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      return requests[number - 1]!;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return receiver;
}

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Makes room when `most` connections are open: the one that has been without a request for longest is closed, so that
 * somebody who opens very many and asks nothing, or sends a body that never ends, keeps nobody out. Those with a whole
 * request under way stay; when all have one, the newest is closed.
 */
export function limitConnections(server: Server, isSecure: boolean, most: number): void {
  const open = new Set<Socket>();
  /** The longest idle first. */
  const idle = new Set<Socket>();
  // Those that have not shaken hands yet are seen by nobody else.
  server.maxConnections = 2 * most;
  server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket) => {
    open.add(socket);
    idle.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      idle.delete(socket);
    });
    if (open.size <= most) return;
    const [longest = socket] = idle;
    longest.destroy();
    // Its close comes later, and it must not be chosen twice.
    open.delete(longest);
    idle.delete(longest);
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const rest = () => {
      idle.delete(socket);
      if (open.has(socket)) idle.add(socket);
    };
    response.once('close', rest);
    if (!hasBody(request)) {
      idle.delete(socket);
      return;
    }
    // Until all of it is here nobody can be answered. One that was refused before may end later.
    rest();
    request.once('end', () => {
      if (!response.closed) idle.delete(socket);
    });
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

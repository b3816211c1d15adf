import type { Response } from 'express';
import type { Server, Socket } from 'socket.io';
import type { Database } from './database.ts';
import { signedIn } from './session.ts';
import type { Tally } from './tally.ts';

type Acknowledge = (answer: unknown) => void;

/** What goes out to those who look on: Socket.IO on `/` and `/presence`, and event streams. */
export interface Live {
  /** Tells everybody. */
  contactChanged(id: number): void;
  /** Adds an event stream; it is ours until its client goes. */
  stream(response: Response): void;
  /** Ends streams and sockets. */
  close(): Promise<void>;
}

export function startLive(io: Server, database: Database, tally: Tally): Live {
  const streams = new Set<Response>();
  const toAll = (event: string, data: unknown) => {
    tally.count('socketEvents', `emit:${event}`);
    io.emit(event, data);
  };

  io.on('connection', (socket) => {
    takes(socket, tally);
    socket.on('join', async (dealId: unknown, acknowledge?: Acknowledge) => {
      await socket.join(`deal:${Number(dealId)}`);
      acknowledge?.({ joined: Number(dealId) });
    });
    socket.on('chat', (dealId: unknown, text: unknown, acknowledge?: Acknowledge) => {
      tally.count('socketEvents', 'emit:chat');
      io.to(`deal:${Number(dealId)}`).emit('chat', {
        dealId: Number(dealId),
        text: String(text).slice(0, 500),
      });
      acknowledge?.({ sentMs: Date.now() });
    });
    socket.on('find', async (text: unknown, acknowledge?: Acknowledge) => {
      const contains = String(text).slice(0, 100);
      try {
        acknowledge?.(await database.contact.findMany({ where: { name: { contains } }, take: 5 }));
      } catch (error) {
        acknowledge?.({ error: String(error) });
      }
    });
    // Nobody waits for an answer to these.
    socket.on('typing', () => {});
  });
  const presence = io.of('/presence');
  presence.on('connection', (socket) => {
    takes(socket, tally);
    socket.on('here', (acknowledge?: Acknowledge) => acknowledge?.({ people: presence.sockets.size }));
  });

  return {
    contactChanged(id) {
      toAll('contact:changed', { id });
      for (const response of streams) response.write(`event: contact\ndata: ${JSON.stringify({ id })}\n\n`);
    },
    stream(response) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      response.write(': hello\n\n');
      streams.add(response);
      response.once('close', () => streams.delete(response));
    },
    async close() {
      for (const response of streams) response.end();
      await io.close();
    },
  };
}

/** Counts what comes over a socket, and knows whose it is. */
function takes(socket: Socket, tally: Tally): void {
  const user = signedIn((socket.handshake.auth as { token?: unknown }).token);
  if (user) socket.data.user = user;
  tally.count('socketEvents', 'connect');
  socket.onAny((event: string) => tally.count('socketEvents', event));
  socket.once('disconnect', () => tally.count('socketEvents', 'disconnect'));
}

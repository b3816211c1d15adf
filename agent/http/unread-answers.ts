import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HttpLimits } from './limits.ts';

/** Smaller ones are not worth counting. */
const leastBytes = 16 * 1024;

/**
 * Bounds what clients hold that ask and do not read. When too much waits, the connection with the oldest waiting answer is
 * ended; so is one that sends request after request without waiting for answers, as nobody does (RFC 9112, section 9.3.2,
 * lets a server close and has the client ask again).
 */
export function limitUnread(app: FastifyInstance, limits: HttpLimits): void {
  const { unreadTimeoutMs, mostUnreadBytes, mostPipelined } = limits;
  const underWay = new WeakMap<Socket, number>();
  /** The oldest first. */
  const unread = new Map<ServerResponse, { readonly socket: Socket; readonly bytes: number }>();
  let allBytes = 0;

  const forget = (response: ServerResponse) => {
    allBytes -= unread.get(response)?.bytes ?? 0;
    unread.delete(response);
  };

  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const before = underWay.get(socket) ?? 0;
    if (before >= mostPipelined || socket.destroyed) {
      reply.hijack();
      socket.destroy();
      return;
    }
    underWay.set(socket, before + 1);
    reply.raw.once('close', () => underWay.set(socket, underWay.get(socket)! - 1));
    done();
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    const { socket } = request.raw;
    // Node sets it anew when the answer is sent, and for the next request. It fires at half of the time that is allowed:
    // what the kernel took in the first half counts as read.
    socket.setTimeout(unreadTimeoutMs / 2);
    const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0;
    if (bytes < leastBytes) return done();
    const { raw } = reply;
    unread.set(raw, { socket, bytes });
    allBytes += bytes;
    const isOver = () => forget(raw);
    raw.once('close', isOver);
    // An answer behind another one of its connection never hears of the end.
    socket.once('close', isOver);
    raw.once('close', () => socket.off('close', isOver));
    for (const [oldest, { socket: deaf }] of unread) {
      if (allBytes <= mostUnreadBytes || oldest === raw) break;
      forget(oldest);
      deaf.destroy();
    }
    done();
  });
}

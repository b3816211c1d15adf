import type { FastifyReply } from 'fastify';

/**
 * Does some work for a client; the signal says when that has gone. Fastify's own `request.signal` does it for GET only: with
 * a body it comes as soon as that is read.
 */
export async function whileAsked<T>(
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const { raw } = reply;
  const onClose = () => gone.abort();
  raw.once('close', onClose);
  try {
    return await work(gone.signal);
  } finally {
    raw.off('close', onClose);
  }
}

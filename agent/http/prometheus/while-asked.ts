import type { FastifyReply } from 'fastify';

/** Does some work for a client; the signal says when that has gone. */
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

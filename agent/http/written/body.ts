import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';

/** Bytes of one body, unpacked: what InfluxDB takes unless told otherwise (`max-body-size`). */
export const mostBodyBytes = 25_000_000;
/** Bytes of all bodies in hand. */
const mostInHandBytes = 2 * mostBodyBytes;

/** A body that was not read; `status` is what is answered. */
export interface BodyProblem {
  readonly status: 400 | 413 | 415 | 503;
  readonly message: string;
}

const tooLarge: BodyProblem = {
  status: 413,
  message: `Request Entity Too Large: a body may have ${mostBodyBytes} bytes, unpacked`,
};
const tooMany: BodyProblem = { status: 503, message: 'too many writes at once' };
const cutShort: BodyProblem = { status: 400, message: 'unexpected EOF' };

/** Reads bodies into shared memory, and knows how much of it is in use. */
export class BodyReader {
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(mostBytes = mostInHandBytes) {
    this.#mostBytes = mostBytes;
  }

  /** Reads a body, runs `use` with it, and forgets it; one that cannot be taken gives the reason. */
  async with<T>(
    request: IncomingMessage,
    use: (body: SharedArrayBuffer) => Promise<T>,
  ): Promise<T | BodyProblem> {
    let bytes = 0;
    const mayTake = (more: number): BodyProblem | undefined => {
      if (bytes + more > mostBodyBytes) return tooLarge;
      if (this.#bytes + more > this.#mostBytes) return tooMany;
      bytes += more;
      this.#bytes += more;
      return undefined;
    };
    try {
      const body = await read(request, mayTake);
      return 'status' in body ? body : await use(body);
    } finally {
      this.#bytes -= bytes;
    }
  }
}

function read(
  request: IncomingMessage,
  mayTake: (bytes: number) => BodyProblem | undefined,
): Promise<SharedArrayBuffer | BodyProblem> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    return Promise.resolve({ status: 415, message: 'Content-Encoding: expected gzip or none' });
  if (Number(request.headers['content-length']) > mostBodyBytes) return Promise.resolve(tooLarge);
  const gunzip = encoding === 'gzip' ? createGunzip() : null;
  const source = gunzip ? request.pipe(gunzip) : request;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const give = (body: SharedArrayBuffer | BodyProblem) => {
      source.removeAllListeners('data');
      if (gunzip) request.unpipe(gunzip);
      gunzip?.destroy();
      // What is still to come is read and thrown away, or the answer could not be sent.
      request.resume();
      resolve(body);
    };
    source.on('data', (chunk: Buffer) => {
      const problem = mayTake(chunk.length);
      if (problem) give(problem);
      else chunks.push(chunk);
    });
    source.once('end', () => give(shared(chunks)));
    source.once('error', () => give(cutShort));
    request.once('close', () => {
      if (!request.complete) give(cutShort);
    });
  });
}

function shared(chunks: readonly Buffer[]): SharedArrayBuffer {
  const body = new SharedArrayBuffer(chunks.reduce((sum, { length }) => sum + length, 0));
  const bytes = new Uint8Array(body);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

import type { Agent } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Transport } from '@influxdata/influxdb-client';
import type { Clock } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Below the URL of the server, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of the answer; what is longer is cut off [4 M]. */
  readonly mostCharacters?: number;
}

export interface Answer {
  readonly status: number;
  /** A header's value by its name in small letters; '' when it is not there. */
  header(name: string): string;
  readonly body: string;
}

/** A server that does not answer within this time does not answer at all. */
export const requestTimeoutMs = 10_000;

/** Message of the error of a request that took longer. */
export const noAnswer = `no answer within ${requestTimeoutMs / 1000} s`;

const idleTimeoutMs = 15_000;

/** Bodies above this many characters are sent as gzip. */
const gzipThreshold = 1024;

const compress = promisify(gzip);

/** Lines of points shrink to a ninth at this level, at a quarter of the CPU time of the library's own gzip. */
const gzipOptions = { level: 1 } as const;

/** What is read of an answer: refused lines of a whole batch fit, an endless answer does not. */
const maxAnswerCharacters = 4 * 1024 * 1024;

/**
 * One exchange at a time with one server, over the transport of `@influxdata/influxdb-client`: HTTP or HTTPS, gzip,
 * one kept connection, no proxy taken from the environment, no redirect followed. Its retries, buffers and status
 * handling are not used. The library is loaded when first needed.
 */
export class InfluxTransport {
  readonly #url: string;
  readonly #clock: Clock;
  #open: Promise<{ readonly transport: Transport; readonly agent: Agent }> | undefined;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /**
   * Sends a request and gives the whole answer, whatever its status.
   * @throws AgentError SINK_UNREACHABLE when there is none: network error, `requestTimeoutMs` over, or `signal` aborted.
   */
  async exchange(request: Request, signal: AbortSignal): Promise<Answer> {
    this.#open ??= open(this.#url);
    const { transport } = await this.#open;
    const inFlight = new AbortController();
    const abort = () => inFlight.abort();
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    let late = false;
    const over = new AbortController();
    void this.#clock.sleep(requestTimeoutMs, over.signal).then(() => {
      if (over.signal.aborted) return;
      late = true;
      abort();
    });
    try {
      return await send(transport, await compressed(request), inFlight.signal);
    } catch (error) {
      const problem = late ? noAnswer : networkProblem(error);
      throw new AgentError('SINK_UNREACHABLE', problem, { cause: error, retryable: true });
    } finally {
      over.abort();
      signal.removeEventListener('abort', abort);
    }
  }

  /** Ends the kept connection. */
  async close(): Promise<void> {
    if (this.#open) (await this.#open).agent.destroy();
  }
}

async function open(url: string) {
  const { InfluxDB } = await import('@influxdata/influxdb-client');
  const http = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  // An agent of its own: the global one takes proxies from the environment in newer versions of Node.
  // Its connection outlives one flush interval, and is gone before a proxy closes it while a request is on its way.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1, timeout: idleTimeoutMs });
  // Our own clock bounds a request; the library's timer, which leaves the request running, only stands behind it.
  // InfluxDB 1.x repeats the line that it refuses in a header, control characters and all. Such an answer must be read:
  // taken for a broken connection, one bad point would hold up all behind it.
  const transportOptions = { agent, insecureHTTPParser: true };
  const { transport } = new InfluxDB({ url, timeout: 2 * requestTimeoutMs, transportOptions });
  return { transport, agent };
}

interface Packed extends Omit<Request, 'body'> {
  readonly body: string | Uint8Array;
}

async function compressed(request: Request): Promise<Packed> {
  if (request.body.length <= gzipThreshold) return request;
  const body = await compress(request.body, gzipOptions);
  return { ...request, headers: { ...request.headers, 'content-encoding': 'gzip' }, body };
}

function send(transport: Transport, request: Packed, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, mostCharacters = maxAnswerCharacters } = request;
    // Declared as text, but bytes pass: it makes a Buffer of either.
    const body = request.body as string;
    let status = 0;
    let answerHeaders: Readonly<Record<string, unknown>> = {};
    const decoder = new TextDecoder();
    let text = '';
    const settle = () => {
      resolve({ status, header: (name) => String(answerHeaders[name] ?? ''), body: text });
    };
    transport.send(
      path,
      body,
      { method, headers, signal },
      {
        responseStarted: (started, code) => {
          answerHeaders = started;
          status = code ?? 0;
        },
        next: (chunk) => {
          if (text.length < mostCharacters) text += decoder.decode(chunk, { stream: true });
        },
        complete: settle,
        error: (error) => {
          // The library rejects a status of 300 and above with an error that holds the body.
          const refusal = error as { name?: string; statusCode?: number; body?: string };
          if (refusal.name !== 'HttpError') return reject(error);
          text = refusal.body ?? '';
          settle();
        },
      },
    );
  });
}

/** Words for what Node says of a connection: codes that people meet are spelled out. */
function networkProblem(error: unknown): string {
  const code = (error as { code?: unknown })?.code;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused: is InfluxDB running there?',
    ENOTFOUND: 'unknown host name: check url',
    EAI_AGAIN: 'the host name cannot be looked up at the moment',
    ECONNRESET: 'the connection was closed before an answer came',
    EPROTO: 'not a TLS server: check whether url begins with http:// or https://',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed: name its authority in NODE_EXTRA_CA_CERTS',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      'its certificate cannot be verified: name its authority in NODE_EXTRA_CA_CERTS',
  };
  return (typeof code === 'string' && words[code]) || messageOf(error);
}

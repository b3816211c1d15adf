import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { SecureContextOptions, TLSSocketOptions } from 'node:tls';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { HttpConfig, TlsConfig } from './http-options.ts';
import { NotifyError, ownWords } from './notifier.ts';
import { forbiddenTarget, guardedLookup, isAllowedHost } from './target-guard.ts';

export interface HttpTarget {
  readonly url: string;
  readonly config: HttpConfig | undefined;
  readonly clock: Clock;
  /** 10 s by default. */
  readonly timeoutMs?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** What must not show when the receiver repeats it, beside what the target holds. */
  readonly secrets?: readonly string[];
}

/** An answer with a status from 200 to 299. */
export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  /** At most 4 KB. */
  readonly body: string;
  /** Whether the body came to its end. */
  readonly isComplete: boolean;
}

const defaultTimeoutMs = 10_000;
const mostAnswerBytes = 4096;

/** Secrets shorter than this would blot out innocent words. */
const leastSecretLength = 4;
/** A part of a URL's path this long may be a token. */
const leastTokenLength = 16;

/**
 * Sends requests to one target that is fixed when it is made: a connection each, so that its address is checked each
 * time and none is lost to a server that closes idle ones. No proxies, no redirects.
 */
export class HttpClient {
  readonly #url: URL;
  readonly #target: HttpTarget;
  readonly #headers: Record<string, string | string[]>;
  readonly #secrets: readonly string[];
  /** An agent of its own: the global one takes proxies from the environment in newer versions of Node. */
  readonly #agent: http.Agent;

  constructor(target: HttpTarget) {
    this.#target = target;
    this.#url = new URL(target.url);
    this.#headers = headersOf(this.#url, target.config);
    this.#secrets = secretsOf(this.#url, target.config, this.#headers);
    const options = { keepAlive: false, ...tlsOptions(target.config?.tls_config) };
    this.#agent = this.#url.protocol === 'https:' ? new https.Agent(options) : new http.Agent(options);
  }

  /**
   * Resolves with an answer of success.
   * @throws NotifyError: may be tried again after network errors, time-outs, 429 and 5xx; not after other statuses
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { clock, timeoutMs = defaultTimeoutMs } = this.#target;
    if (!isAllowedHost(this.#url.hostname)) throw this.#failed(forbiddenTarget, false);
    const over = new AbortController();
    const isOver = clock.sleep(timeoutMs, over.signal).then(() => `no answer within ${timeoutMs / 1000} s`);
    try {
      const { status, head, ...rest } = await this.#exchange(request, signal, isOver);
      if (status < 200 || status > 299) throw this.#refused(status, head, rest.body, request);
      return { status, contentType: head['content-type'] ?? '', ...rest };
    } finally {
      over.abort();
    }
  }

  /** What the receiver says, fit for a message. */
  words(text: string, secrets: readonly string[] = []): string {
    return ownWords(text, [...this.#secrets, ...secrets.filter(({ length }) => length >= leastSecretLength)]);
  }

  /** Ends open connections. */
  close(): void {
    this.#agent.destroy();
  }

  #exchange(request: HttpRequest, signal: AbortSignal, isOver: Promise<string>) {
    return new Promise<Received>((resolve, reject) => {
      const body = Buffer.from(request.body);
      const headers: Record<string, string | string[] | number> = { ...this.#headers, ...request.headers };
      if (request.method === 'POST') headers['content-length'] = body.length;
      const { request: start } = this.#url.protocol === 'https:' ? https : http;
      const options = { method: request.method, headers, agent: this.#agent, lookup: guardedLookup };
      let isAnswered = false;
      const sent = start(withoutCredentials(this.#url), options, (answer) => {
        isAnswered = true;
        void receive(answer).then((received) => {
          signal.removeEventListener('abort', abort);
          sent.destroy();
          resolve(received);
        });
      });
      const end = (problem: string) => sent.destroy(new Error(problem));
      const abort = () => end('ended before an answer came');
      void isOver.then(end);
      signal.addEventListener('abort', abort, { once: true });
      sent.on('error', (error) => {
        // The answer ends by itself, with what there is of it.
        if (isAnswered) return;
        signal.removeEventListener('abort', abort);
        reject(this.#failed(this.#networkProblem(error), true, error));
      });
      sent.end(body);
      if (signal.aborted) abort();
    });
  }

  #refused(status: number, head: http.IncomingHttpHeaders, body: string, request: HttpRequest): NotifyError {
    if (status >= 300 && status < 400)
      return this.#failed(`answered ${status}: redirects are not followed; give the final address`, false);
    const words = this.words(body, request.secrets);
    const retryable = status === 429 || status >= 500;
    return new NotifyError(`${this.#url.host} answered ${status}${words && `: ${words}`}`, {
      retryable,
      retryAfterMs: retryable ? retryAfterMs(head['retry-after'], this.#target.clock.now()) : undefined,
    });
  }

  #networkProblem(error: Error): string {
    return networkProblems[(error as NodeJS.ErrnoException).code ?? ''] ?? this.words(messageOf(error));
  }

  #failed(problem: string, retryable: boolean, cause?: unknown): NotifyError {
    return new NotifyError(`${this.#url.host}: ${problem}`, { retryable, cause });
  }
}

/** Words for codes that people meet. */
const networkProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'unknown host name',
  EAI_AGAIN: 'the host name cannot be looked up at the moment',
  ECONNRESET: 'the connection was closed before an answer came',
  EPROTO: 'not a TLS server: check whether the URL begins with http:// or https://',
};

interface Received {
  readonly status: number;
  readonly head: http.IncomingHttpHeaders;
  readonly body: string;
  readonly isComplete: boolean;
}

/** Reads what comes, up to 4 KB; the status counts, so a body that breaks off is no failure. */
function receive(answer: IncomingMessage): Promise<Received> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = () => {
      const body = Buffer.concat(chunks).subarray(0, mostAnswerBytes).toString();
      const isComplete = answer.complete && bytes <= mostAnswerBytes;
      resolve({ status: answer.statusCode!, head: answer.headers, body, isComplete });
    };
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostAnswerBytes) done();
    });
    answer.once('end', done).once('error', done).once('close', done);
  });
}

/** Of `Retry-After`, seconds or a date (RFC 9110, 10.2.3); undefined when there is none that can be read. */
function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function headersOf(url: URL, config: HttpConfig | undefined): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'user-agent': 'nova-agent' };
  for (const [name, { values = [], secrets = [] }] of Object.entries(config?.http_headers ?? {}))
    headers[name.toLowerCase()] = [...values, ...secrets];
  if (url.username !== '' || url.password !== '')
    headers.authorization = basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
  if (config?.basic_auth)
    headers.authorization = basic(config.basic_auth.username ?? '', config.basic_auth.password ?? '');
  if (config?.bearer_token) headers.authorization = `Bearer ${config.bearer_token}`;
  if (config?.authorization?.credentials)
    headers.authorization = `${config.authorization.type.trim()} ${config.authorization.credentials}`;
  return headers;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function secretsOf(
  url: URL,
  config: HttpConfig | undefined,
  headers: Readonly<Record<string, string | string[]>>,
): string[] {
  const secrets = [
    ...[url.href, url.pathname + url.search, url.search, decodeURIComponent(url.password)],
    ...url.searchParams.values(),
    ...url.pathname.split('/').filter(({ length }) => length >= leastTokenLength),
    ...[config?.basic_auth?.password, config?.bearer_token, config?.authorization?.credentials],
    ...Object.values(config?.http_headers ?? {}).flatMap((header) => header.secrets ?? []),
    ...[headers.authorization]
      .flat()
      .flatMap((header) => header?.split(' ') ?? [])
      .slice(1),
  ];
  return secrets
    .filter((text) => text !== undefined && text.length >= leastSecretLength)
    .sort((a, b) => b!.length - a!.length) as string[];
}

/** For `node:tls`, from Alertmanager's `tls_config`. */
export function tlsOptions(
  config: TlsConfig | undefined,
): SecureContextOptions & TLSSocketOptions & { servername?: string } {
  if (!config) return {};
  return {
    ...(config.ca !== undefined && { ca: config.ca }),
    ...(config.cert !== undefined && { cert: config.cert }),
    ...(config.key !== undefined && { key: config.key }),
    ...(config.server_name !== undefined && { servername: config.server_name }),
    ...(config.min_version !== undefined && { minVersion: tlsVersions[config.min_version] }),
    ...(config.max_version !== undefined && { maxVersion: tlsVersions[config.max_version] }),
    rejectUnauthorized: !config.insecure_skip_verify,
  };
}

const tlsVersions = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

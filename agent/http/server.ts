import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { Clock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { addSecurityHeaders, answerBrokenRequest, createErrorAnswer, refuse } from './answers.ts';
import { addGuard } from './guard.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';
import { bracketed, listenError } from './listen-error.ts';
import { addAlertRoutes } from './routes/alerts.ts';
import { addErrorRoutes } from './routes/errors.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addMonitoringRoutes } from './routes/monitoring.ts';
import { addRequestRoutes } from './routes/requests.ts';
import { addStatisticsRoutes } from './routes/statistics.ts';
import { addUserRoutes } from './routes/users.ts';
import { readOrMakeToken } from './token-file.ts';
import { type Token, TokenTable } from './tokens.ts';
import type { HttpViews } from './views.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Without any token the agent makes one. */
  readonly auth: { readonly tokens: readonly Token[] };
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
}

export interface HttpServerParts {
  readonly views: HttpViews;
  readonly log: Log;
  readonly clock: Clock;
  /** Owned by the caller; the token that the agent makes is kept there. */
  readonly dataDir: string;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export interface HttpServer {
  /**
   * Listens. Throws AgentError HTTP_PORT_TAKEN when something else does, with who where that can be found, and
   * HTTP_FAILED for any other reason: an address that is not ours, a port that is not allowed, TLS or token files.
   */
  start(): Promise<HttpAddress>;
  /** Ends every connection, those in use too. */
  close(): Promise<void>;
}

export function createHttpServer(options: HttpServerOptions, parts: HttpServerParts): HttpServer {
  const limits = { ...defaultHttpLimits, ...parts.limits };
  let app: FastifyInstance | undefined;
  return {
    start: async () => {
      const configured = options.auth.tokens;
      const made = configured.length > 0 ? [] : [await makeAdminToken(parts)];
      app = await buildApp(options, parts, limits, new TokenTable([...configured, ...made]));
      await listen(app, options);
      // Such as too many open files while accepting: a trouble, not the end.
      app.server.on('error', (error) => parts.log.warn(`http: ${messageOf(error)}`));
      return addressOf(app, options);
    },
    close: async () => {
      await app?.close();
    },
  };
}

async function makeAdminToken({ dataDir, log }: HttpServerParts): Promise<Token> {
  return { name: 'http-token', role: 'admin', token: await readOrMakeToken(dataDir, log) };
}

async function buildApp(
  options: HttpServerOptions,
  { views, log, clock }: HttpServerParts,
  limits: HttpLimits,
  tokens: TokenTable,
): Promise<FastifyInstance> {
  // 6 MB and 100 ms, so only when the server is really wanted.
  const { fastify } = await import('fastify');
  const errorAnswer = createErrorAnswer(log);
  const tls = options.tls && (await readTls(options.tls));
  const nodeOptions = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    maxHeaderSize: 8192,
  };
  const app: FastifyInstance = fastify({
    ...(tls ? { https: { ...nodeOptions, ...tls } } : { http: nodeOptions }),
    logger: false,
    trustProxy: false,
    bodyLimit: 16 * 1024,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: true,
    return503OnClosing: true,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => {
      addSecurityHeaders(reply);
      refuse(reply, error.statusCode ?? 400, 'this URL cannot be read');
    },
  } as FastifyServerOptions);
  app.server.maxConnections = limits.maxConnections;
  app.setErrorHandler(errorAnswer);
  addGuard(app, options.host, tokens);
  addHealthRoutes(app, views);
  addMonitoringRoutes(app, views, clock, limits.handlerTimeoutMs);
  addRequestRoutes(app, views);
  addErrorRoutes(app, views, clock, limits.handlerTimeoutMs);
  addStatisticsRoutes(app, views, clock, limits.handlerTimeoutMs);
  addUserRoutes(app, views);
  addAlertRoutes(app, views, limits.handlerTimeoutMs);
  return app;
}

async function readTls(files: { readonly certFile: string; readonly keyFile: string }) {
  const read = (key: 'certFile' | 'keyFile') =>
    readFile(files[key]).catch((cause: unknown) => {
      throw new AgentError('HTTP_FAILED', `http.tls.${key}: ${messageOf(cause)}`, { cause });
    });
  const pair = { cert: await read('certFile'), key: await read('keyFile') };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new AgentError('HTTP_FAILED', `http.tls: not a PEM certificate with its key: ${messageOf(cause)}`, {
      cause,
    });
  }
  return pair;
}

async function listen(app: FastifyInstance, { host, port }: HttpServerOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw await listenError(error as NodeJS.ErrnoException, host, port);
  }
}

function addressOf(app: FastifyInstance, options: HttpServerOptions): HttpAddress {
  const { port } = app.server.address() as AddressInfo;
  return { host: options.host, port, url: addressUrl(options, port) };
}

/** Where a server with these options is found. */
export function addressUrl({ host, tls }: Pick<HttpServerOptions, 'host' | 'tls'>, port: number): string {
  return `${tls ? 'https' : 'http'}://${bracketed(host)}:${port}`;
}

import type { AddressInfo } from 'node:net';
import type { Server as SecureServer } from 'node:tls';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Access, createAccess } from './access/access.ts';
import { createCookie } from './access/cookie.ts';
import type { JwtOptions } from './access/jwt.ts';
import { addSecurityHeaders, answerBrokenRequest, createErrorAnswer, refuse } from './answers.ts';
import { addGuard } from './guard.ts';
import { limitConnections } from './idle-connections.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';
import { bracketed, listenError } from './listen-error.ts';
import { OpenApi } from './open-api.ts';
import { listPageFiles, pageFolder } from './page-files.ts';
import { addPrometheusRoutes } from './prometheus/routes.ts';
import { addAlertRoutes } from './routes/alerts.ts';
import { addBacktestRoutes } from './routes/backtest.ts';
import { addErrorRoutes } from './routes/errors.ts';
import { addHealthRoutes } from './routes/health.ts';
import { addLedgerRoutes } from './routes/ledger.ts';
import { addMarkRoute } from './routes/marks.ts';
import { addMetricsRoute } from './routes/metrics.ts';
import { addMonitoringRoutes } from './routes/monitoring.ts';
import { addOpenApiRoute } from './routes/open-api.ts';
import { addPageRoutes } from './routes/page.ts';
import { addPercentileRoute } from './routes/percentiles.ts';
import { addQuarantineRoutes } from './routes/quarantine.ts';
import { addRequestRoutes } from './routes/requests.ts';
import { addRuleRoutes } from './routes/rules.ts';
import { addSessionRoutes } from './routes/session.ts';
import { addStandingRoutes } from './routes/standings.ts';
import { addStatisticsRoutes } from './routes/statistics.ts';
import { addStreamRoute } from './routes/stream.ts';
import { addUserRoutes } from './routes/users.ts';
import { createSchemaCheck, type RequestPart, type Schema } from './schema-check.ts';
import { LiveStream } from './stream.ts';
import { SnapshotEncoder } from './stream-events.ts';
import { followTls, readTls, type TlsFiles } from './tls.ts';
import { readOrMakeToken } from './token-file.ts';
import type { Bearer, Token } from './tokens.ts';
import { limitUnread } from './unread-answers.ts';
import type { HttpViews } from './views.ts';
import { addWriteRoutes } from './written/routes.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Host names that it answers to beside its own. */
  readonly hosts: readonly string[];
  /** Of other pages whose scripts may ask with a token. */
  readonly origins: readonly string[];
  /** Without any token the agent makes one. */
  readonly auth: { readonly tokens: readonly Token[]; readonly jwt?: JwtOptions | undefined };
  readonly tls?: TlsFiles | undefined;
}

export interface HttpServerParts {
  readonly views: HttpViews;
  readonly log: Log;
  readonly clock: Clock;
  /** Owned by the caller; the token that the agent makes and the page's logins are kept there. */
  readonly dataDir: string;
  /** Where the built page is; that of the package unless told. */
  readonly pageFolder?: string;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpAddress {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Where a browser of this machine finds the dashboard. */
  readonly dashboard: string;
  /** An address that logs its first visitor in, within ten minutes; null when tokens are configured. */
  readonly login: string | null;
}

export interface HttpServer {
  /**
   * Listens. Throws AgentError HTTP_PORT_TAKEN when something else does, with who where that can be found, and
   * HTTP_FAILED for any other reason: an address that is not ours, a port that is not allowed, TLS or token files.
   */
  start(): Promise<HttpAddress>;
  /** An address that logs its first visitor in as `bearer`, within ten minutes. Only once it listens. */
  loginAddress(bearer: Bearer): string;
  /** Ends every connection, those in use too. */
  close(): Promise<void>;
}

export function createHttpServer(options: HttpServerOptions, parts: HttpServerParts): HttpServer {
  const limits = { ...defaultHttpLimits, ...parts.limits };
  let app: FastifyInstance | undefined;
  let access: Access | undefined;
  let stopFollowing = () => {};
  const loginAddress = (bearer: Bearer) => {
    if (!app || !access) throw new Error('the HTTP server does not listen');
    return `${visitedUrl(app, options)}/login#code=${access.makeCode(bearer)}`;
  };
  return {
    start: async () => {
      const { tokens, jwt } = options.auth;
      const isMade = tokens.length === 0 && jwt === undefined;
      const made = isMade ? [await makeAdminToken(parts)] : [];
      access = await createAccess({ tokens: [...tokens, ...made], isMade, jwt }, parts);
      const server = await buildApp(options, parts, limits, access);
      app = server;
      await listen(server, options);
      // Such as too many open files while accepting: a trouble, not the end.
      server.server.on('error', (error) => parts.log.warn(`http: ${messageOf(error)}`));
      if (options.tls) {
        const secure = server.server as unknown as SecureServer;
        const following = { log: parts.log, everyMs: limits.tlsCheckEveryMs };
        stopFollowing = followTls(options.tls, (pair) => secure.setSecureContext(pair), following);
      }
      const login = isMade ? loginAddress({ name: 'admin', role: 'admin' }) : null;
      const dashboard = visitedUrl(server, options);
      return { host: options.host, ...addressOf(server, options), dashboard, login };
    },
    loginAddress,
    close: async () => {
      stopFollowing();
      await app?.close();
    },
  };
}

async function makeAdminToken({ dataDir, log }: HttpServerParts): Promise<Token> {
  return { name: 'http-token', role: 'admin', token: await readOrMakeToken(dataDir, log) };
}

async function buildApp(
  options: HttpServerOptions,
  { views, log, clock, ...parts }: HttpServerParts,
  limits: HttpLimits,
  access: Access,
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
    ...(tls
      ? { https: { ...nodeOptions, ...tls, handshakeTimeout: limits.headersTimeoutMs } }
      : { http: nodeOptions }),
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
  limitConnections(app.server, tls !== undefined, limits.maxConnections);
  limitUnread(app, limits);
  app.setErrorHandler(errorAnswer);
  app.setValidatorCompiler(({ schema, httpPart }) =>
    createSchemaCheck(schema as Schema, httpPart as RequestPart),
  );
  // Schemas of answers are documentation: nothing that is not in them is left out.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const cookie = createCookie(tls !== undefined, () => (app.server.address() as AddressInfo).port);
  const openApi = new OpenApi();
  app.addHook('onRoute', (route) => openApi.note(route));
  addGuard(app, { host: options.host, hosts: options.hosts, origins: options.origins, access, cookie });
  addPageRoutes(app, await listPageFiles(parts.pageFolder ?? pageFolder()));
  addSessionRoutes(app, access, cookie);
  addOpenApiRoute(app, openApi, cookie.name);
  addHealthRoutes(app, views);
  const encoder = new SnapshotEncoder();
  addMonitoringRoutes(app, { views, encoder, clock, handlerTimeout: limits.handlerTimeoutMs });
  addStreamRoute(app, new LiveStream({ views, encoder, clock, log }), access);
  addStandingRoutes(app, views, limits.handlerTimeoutMs);
  addPercentileRoute(app, views, clock, limits.handlerTimeoutMs);
  addMarkRoute(app, views, clock, limits.handlerTimeoutMs);
  addRequestRoutes(app, views);
  addErrorRoutes(app, views, clock, limits.handlerTimeoutMs);
  addStatisticsRoutes(app, views, clock, limits.handlerTimeoutMs);
  addUserRoutes(app, views);
  addAlertRoutes(app, views, limits.handlerTimeoutMs);
  addRuleRoutes(app, views);
  addBacktestRoutes(app, views, clock);
  addLedgerRoutes(app, views);
  addQuarantineRoutes(app, views, limits.handlerTimeoutMs);
  addPrometheusRoutes(app, { views, clock, log, handlerTimeoutMs: limits.handlerTimeoutMs });
  addMetricsRoute(app, views, limits.handlerTimeoutMs);
  addWriteRoutes(app, views, clock, log);
  return app;
}

async function listen(app: FastifyInstance, { host, port }: HttpServerOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw await listenError(error as NodeJS.ErrnoException, host, port);
  }
}

function addressOf(app: FastifyInstance, options: HttpServerOptions): { port: number; url: string } {
  const { port } = app.server.address() as AddressInfo;
  return { port, url: addressUrl(options, port) };
}

/** As a browser of this machine reaches it: `0.0.0.0` is no address to visit. */
function visitedUrl(app: FastifyInstance, options: HttpServerOptions): string {
  const { port } = app.server.address() as AddressInfo;
  const any: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  return addressUrl({ ...options, host: any[options.host] ?? options.host }, port);
}

/** Where a server with these options is found. */
export function addressUrl({ host, tls }: Pick<HttpServerOptions, 'host' | 'tls'>, port: number): string {
  return `${tls ? 'https' : 'http'}://${bracketed(host)}:${port}`;
}

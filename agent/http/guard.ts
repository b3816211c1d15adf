import { type AddressInfo, isIP } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Known, Refusal } from './access/access.ts';
import { type Cookie, cookieOf } from './access/cookie.ts';
import { isFromElsewhere } from './access/origin.ts';
import { isCsrfToken, type Session } from './access/sessions.ts';
import { addSecurityHeaders, refuse } from './answers.ts';
import { bracketed } from './listen-error.ts';
import type { Bearer, Role } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route answers without a token. */
    open?: boolean;
    /** The least role for it; unless told, viewer for GET and HEAD and admin for everything else. */
    role?: Role;
    /** The token may also be sent as clients of InfluxDB 1.x do: as password of Basic, or as the parameter `p`. */
    takesPasswords?: boolean;
  }
  interface FastifyRequest {
    /** Whose token it is; undefined on an open route. */
    bearer?: Bearer;
    /** The page's login; undefined for who sent a token. */
    session?: Session;
    /** Until when; see `Known`. Infinity on an open route. */
    knownUntilMs: number;
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Without leave to send cookies: other pages have tokens of their own. */
const corsHeaders = { 'Access-Control-Expose-Headers': 'Retry-After, WWW-Authenticate' };
const preflightHeaders = {
  'Access-Control-Allow-Methods': 'GET, POST, DELETE',
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Last-Event-ID',
  'Access-Control-Max-Age': '600',
};

export interface GuardOptions {
  /** Address that the server listens on. */
  readonly host: string;
  /** Names that it answers to beside its own. */
  readonly hosts: readonly string[];
  /** Of other pages whose scripts may ask with a token. */
  readonly origins: readonly string[];
  readonly access: Access;
  readonly cookie: Cookie;
}

/**
 * What every request passes before its handler, in this order: the Host header (403), a token or a session unless
 * the route is open (401; 429 after too many wrong ones), where the page's requests come from and their CSRF token
 * (403), the right to change things (403), and whether there is such a route at all (404, 405). Who has no token
 * thus learns nothing of what exists.
 */
export function addGuard(app: FastifyInstance, { host, hosts, origins, access, cookie }: GuardOptions): void {
  let allowed: ReadonlySet<string> | 'any' | undefined;

  function pass(
    request: FastifyRequest,
    reply: FastifyReply,
    found: Known | Refusal,
    done: () => void,
  ): void {
    if ('status' in found) {
      refuseUnknown(reply, found, request.headers.authorization !== undefined);
      return;
    }
    if (refuseKnown(request, reply, found)) return;
    if (request.is404) answerNoRoute(app, request, reply);
    else done();
  }

  app.decorateRequest('knownUntilMs', Number.POSITIVE_INFINITY);
  app.addHook('onRequest', (request, reply, done) => {
    addSecurityHeaders(reply);
    allowed ??= allowedHosts(host, hosts, (app.server.address() as AddressInfo | null)?.address ?? host);
    if (!isAllowedHost(request.headers.host, allowed)) {
      const names = [...(allowed as ReadonlySet<string>)].join(', ');
      refuse(reply, 403, `this server answers to ${names} only: check the Host header, or http.hosts`);
      return;
    }
    const { origin } = request.headers;
    if (origin !== undefined && origins.includes(origin)) {
      reply.headers({ 'Access-Control-Allow-Origin': origin, Vary: 'Origin', ...corsHeaders });
      if (request.method === 'OPTIONS') {
        reply.headers(preflightHeaders).code(204).send();
        return;
      }
    }
    if (request.routeOptions.config.open) return done();
    const token = tokenOf(request);
    if (token === undefined && request.headers.authorization === undefined) {
      const secret = cookieOf(request.headers.cookie, cookie.name());
      const known = secret === undefined ? undefined : access.sessionOf(secret);
      return pass(request, reply, known ?? needsToken, done);
    }
    if (token === undefined) return pass(request, reply, badHeader, done);
    const found = access.identify(token, request.ip ?? '');
    if (found instanceof Promise) found.then((one) => pass(request, reply, one, done)).catch(done);
    else pass(request, reply, found, done);
  });

  /** True when it was refused. */
  function refuseKnown(
    request: FastifyRequest,
    reply: FastifyReply,
    { bearer, session, endsMs }: Known,
  ): boolean {
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    // What browsers send by themselves, cookies and passwords, says nothing of who had them send it.
    if (!/^(bearer|token) /i.test(request.headers.authorization ?? '') && isFromElsewhere(request.headers)) {
      refuse(reply, 403, 'this request comes from another site');
      return true;
    }
    if (session) {
      const secret = cookieOf(request.headers.cookie, cookie.name())!;
      if (!isReading && !isCsrfToken(request.headers['x-csrf-token'], secret)) {
        refuse(reply, 403, 'the header X-CSRF-Token must hold the csrf of GET /api/session');
        return true;
      }
      request.session = session;
    }
    request.bearer = bearer;
    request.knownUntilMs = endsMs;
    const needed = request.routeOptions.config.role ?? (isReading ? 'viewer' : 'admin');
    if (needed === 'viewer' || bearer.role === 'admin') return false;
    refuse(reply, 403, `the token "${bearer.name}" may only read; this needs one with the role admin`);
    return true;
  }
}

const needsToken: Refusal = {
  status: 401,
  problem: 'a token is needed: send the header "Authorization: Bearer TOKEN"',
};
const badHeader: Refusal = {
  status: 401,
  problem: 'the Authorization header holds no valid token: it must be "Bearer TOKEN"',
};

/** Answers who could not be let in. RFC 6750, section 3: no error code when no token was sent at all. */
export function refuseUnknown(reply: FastifyReply, refusal: Refusal, hasSentOne: boolean): FastifyReply {
  const { status, problem, retryAfterSeconds } = refusal;
  if (status === 401) {
    reply.header(
      'WWW-Authenticate',
      `Bearer realm="nova-agent"${hasSentOne ? ', error="invalid_token"' : ''}`,
    );
  }
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(retryAfterSeconds));
  return refuse(reply, status, problem);
}

/** The token of a request; `Token` in place of `Bearer` is how InfluxDB's clients send theirs. */
function tokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  const { takesPasswords } = request.routeOptions.config;
  if (header !== undefined) {
    const sent = /^(?:bearer|token) +(\S+) *$/i.exec(header)?.[1];
    if (sent !== undefined || !takesPasswords) return sent;
    const pair = /^basic +([\w+/=-]+) *$/i.exec(header)?.[1];
    return pair === undefined ? undefined : /^[^:]*:(.+)$/s.exec(Buffer.from(pair, 'base64').toString())?.[1];
  }
  const password = takesPasswords ? (request.query as Record<string, unknown>).p : undefined;
  return typeof password === 'string' && password !== '' ? password : undefined;
}

function answerNoRoute(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const url = request.url.split('?', 1)[0]!;
  const allowed = methods.filter((method) => app.hasRoute({ method, url }));
  if (allowed.length === 0) return refuse(reply, 404, `there is nothing at ${url}`);
  reply.header('Allow', allowed.join(', '));
  return refuse(reply, 405, `${url} takes ${allowed.join(' and ')} only`);
}

/**
 * Host names that the server answers to, on any port. Without it, a web page could point its own name at the agent and
 * have the browser take the agent's answers for its own (DNS rebinding). A server that is not bound to loopback
 * cannot know its names: it answers to any, unless `hosts` names them.
 */
function allowedHosts(host: string, hosts: readonly string[], address: string): ReadonlySet<string> | 'any' {
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  if (!isLoopback && hosts.length === 0) return 'any';
  const names = ['localhost', '127.0.0.1', '[::1]', bracketed(host), ...hosts];
  return new Set(names.map((name) => name.toLowerCase()));
}

/** An IP address is nobody's name, so it cannot be pointed elsewhere. Only HTTP/1.0 may leave the header out. */
function isAllowedHost(header: string | undefined, allowed: ReadonlySet<string> | 'any'): boolean {
  if (allowed === 'any' || header === undefined) return true;
  const name = header.replace(/:\d*$/, '').toLowerCase();
  return allowed.has(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

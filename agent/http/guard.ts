import type { AddressInfo } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { addSecurityHeaders, refuse } from './answers.ts';
import { bracketed } from './listen-error.ts';
import type { Bearer, TokenTable } from './tokens.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route answers without a token. */
    open?: boolean;
  }
  interface FastifyRequest {
    /** Whose token it is; undefined on an open route. */
    bearer?: Bearer;
  }
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * What every request passes before its handler, in this order: the Host header (403), a token unless the route is
 * open (401), the right to change things (403), and whether there is such a route at all (404, 405). Who has no
 * token thus learns nothing of what exists.
 */
export function addGuard(app: FastifyInstance, host: string, tokens: TokenTable): void {
  let hosts: ReadonlySet<string> | 'any' | undefined;
  app.addHook('onRequest', async (request, reply) => {
    addSecurityHeaders(reply);
    hosts ??= allowedHosts(host, (app.server.address() as AddressInfo | null)?.address ?? host);
    if (hosts !== 'any' && !hosts.has(hostName(request.headers.host))) {
      return refuse(
        reply,
        403,
        `this server answers to ${[...hosts].join(', ')} only: check the Host header`,
      );
    }
    if (request.routeOptions.config.open) return;
    const bearer = tokens.bearerOf(request.headers.authorization);
    if (!bearer) return askForToken(request, reply);
    request.bearer = bearer;
    if (bearer.role === 'viewer' && request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse(
        reply,
        403,
        `the token "${bearer.name}" may only read; this needs one with the role admin`,
      );
    }
    if (request.is404) return answerNoRoute(app, request, reply);
  });
}

/** RFC 6750, section 3: no error code when no token was sent at all. */
function askForToken(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.headers.authorization === undefined) {
    reply.header('WWW-Authenticate', 'Bearer realm="nova-agent"');
    return refuse(reply, 401, 'a token is needed: send the header "Authorization: Bearer TOKEN"');
  }
  reply.header('WWW-Authenticate', 'Bearer realm="nova-agent", error="invalid_token"');
  return refuse(reply, 401, 'the Authorization header holds no valid token: it must be "Bearer TOKEN"');
}

function answerNoRoute(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const url = request.url.split('?', 1)[0]!;
  const allowed = methods.filter((method) => app.hasRoute({ method, url }));
  if (allowed.length === 0) return refuse(reply, 404, `there is nothing at ${url}`);
  reply.header('Allow', allowed.join(', '));
  return refuse(reply, 405, `${url} takes ${allowed.join(' and ')} only`);
}

/**
 * Host names that a server bound to a loopback address answers to, on any port; any other server cannot know its
 * names. Without it, a web page could point its own name at 127.0.0.1 and have the browser take the agent's answers
 * for its own (DNS rebinding).
 */
function allowedHosts(host: string, address: string): ReadonlySet<string> | 'any' {
  if (address !== '::1' && !/^(::ffff:)?127\./.test(address)) return 'any';
  return new Set(['localhost', '127.0.0.1', '[::1]', bracketed(host).toLowerCase()]);
}

/** Without its port, in small letters. Only HTTP/1.0, which no browser speaks, may leave the header out. */
function hostName(header: string | undefined): string {
  return header === undefined ? 'localhost' : header.replace(/:\d*$/, '').toLowerCase();
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Known } from '../access/access.ts';
import { type Cookie, cookieOf } from '../access/cookie.ts';
import { isFromElsewhere } from '../access/origin.ts';
import { csrfTokenOf } from '../access/sessions.ts';
import { refuse } from '../answers.ts';
import { refuseUnknown } from '../guard.ts';
import { QueryError } from '../query-error.ts';
import { objectOf, orNull, queryOf, text, textOf } from '../schemas.ts';
import { roles } from '../tokens.ts';

const who = objectOf({
  name: text,
  role: { type: 'string', enum: roles },
  csrf: orNull(textOf('For the header X-CSRF-Token; null for who sent a token.')),
});
const tags = ['session'];

const logInSchema = {
  summary: 'Log in with a token or the code of a login address; answers with a cookie',
  tags,
  body: {
    type: 'object',
    properties: {
      token: textOf('A token, as in the Authorization header.', { maxLength: 8000 }),
      code: textOf('The code of a login address; it works once.', { maxLength: 200 }),
    },
    additionalProperties: false,
  },
  response: { 200: who },
};
const whoSchema = { summary: 'Who is asking', tags, querystring: queryOf(), response: { 200: who } };
const logOutSchema = {
  summary: 'Log out',
  tags,
  response: { 200: objectOf({ success: { const: true }, data: { type: 'null' } }) },
};

interface LogIn {
  readonly Body: { readonly token?: string; readonly code?: string };
}

/** `/api/session`: the page's login, of which the browser keeps a cookie that scripts cannot read. */
export function addSessionRoutes(app: FastifyInstance, access: Access, cookie: Cookie): void {
  app.post<LogIn>('/api/session', { schema: logInSchema, config: { open: true } }, async (request, reply) => {
    // Else another page could log its visitor in as somebody of its choice.
    if (isFromElsewhere(request.headers)) return refuse(reply, 403, 'this request comes from another site');
    const outcome = await access.logIn(givenOf(request.body), request.ip);
    if ('status' in outcome) return refuseUnknown(reply, outcome, true);
    const before = knownBefore(request);
    if (before?.session) await access.logOut(before.session);
    reply.header('Set-Cookie', cookie.set(outcome.secret, outcome.forSeconds));
    return { ...outcome.bearer, csrf: csrfTokenOf(outcome.secret) };
  });

  app.get('/api/session', { schema: whoSchema }, async ({ bearer, session, headers }) => {
    const secret = session && cookieOf(headers.cookie, cookie.name());
    return { name: bearer!.name, role: bearer!.role, csrf: secret ? csrfTokenOf(secret) : null };
  });

  const own = { schema: logOutSchema, config: { role: 'viewer' as const } };
  app.delete('/api/session', own, async ({ session }, reply): Promise<FastifyReply | object> => {
    if (!session) return refuse(reply, 400, 'there is no session to end: a token was sent');
    await access.logOut(session);
    reply.header('Set-Cookie', cookie.clear());
    return { success: true, data: null };
  });

  function knownBefore(request: FastifyRequest): Known | undefined {
    const secret = cookieOf(request.headers.cookie, cookie.name());
    return secret === undefined ? undefined : access.sessionOf(secret);
  }
}

function givenOf({ token, code }: LogIn['Body']): { token: string } | { code: string } {
  if (token !== undefined && code === undefined) return { token };
  if (code !== undefined && token === undefined) return { code };
  throw new QueryError('the body: expected either token or code');
}

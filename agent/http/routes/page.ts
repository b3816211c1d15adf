import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { PageFile } from '../page-files.ts';

/** Scripts, styles and data come from here alone, nothing is run or styled inline, and nobody frames the page. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders = {
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};

const notBuilt = 'The dashboard was not built: run "npm run build", then start the agent again.\n';

/**
 * The page at `/` and `/login`, and each of its files under its own name; all without a token, as they hold no data.
 * Names with a hash in them stand for one content for ever.
 */
export function addPageRoutes(app: FastifyInstance, files: readonly PageFile[]): void {
  const index = files.find(({ name }) => name === 'index.html');
  const schema = { hide: true };
  const config = { open: true };
  const answerPage = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(pageHeaders);
    if (index) return answerFile(request, reply, index);
    return reply.code(503).type('text/plain; charset=utf-8').send(notBuilt);
  };
  app.get('/', { schema, config }, answerPage);
  app.get('/login', { schema, config }, answerPage);
  for (const file of files) {
    if (file === index) continue;
    app.get(`/${file.name}`, { schema, config }, async (request, reply) => {
      reply.headers(pageHeaders);
      if (isHashed(file.name)) reply.header('Cache-Control', 'public, max-age=31536000, immutable');
      return answerFile(request, reply, file);
    });
  }
}

async function answerFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: PageFile,
): Promise<FastifyReply> {
  const { encoding, bytes } = await file.read(request.headers['accept-encoding']);
  if (encoding) reply.header('Content-Encoding', encoding);
  return reply.header('Vary', 'Accept-Encoding').type(file.type).send(bytes);
}

function isHashed(name: string): boolean {
  return /-[0-9A-Za-z_]{8,}\.\w+$/.test(name);
}

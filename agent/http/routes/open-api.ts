import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { answerJson } from '../answers.ts';
import type { OpenApi } from '../open-api.ts';
import { packageFolder } from '../package-folder.ts';
import { queryOf } from '../schemas.ts';

const schema = {
  summary: 'This document',
  tags: ['health'],
  querystring: queryOf(),
  response: { 200: { type: 'object' } },
};

/** `/api/openapi.json`: every route with its parameters and answers. */
export function addOpenApiRoute(app: FastifyInstance, openApi: OpenApi, cookieName: () => string): void {
  app.get('/api/openapi.json', { schema }, async (_, reply) => {
    const { version } = JSON.parse(await readFile(join(packageFolder(), 'package.json'), 'utf8')) as {
      version: string;
    };
    return answerJson(reply, openApi.text({ version, cookieName: cookieName() }));
  });
}

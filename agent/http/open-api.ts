import type { FastifySchema, RouteOptions } from 'fastify';
import type { Schema } from './schema-check.ts';

/** A route that this server answers, as it was declared. */
interface Route {
  readonly method: string;
  readonly path: string;
  readonly schema: FastifySchema;
  readonly isOpen: boolean;
}

/** Places of a request that OpenAPI calls parameters, and what Fastify calls them. */
const places = [
  ['path', 'params'],
  ['query', 'querystring'],
  ['header', 'headers'],
] as const;

const errorSchema: Schema = {
  type: 'object',
  properties: { success: { const: false }, message: { type: 'string' } },
  required: ['success', 'message'],
};

/** What every route may answer besides its own answers. */
const errors: Readonly<Record<string, string>> = {
  400: 'The request cannot be used; the message names the place, what is allowed and what was likely meant.',
  401: 'No valid token or session.',
  403: 'Not for this role, from another site, without its CSRF token, or to a host name that is not ours.',
  404: 'There is nothing of this name.',
  429: 'Too many wrong tokens; the header Retry-After says when to try again.',
  500: 'The agent could not answer; its log says why.',
  503: 'Not now: it takes too long, or a part of the agent is not ready.',
};
const errorsOfOpen = ['500', '503'];

/** Collects every route from Fastify's `onRoute`, and writes them as an OpenAPI document. */
export class OpenApi {
  readonly #routes: Route[] = [];

  /** To be given each route; those that Fastify adds for HEAD say nothing new. */
  note({ method, url, schema, config }: RouteOptions & { readonly path?: string }): void {
    if (schema?.hide) return;
    for (const one of [method].flat()) {
      if (one === 'HEAD') continue;
      this.#routes.push({ method: one, path: url, schema: schema ?? {}, isOpen: config?.open === true });
    }
  }

  /** JSON of the document: OpenAPI 3.1.1. */
  text({ version, cookieName }: { readonly version: string; readonly cookieName: string }): string {
    const paths: Record<string, Record<string, object>> = {};
    for (const route of this.#routes) {
      const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
      paths[path] ??= {};
      paths[path][route.method.toLowerCase()] = operationOf(route, path);
    }
    const document = {
      openapi: '3.1.1',
      info: {
        title: 'nova-agent',
        version,
        description: 'What the agent knows of the services that it watches. Durations are in milliseconds.',
      },
      servers: [{ url: '/' }],
      paths,
      components: {
        schemas: { Error: errorSchema },
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'A token, or a JSON Web Token of the service.',
          },
          session: { type: 'apiKey', in: 'cookie', name: cookieName },
          csrf: { type: 'apiKey', in: 'header', name: 'X-CSRF-Token' },
        },
      },
    };
    return JSON.stringify(document, withoutOwn);
  }
}

/** For JSON.stringify: leaves our own keywords out. */
function withoutOwn(key: string, value: unknown): unknown {
  return key === 'x-duration' || key === 'x-expected' ? undefined : value;
}

function operationOf({ method, schema, isOpen }: Route, path: string) {
  const { summary, description, tags, body } = schema;
  const parameters = places.flatMap(([place, part]) =>
    parametersOf(place, schema[part] as Schema | undefined),
  );
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary,
    description,
    tags,
    security: securityOf(method, isOpen),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: bodyOf(body as Schema) }),
    responses: responsesOf(schema, isOpen, { hasParts: parameters.length > 0 || body !== undefined, path }),
  };
}

function securityOf(method: string, isOpen: boolean): object[] {
  if (isOpen) return [];
  return [{ token: [] }, method === 'GET' ? { session: [] } : { session: [], csrf: [] }];
}

function parametersOf(place: string, schema: Schema | undefined): object[] {
  const properties = (schema?.properties ?? {}) as Readonly<Record<string, Schema>>;
  const required = (schema?.required ?? []) as readonly string[];
  return Object.entries(properties).map(([name, { description, ...one }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    description,
    schema: one,
  }));
}

function bodyOf(schema: Schema): object {
  const required = ((schema.required ?? []) as readonly string[]).length > 0;
  return { required, content: contentOf(schema) };
}

function responsesOf(
  { response = {} }: FastifySchema,
  isOpen: boolean,
  { hasParts, path }: { readonly hasParts: boolean; readonly path: string },
): Record<string, object> {
  const possible = Object.keys(errors).filter((status) => {
    if (isOpen) return errorsOfOpen.includes(status) || (status === '400' && hasParts);
    return status === '404' ? path.includes('{') : status !== '400' || hasParts;
  });
  const error = { $ref: '#/components/schemas/Error' };
  const answers: Record<string, object> = Object.fromEntries(
    possible.map((status) => [status, { description: errors[status], content: contentOf(error) }]),
  );
  for (const [status, given] of Object.entries(response as Readonly<Record<string, Schema>>)) {
    const { description = errors[status] ?? 'Done.' } = given;
    const isEmpty = given.type === 'null';
    answers[status] = { description, ...(!isEmpty && { content: contentOf(given) }) };
  }
  return answers;
}

/** Fastify takes a schema, or schemas by media type. */
function contentOf(given: Schema): object {
  return given.content ?? { 'application/json': { schema: given } };
}

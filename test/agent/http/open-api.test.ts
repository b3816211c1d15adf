import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { HttpViews } from '../../../agent/http/views.ts';
import type { ErrorGroup } from '../../../workers/contract/events.ts';
import { now, startHttp } from './running-server.ts';
import '../../support/watchdog.ts';

interface Media {
  readonly schema: object;
}

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security: readonly object[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: object;
  }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function documented(t: TestContext, views: Partial<HttpViews> = {}) {
  const server = await startHttp(t, { views });
  const answer = await server.askAsAdmin('/api/openapi.json');
  assert.equal(answer.status, 200, answer.text);
  const document = answer.json as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return { ...server, document, operations };
}

test('the document needs a token', async (t) => {
  const { ask } = await startHttp(t);
  assert.equal((await ask('/api/openapi.json')).status, 401);
});

test('every route says what it is, what it takes and what it answers', async (t) => {
  const { document, operations } = await documented(t);
  assert.match(document.openapi, /^3\.1\./);
  const lacking = operations.flatMap(({ path, method, operation }) => {
    const { summary, tags, parameters = [], responses } = operation;
    const places = (path.match(/\{\w+\}/g) ?? []).map((name) => name.slice(1, -1));
    const told = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
    return [
      !summary && 'a summary',
      (tags ?? []).length === 0 && 'tags',
      !Object.keys(responses).some((status) => status.startsWith('2')) && 'a schema of its answer',
      places.sort().join() !== told.sort().join() && 'a schema of its path (params)',
      ...parameters.map(
        ({ name, description }) => !description && name !== 'id' && `a description of ${name}`,
      ),
    ]
      .filter((what) => typeof what === 'string')
      .map((what) => `${method} ${path} lacks ${what}`);
  });
  assert.deepEqual(lacking, []);
});

test('operations have names of their own', async (t) => {
  const { operations } = await documented(t);
  const names = operations.map(({ operation }) => operation.operationId);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) !== i || !/^[a-z]\w+$/.test(name)),
    [],
  );
});

test('only what holds no data is open', async (t) => {
  const { operations } = await documented(t);
  const open = operations.filter(({ operation }) => operation.security.length === 0);
  assert.deepEqual(open.map(({ path, method }) => `${method} ${path}`).sort(), [
    'get /health',
    'get /ready',
    'post /api/session',
  ]);
});

const numbers = { count: 3, errors: 1, slow: 1, avgMs: 2, p50Ms: 1.5, p95Ms: null, p99Ms: 5, maxMs: 6 };
const top = [{ name: '/a', count: 3, over: 0 }];

/** Where something is known. */
const fullViews: Partial<HttpViews> = {
  requests: () => [
    {
      sequence: 1,
      request: {
        timestamp: '2026-03-01T12:00:00.000Z',
        endpoint: '/a',
        method: 'GET',
        statusCode: 500,
        responseTime: 1.5,
        userId: 'u',
        error: 'E',
        process: 'crm',
      },
    },
  ],
  errorGroup: async (fingerprint) => errorGroup(fingerprint),
  errorGroups: async () => [errorGroup('0123456789abcdef')],
  seriesStats: async ({ by }) => ({
    spanMs: 60_000,
    series: [{ tags: Object.fromEntries(by.map((name) => [name, 'x'])), ...numbers }],
  }),
  users: () => ({
    timeMs: now,
    processes: [
      { process: 'crm', active5m: 1, active1h: 2, active24h: 3, sessions: 1, topUsers: top, topRoutes: top },
    ],
  }),
};

function errorGroup(fingerprint: string): ErrorGroup {
  return {
    fingerprint,
    process: 'crm',
    type: 'TypeError',
    message: 'x',
    firstSeenMs: now,
    lastSeenMs: now,
    returnedMs: now,
    count: 1,
    routes: [{ route: 'GET /a', count: 1 }],
    users: 1,
    samples: [{ timeMs: now, message: 'x', stack: '', route: '', user: '' }],
  };
}

/** One of each thing that a path can name, and of each parameter that must be given. */
const examples: Readonly<Record<string, string>> = { query: 'up', 'match[]': 'up', measurement: 'http' };

for (const [when, views] of [
  ['nothing is known', {}],
  ['something is', fullViews],
] as const) {
  test(`what each GET answers is what the document says, where ${when}`, (t) => compareAnswers(t, views));
}

async function compareAnswers(t: TestContext, views: Partial<HttpViews>): Promise<void> {
  const { askAsAdmin, document, operations } = await documented(t, views);
  const ajv = new Ajv2020({ strict: false, formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/ } });
  ajv.addSchema({ $id: 'doc', ...document });
  for (const { path, method, operation } of operations) {
    // A stream has no end.
    if (method !== 'get' || path.endsWith('/stream')) continue;
    const needed = (operation.parameters ?? []).filter((one) => one.in === 'query' && one.required);
    const query = new URLSearchParams(
      needed.map(({ name }): [string, string] => [name, examples[name] ?? '0']),
    );
    const answer = await askAsAdmin(`${path.replaceAll(/\{\w+\}/g, '0123456789abcdef')}?${query}`);
    const said = operation.responses[String(answer.status)];
    assert.ok(said, `${path} answered ${answer.status}, which is not documented: ${answer.text}`);
    if (answer.text === '') continue;
    const type = answer.headers['content-type']!.split(';')[0]!;
    assert.ok(said.content?.[type], `${path} answered ${type}, which is not documented`);
    if (answer.json === undefined) continue;
    const place = `doc#/paths/${encoded(path)}/get/responses/${answer.status}/content/${encoded(type)}/schema`;
    const check = ajv.compile({ $ref: place });
    assert.ok(check(answer.json), `${path}: ${ajv.errorsText(check.errors)}: ${answer.text}`);
  }
}

/** As a JSON pointer in a URL writes it. */
function encoded(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
}

test('every answer with an error status is as documented', async (t) => {
  const { ask, askAsAdmin, document } = await documented(t);
  const check = new Ajv2020({ strict: false }).compile(document.components.schemas.Error!);
  for (const answer of [
    await ask('/api/monitoring/snapshot'),
    await askAsAdmin('/api/monitoring/nothing'),
    await askAsAdmin('/api/monitoring/errors/none'),
    await askAsAdmin('/api/monitoring/errors?limit=0'),
    await askAsAdmin('/api/monitoring/snapshot', { method: 'POST' }),
    await askAsAdmin('/api/%zz'),
    await ask('/health', { headers: { host: 'evil.example' } }),
  ]) {
    assert.ok(answer.status >= 400);
    assert.ok(check(answer.json), answer.text);
  }
});

test('our own keywords of schemas are left out', async (t) => {
  const { document } = await documented(t);
  assert.doesNotMatch(JSON.stringify(document), /"x-/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NumberedRequest } from '../../../agent/http/views.ts';
import type { ErrorGroup, SeriesStats, SeriesStatsTask } from '../../../workers/contract/events.ts';
import { now, startHttp } from './running-server.ts';

const paths = [
  'api-metrics',
  'errors',
  'errors/0123456789abcdef',
  'routes',
  'queries',
  'users',
  'jobs',
  'sockets',
];

for (const path of paths) {
  test(`/api/monitoring/${path} needs a token`, async (t) => {
    const { ask } = await startHttp(t);
    assert.equal((await ask(`/api/monitoring/${path}`)).status, 401);
  });
}

function numbered(sequence: number): NumberedRequest {
  const request = {
    timestamp: '2026-03-01T12:00:00.000Z',
    endpoint: '/api/contacts/:id',
    method: 'GET',
    statusCode: 200,
    responseTime: 12.5,
    process: 'crm',
  };
  return { sequence, request };
}

test('the newest requests come as a bare list with a cursor beside it', async (t) => {
  const asked: unknown[] = [];
  const requests = (limit: number, before: number | undefined) => {
    asked.push([limit, before]);
    return [numbered(9), numbered(8)].slice(0, limit);
  };
  const { askAsAdmin } = await startHttp(t, { views: { requests } });
  const page = await askAsAdmin('/api/monitoring/api-metrics?limit=2');
  assert.deepEqual(page.json, {
    success: true,
    data: [numbered(9).request, numbered(8).request],
    next: '8',
  });
  const last = await askAsAdmin('/api/monitoring/api-metrics?before=8');
  assert.deepEqual(Object.keys(last.json as object), ['success', 'data']);
  assert.deepEqual(asked, [
    [2, undefined],
    [100, 8],
  ]);
});

const group: ErrorGroup = {
  fingerprint: '0123456789abcdef',
  process: 'crm',
  type: 'TypeError',
  message: 'x is not a function',
  firstSeenMs: now - 60_000,
  lastSeenMs: now - 1000,
  returnedMs: null,
  count: 3,
  routes: [{ route: 'GET /api/contacts/:id', count: 3 }],
  users: 2,
  samples: [
    {
      timeMs: now - 1000,
      message: 'x is not a function',
      stack: 'at f (/app/a.js:1:2)',
      route: 'GET /api/contacts/:id',
      user: 'abc',
    },
  ],
};

test('groups of errors show their newest occurrence and whether they are new', async (t) => {
  const { askAsAdmin } = await startHttp(t, { views: { errorGroups: async () => [group] } });
  const { json } = await askAsAdmin('/api/monitoring/errors?limit=1');
  const { data, next } = json as { data: Record<string, unknown>[]; next: string };
  assert.equal(next, `${now - 1000}-0123456789abcdef-crm`);
  assert.deepEqual(data[0], {
    fingerprint: '0123456789abcdef',
    process: 'crm',
    type: 'TypeError',
    message: 'x is not a function',
    count: 3,
    firstSeen: '2026-03-01T11:59:00.500Z',
    lastSeen: '2026-03-01T11:59:59.500Z',
    isNew: true,
    isReturned: false,
    returned: null,
    stack: 'at f (/app/a.js:1:2)',
    route: 'GET /api/contacts/:id',
    user: 'abc',
    routes: [{ route: 'GET /api/contacts/:id', count: 3 }],
    users: 2,
  });
});

test('the cursor of the errors asks for the groups behind it', async (t) => {
  let asked: unknown;
  const errorGroups = async (page: unknown) => {
    asked = page;
    return [];
  };
  const { askAsAdmin } = await startHttp(t, { views: { errorGroups } });
  await askAsAdmin('/api/monitoring/errors?before=1772366399500-0123456789abcdef-web-1&process=crm');
  const before = { lastSeenMs: 1772366399500, fingerprint: '0123456789abcdef', process: 'web-1' };
  assert.deepEqual(asked, { limit: 50, process: 'crm', before });
});

test('one group of errors comes with its samples, one that is not there with 404', async (t) => {
  const errorGroup = async (fingerprint: string) => (fingerprint === group.fingerprint ? group : undefined);
  const { askAsAdmin } = await startHttp(t, { views: { errorGroup } });
  const { json } = await askAsAdmin(`/api/monitoring/errors/${group.fingerprint}`);
  const { data } = json as { data: { samples: unknown[] } };
  const [sample] = group.samples;
  assert.deepEqual(data.samples, [
    {
      timestamp: '2026-03-01T11:59:59.500Z',
      message: sample!.message,
      stack: sample!.stack,
      route: sample!.route,
      user: sample!.user,
    },
  ]);
  assert.equal((await askAsAdmin('/api/monitoring/errors/ffffffffffffffff')).status, 404);
});

function stats(tags: Record<string, string>, count: number, errors = 0): SeriesStats {
  return { tags, count, errors, slow: 1, avgMs: 2, p50Ms: 1.5, p95Ms: 4, p99Ms: 5, maxMs: 6 };
}

test('routes come with their statuses, the busiest first', async (t) => {
  const seriesStats = async ({ by }: SeriesStatsTask) => {
    const route = (name: string) => ({ process: 'crm', route: name, method: 'GET' });
    const series = by.includes('status')
      ? [
          stats({ ...route('/b'), status: '2xx' }, 7),
          stats({ ...route('/b'), status: '5xx' }, 1),
          stats({ ...route('/a'), status: '2xx' }, 4),
        ]
      : [stats(route('/a'), 4), stats(route('/b'), 8, 1)];
    return { spanMs: 120_000, series };
  };
  const { askAsAdmin } = await startHttp(t, { views: { seriesStats } });
  const { json } = await askAsAdmin('/api/monitoring/routes?window=2m');
  const { data, windowSeconds } = json as { data: Record<string, unknown>[]; windowSeconds: number };
  assert.equal(windowSeconds, 120);
  assert.deepEqual(data[0], {
    process: 'crm',
    endpoint: '/b',
    method: 'GET',
    requests: 8,
    requestsPerMinute: 4,
    errors: 1,
    errorRate: 12.5,
    avg: 2,
    p50: 1.5,
    p95: 4,
    p99: 5,
    max: 6,
    statuses: { '2xx': 7, '5xx': 1 },
  });
  assert.deepEqual(
    data.map(({ endpoint }) => endpoint),
    ['/b', '/a'],
  );
});

test('queries tell how many were slow, and a raw one has no model', async (t) => {
  let asked: SeriesStatsTask | undefined;
  const seriesStats = async (task: SeriesStatsTask) => {
    asked = task;
    return { spanMs: 60_000, series: [stats({ process: 'crm', operation: 'select' }, 5)] };
  };
  const { askAsAdmin } = await startHttp(t, { views: { seriesStats } });
  const { json } = await askAsAdmin('/api/monitoring/queries?window=24h');
  assert.deepEqual(asked, {
    measurement: 'db',
    by: ['process', 'model', 'operation'],
    startMs: now - 86_400_000,
    endMs: now,
  });
  const [row] = (json as { data: Record<string, unknown>[] }).data;
  assert.equal(row?.model, null);
  assert.equal(row?.operation, 'select');
  assert.equal(row?.slow, 1);
});

test('statistics come page by page, each row once', async (t) => {
  const rows = Array.from({ length: 5 }, (_, i) => stats({ process: 'crm', operation: `o${i}` }, 9 - i));
  const seriesStats = async () => ({ spanMs: 60_000, series: rows });
  const { askAsAdmin } = await startHttp(t, { views: { seriesStats } });
  const found: unknown[] = [];
  const pages: (string | undefined)[] = [];
  let next: string | undefined = '0';
  while (next !== undefined) {
    const { json } = await askAsAdmin(`/api/monitoring/queries?limit=2&before=${next}`);
    const page = json as { data: Record<string, unknown>[]; next?: string };
    found.push(...page.data.map(({ operation }) => operation));
    next = page.next;
    pages.push(next);
  }
  assert.deepEqual(pages, ['2', '4', undefined]);
  assert.deepEqual(found, ['o0', 'o1', 'o2', 'o3', 'o4']);
  assert.equal((await askAsAdmin('/api/monitoring/queries?before=x')).status, 400);
});

test('users are listed by service, cut to the limit', async (t) => {
  const entry = (name: string) => ({ name, count: 3, over: 0 });
  const users = () => ({
    timeMs: now,
    processes: [
      {
        process: 'crm',
        active5m: 2,
        active1h: 3,
        active24h: 4,
        sessions: 2,
        topUsers: [entry('a'), entry('b')],
        topRoutes: [entry('GET /a')],
      },
    ],
  });
  const { askAsAdmin } = await startHttp(t, { views: { users } });
  const { json } = await askAsAdmin('/api/monitoring/users?limit=1');
  const [row] = (json as { data: Record<string, unknown>[] }).data;
  assert.equal(row?.active24h, 4);
  assert.deepEqual(row?.topUsers, [entry('a')]);
});

const refused: readonly [path: string, message: RegExp][] = [
  ['api-metrics?limit=0', /^limit: expected a whole number from 1 to 1000, got "0"$/],
  ['api-metrics?limit=1e3', /^limit: expected a whole number/],
  ['api-metrics?limits=3', /^unknown parameter "limits"; did you mean "limit"\?/],
  ['api-metrics?limit=1&limit=2', /^limit: expected once/],
  ['api-metrics?before=x', /^before: expected the `next` of an earlier answer$/],
  ['errors?before=12', /^before: expected the `next`/],
  ['routes?window=3', /^window: expected a duration from 10s to 2y such as 5m or 24h, got "3"$/],
  ['queries?window=1s', /^window: expected a duration/],
  ['users?process=a', /^unknown parameter "process" \(allowed: limit\)$/],
  ['snapshot?x=1', /^unknown parameter "x" \(allowed: none\)$/],
  ['errors/0123456789abcdef?process=a', /^unknown parameter "process" \(allowed: none\)$/],
];

for (const [path, message] of refused) {
  test(`${path} is answered 400 with what is allowed`, async (t) => {
    const { askAsAdmin } = await startHttp(t);
    const { status, json } = await askAsAdmin(`/api/monitoring/${path}`);
    assert.equal(status, 400);
    assert.match((json as { message: string }).message, message);
  });
}

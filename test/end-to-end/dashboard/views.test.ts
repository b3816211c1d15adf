import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { formatCount, formatValue } from '../../../agent/http/dashboard/format.ts';
import type { LedgerReport } from '../../../agent/ledger-shape.ts';
import type { Snapshot } from '../../../agent/snapshot-shape.ts';
import { rowsOf, statOf, tabTo } from '../../support/browser.ts';
import { untilTrue } from '../../support/servers.ts';
import '../../support/watchdog.ts';
import { adminToken, DashboardStage, viewNames } from './stage.ts';

/** Numbers: what the CRM was asked, what the API says of it, what the page shows. */
let stage: DashboardStage;
let page: Page;

interface RouteRow {
  readonly endpoint: string;
  readonly method: string;
  readonly requests: number;
  readonly errors: number;
  readonly errorRate: number;
  readonly avg: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}
interface QueryRow extends Omit<RouteRow, 'endpoint' | 'method' | 'requests'> {
  readonly model: string | null;
  readonly operation: string;
  readonly queries: number;
  readonly slow: number;
}
interface ErrorRow {
  readonly type: string;
  readonly message: string;
  readonly countInRange: number;
  readonly users: number;
}
interface UsersRow {
  readonly active5m: number;
  readonly active1h: number;
  readonly active24h: number;
  readonly sessions: number;
  readonly topRoutes: readonly { readonly name: string; readonly count: number }[];
}
interface RuleGroup {
  readonly rules: readonly { readonly name: string; readonly state: string; readonly alertCount: number }[];
}

const rules = `
groups:
  - name: test
    rules:
      - alert: exports-fail
        expr: queue_failed > 5
        labels: { severity: warning }
        annotations: { summary: "{{ $value }} jobs of {{ $labels.queue }} failed" }
      - alert: all-is-lost
        expr: queue_failed > 1e6
`;

before(async () => {
  stage = await DashboardStage.start({ rules });
  for (const user of [1, 2, 3]) await stage.visit('/api/contacts/1', 200, { times: 4, user });
  await stage.visit('/api/contacts/90001', 404, { times: 3 });
  await stage.visit('/api/demo/faults/missing-owner/1', 500, { times: 4 });
  await stage.visit('/api/demo/faults/refused-payment/7', 500, { times: 2 });
  await stage.visit('/api/search?q=an', 200, { times: 5, user: 3 });
  await stage.visit('/api/demo/job-burst?count=20', 200, { method: 'POST' });
  page = await stage.browser.open('/', { token: adminToken });
});

after(() => stage?.end());

test('the API counts what was sent', async () => {
  const { queries } = await stage.tally();
  await untilTrue(async () => {
    const routes = await stage.get<RouteRow[]>('routes?window=1h');
    const counts = Object.fromEntries(
      routes.map(({ method, endpoint, requests, errors }) => [`${method} ${endpoint}`, [requests, errors]]),
    );
    assert.deepEqual(counts, {
      'GET /api/contacts/:id': [15, 3],
      'GET /api/demo/faults/:kind/:id': [6, 6],
      'GET /api/search': [5, 0],
      'POST /api/demo/job-burst': [1, 0],
      'GET /api/demo/stats': [1, 0],
    });
  });
  const rows = await stage.get<QueryRow[]>('queries?window=1h');
  const counted = rows.map(({ model, operation, queries }) => [
    model ? `${model}.${operation}` : operation,
    queries,
  ]);
  assert.deepEqual(Object.fromEntries(counted), queries);
});

test('every view opens by keyboard, and shows numbers', async () => {
  for (const name of viewNames) {
    await tabTo(page, 'link', new RegExp(`^${name}`), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name }).waitFor();
    const [key] = name.toLowerCase().split(' ');
    assert.match(page.url(), new RegExp(`#/${key}\\b`));
    await page
      .locator('.main .stat-value, .main td.is-number, .main .tab-count')
      .filter({ hasText: /\d/ })
      .first()
      .waitFor();
  }
  stage.browser.check();
});

test('the overview shows the numbers of the snapshot', async () => {
  await page.goto('/#/overview?range=15m');
  await untilTrue(async () => {
    const { api, queues, socket, system } = await stage.get<Snapshot>('snapshot');
    const [users] = await stage.get<UsersRow[]>('users');
    const waiting = queues!.reduce((sum, queue) => sum + queue.waiting!, 0);
    assert.equal(await statOf(page, 'Requests'), formatValue(api!.requestsPerMinute, 'perMinute'));
    assert.equal(await statOf(page, 'Failed requests'), formatValue(api!.errorRate, 'percent'));
    assert.equal(await statOf(page, 'Jobs waiting'), formatValue(waiting, 'count'));
    assert.equal(await statOf(page, 'Connections'), formatValue(socket!.activeConnections, 'count'));
    assert.equal(await statOf(page, 'Active users'), formatValue(users!.active5m, 'count'));
    const cores = page.locator('.stat-note', { hasText: 'cores' });
    assert.equal(await cores.textContent(), `of ${system!.cpu.cores} cores`);
  });
  stage.browser.check();
});

test('the routes of the page are those of the API', async () => {
  await page.goto('/#/routes?range=1h');
  await untilTrue(async () => {
    const routes = await stage.get<RouteRow[]>('routes?window=3600s');
    const shown = await rowsOf(page, /Routes/);
    assert.deepEqual(
      shown.map((row) => picked(row, ['Route', 'Requests', 'Errors', ...durations])),
      routes.map((row) => ({
        Route: `${row.method} ${row.endpoint}`,
        Requests: formatCount(row.requests),
        Errors: formatValue(row.errorRate, 'percent'),
        ...shownDurations(row),
      })),
    );
  });
  stage.browser.check();
});

test('the queries of the page are those of the API', async () => {
  await page.goto('/#/queries?range=1h');
  await untilTrue(async () => {
    const queries = await stage.get<QueryRow[]>('queries?window=3600s');
    const shown = await rowsOf(page, /Queries/);
    assert.deepEqual(
      shown.map((row) => picked(row, ['Query', 'Queries', 'Slow', ...durations])).sort(byName),
      queries
        .map((row) => ({
          Query: `${row.model ?? 'raw'}.${row.operation}`,
          Queries: formatCount(row.queries),
          Slow: formatCount(row.slow),
          ...shownDurations(row),
        }))
        .sort(byName),
    );
  });
  stage.browser.check();
});

test('the queues of the page are those of the snapshot', async () => {
  await page.goto('/#/queues?range=1h');
  await untilTrue(async () => {
    const { queues } = await stage.get<Snapshot>('snapshot');
    const shown = await rowsOf(page, /Queues/);
    assert.deepEqual(
      shown.map((row) => picked(row, ['Queue', 'Waiting', 'Active', 'Delayed'])).sort(byName),
      queues!
        .map(({ queueName, waiting, active, delayed }) => ({
          Queue: queueName,
          Waiting: formatCount(waiting),
          Active: formatCount(active),
          Delayed: formatCount(delayed),
        }))
        .sort(byName),
    );
  });
  stage.browser.check();
});

test('the errors of the page are those of the API, and those that were raised', async () => {
  await page.goto('/#/errors?range=1h');
  await untilTrue(async () => {
    const errors = await stage.get<ErrorRow[]>('errors?limit=100&since=1h');
    const shown = await rowsOf(page, 'Groups of errors');
    const counts = Object.fromEntries(errors.map(({ type, countInRange }) => [type, countInRange]));
    assert.deepEqual(counts, { TypeError: 4, PaymentRefused: 2, Error: 10 });
    assert.equal(shown.length, errors.length);
    for (const { type, countInRange, users } of errors) {
      const row = shown.find(({ Error: text }) => text!.includes(type === 'Error' ? '503' : type))!;
      assert.equal(row.Count, formatCount(countInRange));
      assert.equal(row.Users, users === 0 ? '–' : formatCount(users));
    }
  });
  stage.browser.check();
});

test('the users of the page are those of the API, and those who came', async () => {
  await page.goto('/#/users?range=1h');
  await untilTrue(async () => {
    const [users] = await stage.get<UsersRow[]>('users?limit=100');
    assert.equal(users!.active5m, 3);
    assert.equal(await statOf(page, 'Last 5 minutes'), '3');
    assert.equal(await statOf(page, 'Last hour'), formatValue(users!.active1h, 'count'));
    assert.equal(await statOf(page, 'Last 24 hours'), formatValue(users!.active24h, 'count'));
    assert.equal(await statOf(page, 'Sessions'), formatValue(users!.sessions, 'count'));
    const shown = await rowsOf(page, /Routes they use/);
    assert.deepEqual(
      shown.map(({ Route, 'Requests and events': count }) => [Route, count]),
      users!.topRoutes.map(({ name, count }) => [name, formatCount(count)]),
    );
  });
  stage.browser.check();
});

test('the rules of the page are those of the API, and the alert is theirs', async () => {
  await page.goto('/#/rules?range=1h');
  await untilTrue(async () => {
    const groups = await stage.get<RuleGroup[]>('rules');
    const shown = await rowsOf(page, 'Rules');
    assert.deepEqual(
      shown.map(({ Rule, State, Alerts }) => [Rule, State, Alerts]).sort(),
      groups
        .flatMap((group) => group.rules.map((rule) => [rule.name, rule.state, `${rule.alertCount}`]))
        .sort(),
    );
    assert.equal(await statOf(page, 'Firing'), '1');
  });
  await page.goto('/#/alerts?range=1h');
  await page.getByRole('link', { name: '10 jobs of campaigns failed' }).waitFor();
  stage.browser.check();
});

test('the agent tells its own cost and its ledger as the API does', async () => {
  // Numbers of every tick are only the same in the same answer.
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/api/monitoring/ledger')),
    page.goto('/#/agent?range=1h'),
  ]);
  const { data } = (await answer.json()) as { data: LedgerReport };
  await page.getByText(`${formatCount(data.collected)} points taken`).waitFor();
  assert.equal(await statOf(page, 'Memory'), formatValue(data.cost.rssBytes, 'bytes'));
  assert.equal(await statOf(page, 'Ticks missed'), formatValue(data.cost.ticksMissedTotal, 'count'));
  const { parts } = await stage.agent.ready();
  const shown = await rowsOf(page, 'Parts of the agent');
  assert.deepEqual(
    shown.map(({ Part, State }) => [Part, State]).sort(),
    parts.map(({ part, ok }) => [part, ok ? 'well' : 'not well']).sort(),
  );
  stage.browser.check();
});

const durations = ['avg', 'p50', 'p95', 'p99', 'max'] as const;

function shownDurations(row: Readonly<Record<(typeof durations)[number], number>>): Record<string, string> {
  return Object.fromEntries(durations.map((name) => [name, formatValue(row[name], 'ms')]));
}

function picked(row: Record<string, string>, titles: readonly string[]): Record<string, string> {
  return Object.fromEntries(titles.map((title) => [title, row[title]!]));
}

function byName(a: Record<string, string>, b: Record<string, string>): number {
  return Object.values(a)[0]!.localeCompare(Object.values(b)[0]!);
}

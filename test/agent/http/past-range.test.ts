import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NumberedRequest } from '../../../agent/http/views.ts';
import type { ErrorGroup } from '../../../workers/contract/events.ts';
import type { ErrorGroupsTask } from '../../../workers/contract/tasks.ts';
import { now, startHttp } from './running-server.ts';

const since = '2026-02-24T08:00:00Z';
const until = '2026-02-24T09:00:00Z';
const range = { startMs: Date.parse(since), endMs: Date.parse(until) };

test('statistics of a past hour are read from the store', async (t) => {
  const asked: unknown[] = [];
  const seriesStats = async (task: object) => {
    asked.push(task);
    return { spanMs: 3_600_000, series: [] };
  };
  const { askAsAdmin } = await startHttp(t, { views: { seriesStats } });
  const answer = await askAsAdmin(`/api/monitoring/queries?since=${since}&until=${until}`);
  assert.equal(answer.status, 200);
  assert.deepEqual(asked, [
    { measurement: 'db', by: ['process', 'model', 'operation'], ...range, isPast: true },
  ]);
});

test('a range that ends before it begins, or is no range, is refused with what is allowed', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  for (const [query, message] of [
    [`since=${until}&until=${since}`, /since: expected a time before until/],
    ['since=2020-01-01T00:00:00Z', /since: expected at most two years before until/],
    ['since=yesterday', /since: expected an ISO 8601 time/],
    [`until=2026-02-30T99:00:00Z`, /until: there is no such time/],
    [`window=5m&until=${until}`, /window: expected it without since and until/],
  ] as const) {
    const answer = await askAsAdmin(`/api/monitoring/routes?${query}`);
    assert.equal(answer.status, 400, query);
    assert.match((answer.json as { message: string }).message, message);
  }
});

const group: ErrorGroup = {
  fingerprint: '0123456789abcdef',
  process: 'crm',
  type: 'Error',
  message: 'no',
  firstSeenMs: range.startMs,
  lastSeenMs: range.endMs,
  returnedMs: null,
  count: 9,
  routes: [],
  users: 0,
  samples: [],
};

test('error groups of a range come with how often they came in it', async (t) => {
  const asked: ErrorGroupsTask[] = [];
  const { askAsAdmin } = await startHttp(t, {
    views: {
      errorGroups: async (task) => {
        asked.push(task);
        return [group, { ...group, process: 'jobs' }];
      },
      errorTrends: async ({ stepMs, fingerprints, ...asked }) => {
        assert.deepEqual({ ...asked, fingerprints }, { ...range, fingerprints: [group.fingerprint] });
        assert.equal(stepMs, 60_000);
        return [{ fingerprint: group.fingerprint, process: 'crm', counts: Float64Array.of(1, 0, 3) }];
      },
    },
  });
  const answer = await askAsAdmin(`/api/monitoring/errors?since=${since}&until=${until}`);
  assert.deepEqual(asked[0]!.within, range);
  const [first, second] = (answer.json as { data: { countInRange: number; trend: object }[] }).data;
  assert.equal(first!.countInRange, 4);
  assert.deepEqual(first!.trend, { since: '2026-02-24T08:00:00.000Z', stepSeconds: 60, counts: [1, 0, 3] });
  assert.equal(second!.countInRange, 0, 'the other service had none');
});

test('without since and until error groups are of all time, and their counts too', async (t) => {
  const { askAsAdmin } = await startHttp(t, { views: { errorGroups: async () => [group] } });
  const { data } = (await askAsAdmin('/api/monitoring/errors')).json as { data: object[] };
  assert.ok(!('countInRange' in data[0]!));
});

test('since alone reaches to now', async (t) => {
  let within: ErrorGroupsTask['within'];
  const errorGroups = async (task: ErrorGroupsTask) => {
    within = task.within;
    return [];
  };
  const { askAsAdmin } = await startHttp(t, { views: { errorGroups } });
  await askAsAdmin(`/api/monitoring/errors?since=${since}`);
  assert.deepEqual(within, { startMs: range.startMs, endMs: now });
});

test('the newest requests can be those of one route', async (t) => {
  const request = (sequence: number, endpoint: string): NumberedRequest => ({
    sequence,
    request: {
      ...{ timestamp: since, endpoint, method: 'GET', statusCode: 200, responseTime: 1, process: 'crm' },
    },
  });
  const all = [request(9, '/a'), request(8, '/b'), request(7, '/a'), request(6, '/a')];
  const { askAsAdmin } = await startHttp(t, { views: { requests: () => all } });
  const page = await askAsAdmin('/api/monitoring/api-metrics?endpoint=/a&method=GET&limit=2');
  assert.deepEqual(page.json, { success: true, data: [all[0]!.request, all[2]!.request], next: '7' });
  const none = await askAsAdmin('/api/monitoring/api-metrics?endpoint=/a&method=POST');
  assert.deepEqual(none.json, { success: true, data: [] });
});

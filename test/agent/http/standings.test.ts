import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryRange } from '../../../agent/http/history-query.ts';
import type { PercentilesTask } from '../../../workers/contract/percentiles.ts';
import type { QueueStanding, QueuesTask } from '../../../workers/contract/standings.ts';
import { now, startHttp } from './running-server.ts';

const timeMs = now - 500;
const timestamp = '2026-03-01T12:00:00.000Z';

for (const path of ['processes', 'queues', 'percentiles?measurement=http', 'marks']) {
  test(`/api/monitoring/${path} needs a token`, async (t) => {
    const { ask } = await startHttp(t);
    assert.equal((await ask(`/api/monitoring/${path}`)).status, 401);
  });
}

test('processes come under the names of the API, with what they tell of themselves', async (t) => {
  const processes = async () => ({
    timeMs,
    processes: [
      {
        process: 'crm',
        up: true,
        fields: { cpu_usage_percent: 12.5, memory_rss_bytes: 4096, open_fds: null },
        runtimes: [{ worker: '0', fields: { eventloop_delay_p99_ms: 3 } }],
      },
      { process: 'gone', up: false, fields: null, runtimes: [] },
    ],
  });
  const { askAsAdmin } = await startHttp(t, { views: { processes } });
  const { json } = await askAsAdmin('/api/monitoring/processes?limit=1');
  assert.deepEqual(json, {
    success: true,
    data: [
      {
        ...{ timestamp, process: 'crm', up: true },
        ...{ cpuUsagePercent: 12.5, memoryRssBytes: 4096, openFds: null },
        runtime: [{ worker: '0', eventloopDelayP99Ms: 3 }],
      },
    ],
    next: 'crm',
  });
  const rest = await askAsAdmin('/api/monitoring/processes?before=crm');
  const { data } = rest.json as { data: Record<string, unknown>[] };
  assert.equal(data.length, 1);
  assert.equal(data[0]!.up, false);
  assert.equal(data[0]!.pid, null);
});

test('queues come with their state and their Redis, and the cursor names the last one whatever its name', async (t) => {
  const asked: QueuesTask[] = [];
  const odd: QueueStanding = {
    ...{ redis: 'main', prefix: 'bull', queue: 'a/"ü\u202e' },
    fields: { waiting: 3, paused: 1, rate_limited: null, wait_p95_ms: 7 },
    ...{ completedPerMinute: 1.5, failedPerMinute: null, arrivedPerMinute: 2 },
    ...{ state: 'paused' as const, text: 'It is paused.' },
  };
  const queues = async (task: QueuesTask) => {
    asked.push(task);
    return { timeMs, queues: [odd], hasMore: true, redis: [{ redis: 'main', fields: { eviction_safe: 0 } }] };
  };
  const { askAsAdmin } = await startHttp(t, { views: { queues } });
  const { json } = await askAsAdmin('/api/monitoring/queues?limit=1&redis=main');
  const { next, ...rest } = json as { next: string };
  const { fields, ...names } = odd;
  assert.deepEqual(rest, {
    success: true,
    data: [{ timestamp, ...names, waiting: 3, paused: true, rateLimited: null, waitP95Ms: 7 }],
    redis: [{ redis: 'main', evictionSafe: false }],
  });
  await askAsAdmin(`/api/monitoring/queues?before=${next}`);
  assert.deepEqual(asked[1]!.after, { redis: 'main', prefix: 'bull', queue: odd.queue });
  assert.equal(asked[0]!.only!.redis, 'main');
  const { status, json: refusal } = await askAsAdmin('/api/monitoring/queues?before=nonsense');
  assert.equal(status, 400);
  assert.deepEqual(refusal, { success: false, message: 'before: expected the `next` of an earlier answer' });
});

test('percentiles ask for whole minutes of the series that the query names', async (t) => {
  let asked: PercentilesTask | undefined;
  const row = { count: 2, avgMs: 3, p50Ms: 2, p95Ms: 4, p99Ms: 4, maxMs: 4 };
  const percentiles = async (task: PercentilesTask) => {
    asked = task;
    return {
      series: [{ tags: { route: '/a' }, count: 2, rows: [{ timeMs: task.startMs, ...row }] }],
      omitted: 3,
    };
  };
  const { askAsAdmin } = await startHttp(t, { views: { percentiles } });
  const { json } = await askAsAdmin(
    '/api/monitoring/percentiles?measurement=http&by=route,method&route=%2Fa&since=1h&until=30m&step=10s&limit=5&offset=1d',
  );
  const dayMs = 86_400_000;
  const untilMs = now - 1_800_000;
  assert.deepEqual(asked, {
    ...{
      measurement: 'http',
      by: ['route', 'method'],
      tags: { route: '/a' },
      limit: 5,
      skip: 0,
      stepMs: 60_000,
    },
    startMs: Date.parse('2026-03-01T11:00:00Z') - dayMs,
    endMs: untilMs - dayMs,
  });
  assert.deepEqual(json, {
    success: true,
    data: [
      {
        tags: { route: '/a' },
        count: 2,
        rows: [{ timestamp: '2026-03-01T11:00:00.000Z', count: 2, avg: 3, p50: 2, p95: 4, p99: 4, max: 4 }],
      },
    ],
    stepSeconds: 60,
    omitted: 3,
    next: '5',
  });
});

for (const [query, message] of [
  ['', /^measurement: expected one of http, db, socket, job, got nothing$/],
  ['measurement=htp', /^measurement: expected one of .*did you mean "http"/],
  ['measurement=db&by=route', /^by: unknown tag "route" \(allowed: process, model, operation\)$/],
  ['measurement=db&route=x', /^route: db has the tags process, model, operation only$/],
  ['measurement=http&hours=24&limit=100&step=1m', /^step: expected at most 50000 rows/],
  ['measurement=http&limit=101', /^limit: expected a whole number from 1 to 100/],
] as const) {
  test(`percentiles?${query} is refused`, async (t) => {
    const { askAsAdmin } = await startHttp(t);
    const { status, json } = await askAsAdmin(`/api/monitoring/percentiles?${query}`);
    assert.equal(status, 400);
    assert.match((json as { message: string }).message, message);
  });
}

test('marks are those of a day unless told', async (t) => {
  let asked: unknown;
  const marks = async (task: unknown) => {
    asked = task;
    return { marks: [{ timeMs, kind: 'deploy' as const, process: 'crm', text: 'crm 1 → 2' }], hasMore: true };
  };
  const { askAsAdmin } = await startHttp(t, { views: { marks } });
  const { json } = await askAsAdmin('/api/monitoring/marks');
  assert.deepEqual(json, {
    success: true,
    data: [{ timestamp, kind: 'deploy', process: 'crm', text: 'crm 1 → 2' }],
    next: '200',
  });
  assert.deepEqual(asked, { startMs: now - 86_400_000, endMs: now, limit: 200, skip: 0 });
  await askAsAdmin('/api/monitoring/marks?limit=50&before=200');
  assert.deepEqual(asked, { startMs: now - 86_400_000, endMs: now, limit: 50, skip: 200 });
});

test('historical shows another period at the times of this one', async (t) => {
  const asked: HistoryRange[] = [];
  const historical = async (range: HistoryRange) => {
    asked.push(range);
    return { rows: [{ timestamp: '2026-02-22T11:00:00.000Z' } as never], notice: '' };
  };
  const { askAsAdmin } = await startHttp(t, { views: { historical } });
  const { json } = await askAsAdmin('/api/monitoring/historical?hours=1&step=10m&offset=7d');
  const weekMs = 7 * 86_400_000;
  const fromMs = Date.parse('2026-03-01T11:00:00Z') - weekMs;
  assert.deepEqual(asked, [{ fromMs, toMs: now - weekMs, stepMs: 600_000 }]);
  assert.deepEqual((json as { data: unknown[] }).data, [{ timestamp: '2026-03-01T11:00:00.000Z' }]);
});

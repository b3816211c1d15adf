import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { AgentError } from '../../../agent/errors.ts';
import type { HistoryRange } from '../../../agent/http/history-query.ts';
import type { HistoricalRow } from '../../../agent/snapshot-shape.ts';
import { untilTrue } from '../../support/servers.ts';
import { adminToken, exampleSnapshot, startHttp } from './running-server.ts';

test('/health answers without a token', async (t) => {
  const { ask } = await startHttp(t);
  const { status, json } = await ask('/health');
  assert.equal(status, 200);
  assert.deepEqual(json, { status: 'ok' });
});

test('/ready answers 200 with every part and the ledger', async (t) => {
  const report = {
    ready: true,
    parts: [{ part: 'source/host', ok: true, problem: '', readMs: 0.4 }],
    ledger: [
      { sink: 'main', collected: 10, delivered: 7, waiting: 1, quarantined: 1, dropped: { quota: 1 } },
    ],
  };
  const { ask } = await startHttp(t, { views: { ready: () => report } });
  const { status, json } = await ask('/ready');
  assert.equal(status, 200);
  assert.deepEqual(json, report);
});

test('/ready answers 503 with the reason while a part is not well', async (t) => {
  const report = {
    ready: false,
    parts: [{ part: 'store', ok: false, problem: 'the disk is full' }],
    ledger: [],
  };
  const { ask } = await startHttp(t, { views: { ready: () => report } });
  const { status, json } = await ask('/ready');
  assert.equal(status, 503);
  assert.deepEqual(json, report);
});

for (const [problem, shown] of [
  ['connect redis://user:hunter2@cache:6379/1 failed', 'connect redis://***@cache:6379/1 failed'],
  ['redis://:hunter2@cache', 'redis://***@cache'],
  ['POST http://influx:8086/write?u=me&p=hunter2 said 401', 'POST http://influx:8086/write?*** said 401'],
  ['mail admin@example.com', 'mail admin@example.com'],
] as const) {
  test(`/ready tells "${shown}"`, async (t) => {
    const ready = () => ({ ready: false, parts: [{ part: 'sink/main', ok: false, problem }], ledger: [] });
    const { ask } = await startHttp(t, { views: { ready } });
    const json = (await ask('/ready')).json as { parts: { problem: string }[] };
    assert.equal(json.parts[0]?.problem, shown);
  });
}

test('the snapshot is answered under its own names', async (t) => {
  const { askAsAdmin } = await startHttp(t);
  const { status, json } = await askAsAdmin('/api/monitoring/snapshot');
  assert.equal(status, 200);
  assert.deepEqual(json, { success: true, data: exampleSnapshot });
});

test('before the first tick the snapshot answers 503', async (t) => {
  const { askAsAdmin } = await startHttp(t, { views: { snapshot: () => null } });
  const { status, json } = await askAsAdmin('/api/monitoring/snapshot');
  assert.equal(status, 503);
  assert.equal((json as { success: boolean }).success, false);
});

test('a snapshot is turned into text once, the next one anew', async (t) => {
  let serialised = 0;
  const make = (timestamp: string) => ({
    ...exampleSnapshot,
    timestamp,
    get queues() {
      serialised++;
      return [];
    },
  });
  let newest = make('2026-03-01T12:00:00.000Z');
  const { askAsAdmin } = await startHttp(t, { views: { snapshot: () => newest } });
  await askAsAdmin('/api/monitoring/snapshot');
  await askAsAdmin('/api/monitoring/snapshot');
  assert.equal(serialised, 1);
  newest = make('2026-03-01T12:00:02.000Z');
  const { json } = await askAsAdmin('/api/monitoring/snapshot');
  assert.equal((json as { data: { timestamp: string } }).data.timestamp, '2026-03-01T12:00:02.000Z');
});

const row: HistoricalRow = {
  timestamp: '2026-03-01T11:00:00.000Z',
  cpuUsage: 12.5,
  memoryUsage: 25,
  apiAvgResponseTime: null,
  apiRequestsPerMinute: null,
  apiErrorRate: null,
  dbAvgQueryTime: null,
  dbQueriesPerMinute: null,
  socketActiveConnections: null,
  socketEventsPerMinute: null,
};

test('historical answers the rows as they are, unknown ones as null', async (t) => {
  const { askAsAdmin } = await startHttp(t, {
    views: { historical: async () => ({ rows: [row], notice: '' }) },
  });
  const { status, json } = await askAsAdmin('/api/monitoring/historical?hours=24');
  assert.equal(status, 200);
  assert.deepEqual(json, { success: true, data: [row], stepSeconds: 60 });
});

test('historical asks the past for the range and step of the query', async (t) => {
  const asked: HistoryRange[] = [];
  const historical = async (range: HistoryRange) => {
    asked.push(range);
    return { rows: [], notice: '' };
  };
  const { askAsAdmin } = await startHttp(t, { views: { historical } });
  await askAsAdmin('/api/monitoring/historical?hours=1&step=10m');
  const [fromMs, toMs] = [Date.parse('2026-03-01T11:00:00Z'), Date.parse('2026-03-01T12:00:00.500Z')];
  assert.deepEqual(asked, [{ fromMs, toMs, stepMs: 600_000 }]);
});

test('a query that is wrong answers 400 and reads nothing', async (t) => {
  const historical = () => assert.fail('it must not be asked');
  const { askAsAdmin } = await startHttp(t, { views: { historical } });
  const { status, json } = await askAsAdmin('/api/monitoring/historical?hours=1&hours=2');
  assert.equal(status, 400);
  assert.deepEqual(json, { success: false, message: 'hours: expected once, got it several times' });
});

test('a past that takes too long answers 503', async (t) => {
  const views = { historical: () => new Promise<never>(() => {}) };
  const { askAsAdmin } = await startHttp(t, { views, limits: { handlerTimeoutMs: 50 } });
  const { status, json } = await askAsAdmin('/api/monitoring/historical');
  assert.equal(status, 503);
  assert.deepEqual(json, { success: false, message: 'this took too long; ask for less, or again later' });
});

test('a past that cannot be read just now answers 503, without the reason', async (t) => {
  const historical = async () => {
    throw new AgentError('WORKER_FAILED', 'the query worker ended', { retryable: true });
  };
  const { askAsAdmin } = await startHttp(t, { views: { historical } });
  const { status, json } = await askAsAdmin('/api/monitoring/historical');
  assert.equal(status, 503);
  assert.deepEqual(json, { success: false, message: 'the agent could not answer; its log says why' });
});

for (const path of [
  'historical?hours=1',
  'routes',
  'percentiles?measurement=http',
  'errors',
  'marks',
  'queues',
  'processes',
])
  test(`who leaves before ${path} is answered is told of as gone`, async (t) => {
    const signals: AbortSignal[] = [];
    const wait = (...given: unknown[]) => {
      signals.push(given.at(-1) as AbortSignal);
      return new Promise<never>(() => {});
    };
    const views = {
      ...{ historical: wait, seriesStats: wait, percentiles: wait, errorGroups: wait, marks: wait },
      ...{ queues: wait, processes: wait },
    };
    const { address } = await startHttp(t, { views });
    const call = request(`${address.url}/api/monitoring/${path}`, {
      headers: { authorization: `Bearer ${adminToken}` },
      agent: false,
    });
    call.on('error', () => {}).end();
    await untilTrue(() => assert.equal(signals.length, 1));
    assert.equal(signals[0]!.aborted, false);
    call.destroy();
    await untilTrue(() => assert.ok(signals[0]!.aborted));
  });

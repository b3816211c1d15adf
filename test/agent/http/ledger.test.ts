import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpoolViews } from '../../../agent/http/views.ts';
import type { LedgerReport } from '../../../agent/ledger-shape.ts';
import type { QuarantineTask } from '../../../workers/contract/tasks.ts';
import { adminToken, now, quietViews, startHttp, viewerToken } from './running-server.ts';

const ledger: LedgerReport = {
  timestamp: null,
  collected: 7,
  sinks: [{ sink: 'redis', up: true, problem: '', points: null }],
  sources: [],
  cost: {
    ...{ cpuPercent: null, rssBytes: 5, eventloopDelayP99Ms: null, taskP99Ms: null },
    ...{ redisCommandsTotal: null, storeBytes: null, ticksMissedTotal: 0, valuesRefusedTotal: 0 },
  },
  budget: { cpuPercent: 2, level: 0, intervalMs: 2000, configuredIntervalMs: 2000, storeQuotaBytes: 9 },
};

const point = (id: number, line = `system v=${id} 1\n`) => ({
  ...{ id, sink: 'main', line, reason: 'type conflict', refusedAtMs: now },
});

const post = (body: object, token = adminToken) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  body: JSON.stringify(body),
});

function spool(other: Partial<SpoolViews>): { readonly spool: SpoolViews } {
  return { spool: { ...quietViews.spool, ...other } };
}

test('the ledger is told as it is', async (t) => {
  const { askAsAdmin } = await startHttp(t, { views: { ledger: () => ledger } });
  assert.deepEqual((await askAsAdmin('/api/monitoring/ledger')).json, { success: true, data: ledger });
});

test('refused points are listed newest first with the cursor beside them', async (t) => {
  const asked: QuarantineTask[] = [];
  const list = async (page: QuarantineTask) => {
    asked.push(page);
    return [point(9), point(8)];
  };
  const { askAsAdmin } = await startHttp(t, { views: spool({ list }) });
  const { json } = await askAsAdmin('/api/monitoring/quarantine?limit=2');
  const { data, next } = json as { data: object[]; next: string };
  assert.deepEqual(data[0], {
    ...{ id: 9, sink: 'main', line: 'system v=9 1', truncated: false, reason: 'type conflict' },
    refusedAt: '2026-03-01T12:00:00.500Z',
  });
  await askAsAdmin(`/api/monitoring/quarantine?limit=3&before=${next}&sink=main`);
  assert.deepEqual(asked, [
    { limit: 2, before: undefined, sink: undefined },
    { limit: 3, before: 8, sink: 'main' },
  ]);
});

test('a line that is very long is cut, and says so', async (t) => {
  const { askAsAdmin } = await startHttp(t, {
    views: spool({ list: async () => [point(1, 'x'.repeat(9000))] }),
  });
  const { json } = await askAsAdmin('/api/monitoring/quarantine');
  const [shown] = (json as { data: { line: string; truncated: boolean }[] }).data;
  assert.deepEqual([shown!.line.length, shown!.truncated], [4000, true]);
});

test('refused points are sent again or given up by administrators only, by their ids', async (t) => {
  const replayed: unknown[] = [];
  const dropped: unknown[] = [];
  const views = spool({
    replay: async (wanted) => {
      replayed.push({ ...wanted });
      const refused = [{ id: 2, reason: 'again' }];
      return { delivered: 1, refused, problems: [] };
    },
    drop: async (ids) => {
      dropped.push(ids);
      return ids.length;
    },
  });
  const { ask } = await startHttp(t, { views });
  const path = '/api/monitoring/quarantine';
  const { json } = await ask(`${path}/replay`, post({ ids: [1, 2] }));
  const data = { delivered: 1, refused: [{ id: 2, reason: 'again' }], problems: [] };
  assert.deepEqual(json, { success: true, data });
  await ask(`${path}/replay`, post({ sink: 'main' }));
  assert.deepEqual(replayed, [{ ids: [1, 2] }, { sink: 'main' }]);
  assert.deepEqual((await ask(`${path}/drop`, post({ ids: [3, 4] }))).json, {
    success: true,
    data: { dropped: 2 },
  });
  for (const body of [{}, { ids: [] }, { ids: ['1'] }, { ids: [0] }])
    assert.equal((await ask(`${path}/drop`, post(body))).status, 400);
  for (const way of ['replay', 'drop'])
    assert.equal((await ask(`${path}/${way}`, post({ ids: [1] }, viewerToken))).status, 403);
  assert.deepEqual(dropped, [[3, 4]]);
});

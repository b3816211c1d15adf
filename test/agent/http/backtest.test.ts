import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'node:test';
import { AgentError } from '../../../agent/errors.ts';
import type { BacktestWish } from '../../../agent/http/views.ts';
import type { BacktestReport } from '../../../workers/contract/backtest.ts';
import { adminToken, now, startHttp, viewerToken } from './running-server.ts';

const summary = { firings: 1, flaps: 1, firingMs: 5, longestMs: 5, firstMs: now, lastMs: now, unknownMs: 0 };
const report: BacktestReport = {
  sinceMs: now - 60_000,
  untilMs: now,
  rules: [
    {
      ...{ group: 'g', rule: 'A', forMs: 0, summary, suggested: { forMs: 10_000, remaining: 0 } },
      ...{ failures: 0, error: '' },
      alerts: [{ labels: { a: 'b' }, summary, firings: [{ firedAtMs: now, endedAtMs: null, unknownMs: 0 }] }],
    },
  ],
  receivers: [],
  notifications: [{ timeMs: now, receiver: 'log', reason: 'new', groupLabels: {}, firing: 1, resolved: 0 }],
  problems: [],
};

const post = (body: object, token = adminToken) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
  body: JSON.stringify(body),
});

test('a backtest is asked for with durations back from now or ISO times, and told with ISO times', async (t) => {
  const wishes: BacktestWish[] = [];
  const backtest = async (wish: BacktestWish) => {
    wishes.push(wish);
    return report;
  };
  const { ask } = await startHttp(t, { views: { backtest } });
  const { status, json } = await ask('/api/monitoring/backtest', post({ rule: 'A', since: '2h' }));
  assert.equal(status, 200);
  const { data } = json as { data: { rules: { alerts: { times: object[] }[] }[]; notifications: object[] } };
  assert.deepEqual(data.rules[0]!.alerts[0]!.times, [
    { from: '2026-03-01T12:00:00.500Z', to: null, unknownMs: 0 },
  ]);
  assert.deepEqual(data.notifications, [
    {
      ...{ timestamp: '2026-03-01T12:00:00.500Z', receiver: 'log', reason: 'new', groupLabels: {} },
      ...{ firing: 1, resolved: 0 },
    },
  ]);
  const range = { since: '2026-02-28T00:00:00Z', until: '2026-03-01T00:00:00Z' };
  await ask('/api/monitoring/backtest', post({ file: 'groups: []', ...range }));
  assert.deepEqual(wishes, [
    { rule: 'A', file: undefined, sinceMs: now - 7_200_000, untilMs: now },
    {
      ...{ rule: undefined, file: 'groups: []' },
      ...{ sinceMs: Date.parse(range.since), untilMs: Date.parse(range.until) },
    },
  ]);
});

test('a backtest is refused to viewers, while another runs, and where it makes no sense', async (t) => {
  const backtest = async ({ rule }: BacktestWish) => {
    if (rule === 'busy') return 'busy' as const;
    throw new AgentError('USAGE', 'rule: there is no alerting rule "x"');
  };
  const { ask } = await startHttp(t, { views: { backtest } });
  const statusOf = async (body: object, token?: string) =>
    (await ask('/api/monitoring/backtest', post(body, token))).status;
  assert.equal(await statusOf({ rule: 'busy' }, viewerToken), 403);
  assert.equal(await statusOf({ rule: 'busy' }), 409);
  assert.equal(await statusOf({ rule: 'x' }), 400);
  assert.equal(await statusOf({ rule: 'x', since: 'yesterday' }), 400);
  assert.equal(await statusOf({ rules: 'x' }), 400);
});

test('who leaves ends the backtest', async (t) => {
  let begin: (signal: AbortSignal) => void = () => {};
  const asked = new Promise<AbortSignal>((resolve) => {
    begin = resolve;
  });
  const backtest = (_: BacktestWish, signal: AbortSignal) => {
    begin(signal);
    return new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  const { address, logLines } = await startHttp(t, { views: { backtest } });
  const { method, headers, body } = post({ rule: 'A' });
  const call = request({
    ...{ host: '127.0.0.1', port: address.port, path: '/api/monitoring/backtest', method, headers },
    agent: false,
  });
  call.on('error', () => {});
  call.end(body);
  const signal = await asked;
  assert.equal(signal.aborted, false);
  const ended = once(signal, 'abort');
  call.destroy();
  await ended;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    logLines.filter((line) => line.includes('failed')),
    [],
  );
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { HttpViews } from '../../../../agent/http/views.ts';
import type { RuleGroupView } from '../../../../agent/rule-shape.ts';
import type { PromqlAnswer, PromqlAsk } from '../../../../workers/contract/promql-tasks.ts';
import { adminToken, startHttp, viewerToken } from '../running-server.ts';
import '../../../support/watchdog.ts';

const nothing: PromqlAnswer = { body: Buffer.from('{"status":"success","data":[]}') };

/** A server whose worker writes down what it is asked, and answers with `answer`. */
async function stage(t: TestContext, answer: PromqlAnswer = nothing, views: Partial<HttpViews> = {}) {
  const asked: PromqlAsk[] = [];
  const timeouts: number[] = [];
  const server = await startHttp(t, {
    views: {
      ...views,
      prometheus: {
        ask: async (ask, timeoutMs) => {
          asked.push(ask);
          timeouts.push(timeoutMs);
          return answer;
        },
      },
    },
  });
  const form = (path: string, body: string, token = adminToken) =>
    server.ask(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': `${Buffer.byteLength(body)}`,
        authorization: `Bearer ${token}`,
      },
      body,
    });
  return { ...server, asked, timeouts, form };
}

describe('a query', () => {
  test('is read from the URL or a form, durations and times in either notation', async (t) => {
    const { askAsAdmin, form, asked, timeouts } = await stage(t);
    await askAsAdmin('/api/v1/query_range?query=up&start=1.5&end=1970-01-01T01:00:00%2B00:30&step=1m30s');
    await form('/api/v1/query_range?query=no', 'query=a%2Bb&start=0&end=10&step=2.5&timeout=3s&limit=7');
    const common = { ask: 'query_range', lookbackMs: 300_000 };
    assert.deepEqual(asked, [
      { ...common, expr: 'up', startMs: 1500, endMs: 1_800_000, stepMs: 90_000, limit: 0 },
      { ...common, expr: 'a+b', startMs: 0, endMs: 10_000, stepMs: 2500, limit: 7 },
    ]);
    assert.deepEqual(timeouts, [10_000, 3000]);
  });

  test('may be posted by a viewer: it only reads', async (t) => {
    const { form } = await stage(t);
    const { status } = await form('/api/v1/query', 'query=1', viewerToken);
    assert.equal(status, 200);
  });

  test('needs a token', async (t) => {
    const { ask, asked } = await stage(t);
    const { status } = await ask('/api/v1/query?query=1');
    assert.equal(status, 401);
    assert.equal(asked.length, 0);
  });

  test('that is longer than 128 KB is refused, and so is a form of more than 1 MB', async (t) => {
    const { form } = await stage(t);
    const long = await form('/api/v1/query', `query=${'x'.repeat(131_073)}`);
    assert.equal(long.status, 400);
    assert.match(long.text, /131072 are allowed/);
    const longer = await form('/api/v1/query', `query=${'x'.repeat(1024 * 1024)}`);
    assert.equal(longer.status, 413);
    assert.equal((longer.json as { status: string }).status, 'error');
  });

  test('with bytes that are no text is asked as it can be read', async (t) => {
    const { askAsAdmin, asked } = await stage(t);
    const { status } = await askAsAdmin('/api/v1/query?query=%ff%fe&time=1');
    assert.equal(status, 200);
    assert.deepEqual(asked, [
      { ask: 'query', expr: '\ufffd\ufffd', timeMs: 1000, lookbackMs: 300_000, limit: 0 },
    ]);
  });

  for (const [errorType, status] of [
    ['bad_data', 400],
    ['execution', 422],
    ['timeout', 503],
    ['unavailable', 503],
    ['internal', 500],
  ] as const) {
    test(`that fails with ${errorType} is answered ${status}`, async (t) => {
      const { askAsAdmin } = await stage(t, { errorType, error: 'because' });
      const answer = await askAsAdmin('/api/v1/query?query=1');
      assert.equal(answer.status, status);
      assert.deepEqual(answer.json, { status: 'error', errorType, error: 'because' });
    });
  }

  test('is told when its client has gone', async (t) => {
    let heard: Promise<unknown> | undefined;
    const { address } = await startHttp(t, {
      views: {
        prometheus: {
          ask: (_, __, signal) => {
            heard = once(signal, 'abort');
            call.destroy();
            return heard.then(() => nothing);
          },
        },
      },
    });
    const headers = { authorization: `Bearer ${adminToken}` };
    const call = request({ host: '127.0.0.1', port: address.port, path: '/api/v1/query?query=1', headers });
    const gone = new Promise((resolve) => call.once('close', resolve));
    call.on('error', () => {});
    call.end();
    await gone;
    await heard;
    assert.ok(heard);
  });

  test('that the worker cannot do is told without its inner words', async (t) => {
    const { askAsAdmin, logLines } = await startHttp(t, {
      views: {
        prometheus: {
          ask: async () => {
            throw new Error('/secret/path is broken');
          },
        },
      },
    });
    const answer = await askAsAdmin('/api/v1/query?query=1');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.text, /secret/);
    assert.match(logLines.join('\n'), /secret/);
  });
});

test('times that are none and durations that are none are refused with their name', async (t) => {
  const { askAsAdmin, asked } = await stage(t);
  const range = (text: string) => `/api/v1/query_range?query=1&${text}`;
  for (const [path, name] of [
    ['/api/v1/query?query=1&time=2025-02-30T00:00:00Z', 'time'],
    ['/api/v1/query?query=1&time=0x10', 'time'],
    ['/api/v1/query?query=1&time=1e300', 'time'],
    [range('start=now&end=1&step=1'), 'start'],
    [range('start=2&end=1&step=1'), 'end'],
    [range('start=0&end=1&step=-1'), 'step'],
    [range('start=0&end=1&step=1x'), 'step'],
    [range('start=0&end=1&step='), 'step'],
    [range('start=0&end=1&step=0.0001'), 'step'],
    [range('start=0&end=1&step=1m1h'), 'step'],
  ] as const) {
    const { status, json } = await askAsAdmin(path);
    assert.equal(status, 400, path);
    assert.match((json as { error: string }).error, new RegExp(`^invalid parameter "${name}": `), path);
  }
  assert.equal(asked.length, 0);
});

test('several selectors are alternatives, of labels, values and series', async (t) => {
  const { askAsAdmin, form, asked } = await stage(t);
  await askAsAdmin('/api/v1/labels?match[]=a&match[]=b&start=5&limit=3');
  await askAsAdmin('/api/v1/label/__name__/values?match%5B%5D=a');
  await form('/api/v1/series?match[]=a', 'match[]=b');
  const ever = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY, limit: 0 };
  assert.deepEqual(asked, [
    { ...ever, ask: 'labels', matches: ['a', 'b'], startMs: 5000, limit: 3 },
    { ...ever, ask: 'values', label: '__name__', matches: ['a'] },
    { ...ever, ask: 'series', matches: ['b', 'a'] },
  ]);
});

const groups: readonly RuleGroupView[] = [
  {
    ...{ file: '/r.yml', name: 'g', intervalMs: 15_000, limit: 0, queryOffsetMs: 0 },
    ...{ evaluatedAtMs: Date.UTC(2026, 0, 1), tookMs: 3 },
    rules: [
      {
        ...{ kind: 'alerting', name: 'high', expr: 'x > 1', labels: { severity: 'info' }, line: 3 },
        ...{ health: 'ok', error: '', evaluatedAtMs: Date.UTC(2026, 0, 1), tookMs: 2, samples: 1 },
        ...{ forMs: 60_000, keepFiringForMs: 0, annotations: { summary: 's' }, state: 'unknown' },
        ...{ clear: null, noData: null, downSources: [] },
        alerts: [
          {
            ...{ id: '1', state: 'firing', labels: { alertname: 'high' }, annotations: { summary: 's' } },
            ...{ value: 0.00001, activeAtMs: Date.UTC(2026, 0, 1), keepFiringSinceMs: 0 },
            unknownSources: ['host'],
          },
        ],
      },
      {
        ...{ kind: 'recording', name: 'a:b', expr: 'x', labels: {}, line: 9 },
        ...{ health: 'err', error: 'why', evaluatedAtMs: 0, tookMs: 1, samples: 0 },
      },
    ],
  },
];

test('rules and alerts have the shape that Prometheus gives them', async (t) => {
  const { askAsAdmin } = await stage(t, nothing, { rules: () => groups });
  const alert = {
    labels: { alertname: 'high' },
    annotations: { summary: 's' },
    state: 'firing',
    activeAt: '2026-01-01T00:00:00.000Z',
    value: '1e-05',
  };
  const { json } = await askAsAdmin('/api/v1/alerts');
  assert.deepEqual(json, { status: 'success', data: { alerts: [alert] } });
  const rules = async (query: string) => {
    const found = (await askAsAdmin(`/api/v1/rules${query}`)).json as {
      data: { groups: { rules: Record<string, unknown>[] }[] };
    };
    return found.data.groups.flatMap((group) => group.rules);
  };
  const [high, recording] = await rules('');
  assert.deepEqual(high, {
    ...{ state: 'firing', name: 'high', query: 'x > 1', duration: 60, keepFiringFor: 0 },
    ...{ labels: { severity: 'info' }, annotations: { summary: 's' }, alerts: [alert], health: 'ok' },
    ...{ evaluationTime: 0.002, lastEvaluation: '2026-01-01T00:00:00.000Z', type: 'alerting' },
  });
  assert.deepEqual(recording, {
    ...{ name: 'a:b', query: 'x', labels: {}, health: 'err', lastError: 'why', evaluationTime: 0.001 },
    ...{ lastEvaluation: '0001-01-01T00:00:00Z', type: 'recording' },
  });
  assert.deepEqual(
    (await rules('?type=record')).map(({ name }) => name),
    ['a:b'],
  );
  assert.deepEqual(
    (await rules('?type=alert')).map(({ name }) => name),
    ['high'],
  );
  assert.deepEqual((await rules('?rule_name[]=nothing')).length, 0);
});

describe('/metrics', () => {
  const accepts: [string, string, string][] = [
    ['nothing in particular', '', 'text/plain; version=0.0.4; charset=utf-8'],
    ['a browser', 'text/html,*/*;q=0.8', 'text/plain; version=0.0.4; charset=utf-8'],
    [
      'Prometheus 2.42',
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ],
    [
      'who likes the older format more',
      'application/openmetrics-text;q=0.3,text/plain;q=0.7',
      'text/plain; version=0.0.4; charset=utf-8',
    ],
    [
      'who refuses OpenMetrics',
      'application/openmetrics-text;q=0',
      'text/plain; version=0.0.4; charset=utf-8',
    ],
  ];
  for (const [who, accept, type] of accepts) {
    test(`answers ${who} with ${type.split(';')[0]}`, async (t) => {
      const { ask, asked } = await stage(t, { body: Buffer.from('# EOF\n') });
      const headers = { authorization: `Bearer ${viewerToken}`, ...(accept !== '' && { accept }) };
      const answer = await ask('/metrics', { headers });
      assert.equal(answer.headers['content-type'], type);
      assert.deepEqual(asked, [{ ask: 'metrics', isOpenMetrics: type.startsWith('application') }]);
      assert.equal(answer.text, '# EOF\n');
    });
  }

  test('says 503 while it cannot be made', async (t) => {
    const { askAsAdmin } = await stage(t, { errorType: 'timeout', error: 'too late' });
    assert.equal((await askAsAdmin('/metrics')).status, 503);
  });
});

import '../support/watchdog.ts';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { buildLayout, type PointKey } from '../../workers/point/point.ts';
import { openStore } from '../../workers/store/store.ts';
import { type PrometheusPeer, startPrometheus, writtenSeries } from '../bench/prometheus-peer.ts';
import { keepAll } from '../bench/store-filling.ts';
import { startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { temporaryFolder, untilTrue } from '../support/servers.ts';

const run = promisify(execFile);
const viewerToken = 'viewer-token-0123456789';
const tickMs = 10_000;
const ticks = 360;

interface ApiAnswer {
  readonly status: number;
  readonly body: {
    readonly status: string;
    readonly errorType?: string;
    readonly error?: string;
    readonly data?: unknown;
  };
}

/** An hour of counters that begin anew, gauges, values of every size and labels with odd texts. */
const points: PointKey[] = [
  ...['/a', '/b', 'say "hi"\\n', 'ünï/☃'].flatMap((route) =>
    ['GET', 'POST'].map((method) => ({
      measurement: 'http',
      tags: { route, method, status: route === '/b' ? '5xx' : '2xx' },
      fields: ['requests_total', 'duration_p95_ms'],
    })),
  ),
  { measurement: 'queue', tags: { queue: 'mail' }, fields: ['waiting'] },
  { measurement: 'queue', tags: { queue: 'push', redis: 'main' }, fields: ['waiting'] },
  { measurement: 'odd', tags: { size: 'tiny' }, fields: ['value'] },
  { measurement: 'odd', tags: { size: 'huge' }, fields: ['value'] },
  { measurement: 'work', tags: { le: '0.1' }, fields: ['seconds_bucket'] },
  { measurement: 'work', tags: { le: '1' }, fields: ['seconds_bucket'] },
  { measurement: 'work', tags: { le: '+Inf' }, fields: ['seconds_bucket'] },
];
const layout = buildLayout(points);

function rowAt(tick: number): Float64Array {
  const row = new Float64Array(layout.width);
  for (let i = 0; i < 8; i++) {
    row[i * 2] = (tick < 200 ? tick : tick - 200) * (i + 1) * 1.5;
    row[i * 2 + 1] = 100 + 50 * Math.sin(tick / (5 + i)) + i / 7;
  }
  row.set([tick % 40, 1000 / (tick + 1), 1.5e-9 * (tick + 1), 2 ** 71 * (tick + 1)], 16);
  row.set([tick * 2, tick * 5, tick * 6], 20);
  return row;
}

describe('the API of Prometheus', () => {
  let peer: PrometheusPeer;
  let agent: TestAgent;
  let folder: string;
  const endMs = Math.floor((Date.now() - 20 * 60_000) / tickMs) * tickMs;
  const startMs = endMs - (ticks - 1) * tickMs;

  before(async () => {
    folder = await temporaryFolder('nova-prometheus-api-');
    await mkdir(join(folder, 'data'), { recursive: true, mode: 0o700 });
    peer = await startPrometheus();
    await fill();
    agent = await startAgent(
      {
        processes: [],
        queues: false,
        rules: [join(folder, 'rules.yml')],
        http: {
          port: 0,
          auth: {
            tokens: [
              { name: 'test', role: 'admin', token: testToken },
              { name: 'board', role: 'viewer', token: viewerToken },
            ],
          },
        },
      },
      { folder },
    );
  });

  after(async () => {
    await agent?.stop();
    await peer?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function fill(): Promise<void> {
    const store = openStore(join(folder, 'data', 'store.db'), keepAll);
    const rows = Array.from({ length: ticks }, (_, i) => ({
      timeMs: startMs + i * tickMs,
      values: rowAt(i),
    }));
    for (const { timeMs, values } of rows)
      store.append(timeMs, [{ layout, values }], { lostPoints: 0, overflowPoints: 0 });
    store.close();
    const series = points.flatMap(({ measurement, tags, fields }) =>
      fields.map((field) => writtenSeries({ __name__: `${measurement}_${field}`, ...tags })),
    );
    await peer.write(series, rows);
    const rules =
      'groups: [{name: g, rules: [{alert: Always, expr: vector(1) > 0, labels: {severity: info}}, {record: one, expr: vector(1)}]}]\n';
    await writeFile(join(folder, 'rules.yml'), rules);
    await peer.useRules(rules);
  }

  async function ask(url: string, path: string, init: RequestInit = {}): Promise<ApiAnswer> {
    const headers = { ...init.headers, authorization: `Bearer ${testToken}` };
    const answer = await fetch(`${url}/api/v1/${path}`, { ...init, headers });
    return { status: answer.status, body: (await answer.json()) as ApiAnswer['body'] };
  }

  async function assertSame(path: string, init?: RequestInit): Promise<void> {
    const [ours, theirs] = await Promise.all([ask(agent.url, path, init), ask(peer.url, path, init)]);
    const what = `${path} ${init?.body ?? ''}`;
    assert.deepEqual(
      [ours.status, ours.body.status, ours.body.errorType],
      [theirs.status, theirs.body.status, theirs.body.errorType],
      `${what}: ${ours.body.error} / ${theirs.body.error}`,
    );
    assertAlike(sorted(ours.body.data), sorted(theirs.body.data), what);
  }

  // Beside the samples: older versions close ranges at both ends.
  const at = (ms: number) => ((startMs + ms) / 1000 + 0.5).toFixed(3);
  const query = (expr: string, ms = 45 * 60_000) =>
    `query?${new URLSearchParams({ query: expr, time: at(ms) })}`;
  const range = (expr: string, step = '60') =>
    `query_range?${new URLSearchParams({ query: expr, start: at(600_000), end: at(3_500_000), step })}`;

  const expressions = [
    'http_requests_total',
    'http_requests_total{route="/a"}',
    'http_requests_total{route=~"/[ab]",method!="GET"}',
    '{__name__=~"queue_.*"}',
    'http_requests_total{route="say \\"hi\\"\\\\n"}',
    'queue_waiting{redis=""}',
    'rate(http_requests_total[5m])',
    'sum by (route) (rate(http_requests_total[5m]))',
    'sum without (route) (increase(http_requests_total[10m]))',
    'avg_over_time(queue_waiting[7m])',
    'max_over_time(http_duration_p95_ms[10m]) - min_over_time(http_duration_p95_ms[10m])',
    'quantile_over_time(0.9, queue_waiting[10m])',
    'histogram_quantile(0.9, rate(work_seconds_bucket[5m]))',
    'topk(2, http_duration_p95_ms)',
    'count(http_requests_total) by (status)',
    'http_duration_p95_ms > 120',
    'http_duration_p95_ms > bool 120',
    'http_requests_total / on (route, method) group_left http_requests_total',
    'label_replace(queue_waiting, "q", "$1", "queue", "(.).*")',
    'odd_value',
    'odd_value * 0 / 0',
    '-odd_value / 0',
    'absent(nothing)',
    'queue_waiting offset 5m',
    'sum_over_time(queue_waiting[30m:1m])',
    'deriv(queue_waiting[10m])',
    'predict_linear(queue_waiting[10m], 600)',
    'time()',
    '1e-9',
    'vector(1e21)',
    'vector(1e-7)',
    'vector(-0.000001)',
    'scalar(queue_waiting{queue="mail"})',
    'changes(queue_waiting[10m])',
    'irate(http_requests_total[1m])',
    'queue_waiting and on () vector(1)',
    'sort_desc(queue_waiting)',
    'hour() + minute()',
    'stddev(http_duration_p95_ms)',
    'resets(http_requests_total[30m])',
  ];

  test('instant queries are answered as a real Prometheus answers them', async () => {
    for (const expr of [...expressions, '"a<text>"', 'queue_waiting[1m]', 'queue_waiting[5m:30s]'])
      await assertSame(query(expr));
  });

  test('range queries are answered as a real Prometheus answers them', async () => {
    for (const expr of expressions) await assertSame(range(expr));
    await assertSame(range('queue_waiting', '1m30s'));
    await assertSame(range('queue_waiting', '7.5'));
  });

  test('a form posted, times in RFC 3339 and repeated parameters are read as Prometheus reads them', async () => {
    const time = new Date(startMs + 1_800_500).toISOString();
    await assertSame(`query?query=queue_waiting&time=${time}`);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await assertSame('query?query=2&time=5', { method: 'POST', headers, body: 'query=1' });
    await assertSame('query?query=1&query=2&time=1.25');
    await assertSame('query?query=1&time=1&unknown=x');
    await assertSame('query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"1"}',
    });
    const span = { start: at(0), end: at(60_000), step: '15s' };
    const body = String(new URLSearchParams({ query: 'queue_waiting', ...span }));
    await assertSame('query_range', { method: 'POST', headers, body });
  });

  test('mistakes are told with the same status, type and mostly the same words', async () => {
    const paths = [
      'query',
      'query?query=',
      'query?query=up%5B',
      'query?query=%ff',
      'query?query=1&time=abc',
      'query?query=1&timeout=x',
      'query_range?query=up',
      'query_range?query=up&start=1&end=0&step=1',
      'query_range?query=up&start=0&end=1&step=0',
      'query_range?query=up&start=0&end=1&step=x',
      'query_range?query=up&start=0&end=100000&step=1',
      'query_range?query=up%5B5m%5D&start=0&end=10&step=1',
      'query_range?query=%22a%22&start=0&end=10&step=1',
      'query?query=foo(1)',
      'query?query=sum(',
      'query?query=rate(up)',
      'query?query=1%20%3E%202',
      'query?query=%7B%7D',
      'query?query=up%7Ba%3D~%22(%22%7D',
      query('http_requests_total + on (status) http_requests_total'),
      query('label_replace(queue_waiting, "a", "b", "queue", "(")'),
      'series',
      'series?match[]={}',
      'series?match[]=up%2B1',
      'series?match[]=up[5m]',
      'series?match[]=up&start=x',
      'labels?match[]=%7B',
      'label/a-b/values',
      'rules?type=x',
      'metadata?limit=x',
    ];
    let sameWords = 0;
    for (const path of paths) {
      await assertSame(path);
      const [ours, theirs] = await Promise.all([ask(agent.url, path), ask(peer.url, path)]);
      if (ours.body.error === theirs.body.error) sameWords++;
    }
    assert.ok(sameWords >= paths.length * 0.6, `${sameWords} of ${paths.length}`);
  });

  test('names, values and series are listed as Prometheus lists them', async () => {
    const since = `start=${at(0)}&end=${at(3_600_000)}`;
    await assertSame(`labels?match[]=http_requests_total&${since}`);
    await assertSame(`labels?match[]=http_requests_total&match[]=queue_waiting&${since}`);
    await assertSame(`label/route/values?${since}`);
    await assertSame(`label/nothing/values?${since}`);
    await assertSame(`label/__name__/values?match[]={route="/a"}&${since}`);
    await assertSame(`series?match[]=http_requests_total{route="/a"}&match[]=queue_waiting&${since}`);
    await assertSame(`series?match[]=nothing&${since}`);
    await assertSame('query_exemplars?query=up&start=0&end=1');
  });

  test('promtool asks it like any Prometheus, with the token as password or as header', async () => {
    const withPassword = agent.url.replace('//', `//x:${testToken}@`);
    const series = await run('promtool', ['query', 'series', '--match=queue_waiting', withPassword]);
    assert.match(series.stdout, /\{__name__="queue_waiting", queue="push", redis="main"\}/);
    const instant = [
      'query',
      'instant',
      `--time=${at(600_000)}`,
      withPassword,
      'queue_waiting{queue="mail"}',
    ];
    assert.match((await run('promtool', instant)).stdout, /queue_waiting\{queue="mail"\} => 20 @/);
    const labels = await run('promtool', ['query', 'labels', withPassword, 'queue']);
    assert.equal(labels.stdout, 'mail\npush\n');
    const header = `--header=Authorization=Bearer ${viewerToken}`;
    const times = [`--start=${at(0)}`, `--end=${at(60_000)}`, '--step=30s'];
    const range = await run('promtool', [
      'query',
      'range',
      header,
      ...times,
      agent.url,
      'odd_value{size="tiny"} * 0',
    ]);
    assert.equal(range.stdout.match(/^0 @/gm)?.length, 3);
  });

  test('what Grafana asks a data source first is answered', async () => {
    for (const path of ['status/buildinfo', 'metadata', 'rules', 'alerts', 'query?query=1%2B1'])
      assert.equal((await ask(agent.url, path)).body.status, 'success', path);
    await untilTrue(async () => {
      const { groups } = (await ask(agent.url, 'rules')).body.data as {
        groups: { rules: { name: string; state?: string; alerts?: unknown[] }[] }[];
      };
      assert.deepEqual(
        groups[0]!.rules.map(({ name, state, alerts }) => [name, state, alerts?.length]),
        [
          ['Always', 'firing', 1],
          ['one', undefined, undefined],
        ],
      );
    });
  });

  test('what is built to be huge is answered with an error, and rules go on', async () => {
    const evaluated = async () => {
      const { groups } = (await ask(agent.url, 'rules')).body.data as {
        groups: { lastEvaluation: string }[];
      };
      return groups[0]!.lastEvaluation;
    };
    const before = await evaluated();
    const post = (expr: string) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return ask(agent.url, 'query', {
        method: 'POST',
        headers,
        body: String(new URLSearchParams({ query: expr })),
      });
    };
    for (const [expr, errorType] of [
      ['count_over_time(queue_waiting[2y:1ms])', 'execution'],
      [`${'('.repeat(20_000)}1${')'.repeat(20_000)}`, 'bad_data'],
      [`1${'+1'.repeat(60_000)}`, 'bad_data'],
      ['x'.repeat(200_000), 'bad_data'],
      [`a{b=~"${'(a|b)*'.repeat(5000)}c"}`, 'bad_data'],
    ] as const) {
      const { body } = await post(expr);
      assert.equal(body.errorType, errorType, `${expr.slice(0, 40)}: ${JSON.stringify(body).slice(0, 200)}`);
    }
    await untilTrue(async () => assert.notEqual(await evaluated(), before));
  });

  test('a query whose client has left does not keep others waiting', async () => {
    const leaving = new AbortController();
    // It would take minutes, and its own limit of 10 s is longer than what the next one waits.
    const dear = 'quantile_over_time(0.5, quantile_over_time(0.5, vector(1)[12h:1s])[12h:1s])';
    const left = ask(agent.url, `query?${new URLSearchParams({ query: dear })}`, { signal: leaving.signal });
    setTimeout(() => leaving.abort(), 200);
    await assert.rejects(left);
    assert.equal((await ask(agent.url, 'query?query=1&timeout=5s')).status, 200);
  });
});

/** Labels and rows in an order of their own. */
function sorted(data: unknown): unknown {
  const { result } = (data ?? {}) as { result?: unknown[] };
  const order = (list: unknown[]) => [...list].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  if (Array.isArray(data)) return order(data);
  if (Array.isArray(result) && typeof result[0] === 'object')
    return { ...(data as object), result: order(result) };
  return data;
}

function keyOf(one: unknown): string {
  const { metric } = (one ?? {}) as { metric?: object };
  return JSON.stringify(metric ? Object.entries(metric).sort() : one);
}

/** Equal, but for the last digits of values: sums are not added in the same order. */
function assertAlike(ours: unknown, theirs: unknown, what: string): void {
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    assert.equal(ours.length, theirs.length, `${what}: ${JSON.stringify(ours).slice(0, 300)}`);
    ours.forEach((one, i) => {
      assertAlike(one, theirs[i], what);
    });
  } else if (typeof ours === 'object' && ours !== null && typeof theirs === 'object' && theirs !== null) {
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort(), what);
    for (const [key, value] of Object.entries(ours))
      assertAlike(value, (theirs as Record<string, unknown>)[key], what);
  } else if (ours !== theirs) {
    const [a, b] = [Number(ours), Number(theirs)];
    const isClose = typeof ours === 'string' && Math.abs(a - b) <= 1e-9 * Math.abs(b);
    assert.ok(isClose, `${what}: ${ours} is not ${theirs}`);
  }
}

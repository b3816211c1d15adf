import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { startInflux, type TestServer, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

/** An InfluxDB that has two days of an agent whose store begins now. */
let influx: TestServer;
let agent: TestAgent;

const hourMs = 3_600_000;
/** The start of an hour, two days ago. */
const beganMs = (Math.floor(Date.now() / hourMs) - 48) * hourMs;

before(async () => {
  influx = await startInflux();
  const lines: string[] = [];
  for (let timeMs = beganMs; timeMs < beganMs + 40 * hourMs; timeMs += 60_000) {
    const minute = (timeMs - beganMs) / 60_000;
    lines.push(
      `p_snapshot,host=me cpuUsage=${minute % 60} ${timeMs}`,
      `p_snapshot,host=another cpuUsage=1000 ${timeMs}`,
      `p_http,host=me,route=/a,method=GET,process=crm,status=2xx requests_total=${minute * 30},duration_p95_ms=${minute % 2 ? 5 : 7} ${timeMs}`,
    );
  }
  const answer = await fetch(`${influx.url}/write?db=test&precision=ms`, {
    method: 'POST',
    body: lines.join('\n'),
  });
  assert.equal(answer.status, 204);
  agent = await startAgent({
    agent: { interval: '1s', tags: { host: 'me' }, measurementPrefix: 'p_' },
    ...{ queues: false, redis: false },
    influx: [{ url: influx.url, version: 1, database: 'test', flushInterval: '1s' }],
  });
  await untilTrue(async () => {
    assert.ok((await historical()).data.length > 0);
    // CPU usage takes two readings.
    assert.equal((await instant('snapshot_cpuUsage')).data.result.length, 1);
  });
});
after(async () => {
  await agent.stop();
  await influx.remove();
  await rm(agent.folder, { recursive: true, force: true });
});

async function ask<T>(path: string): Promise<T> {
  const answer = await fetch(agent.url + path, { headers: { authorization: `Bearer ${testToken}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()) as T;
}

interface Historical {
  readonly data: readonly { readonly timestamp: string; readonly cpuUsage: number | null }[];
  readonly notice?: string;
}

const historical = () => ask<Historical>('/api/monitoring/historical?hours=49&step=1h');

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value?: [number, string];
      readonly values?: [number, string][];
    }[];
  };
  readonly warnings?: readonly string[];
}

const instant = (expr: string) => ask<Answer>(`/api/v1/query?query=${encodeURIComponent(expr)}`);

function range(expr: string, fromMs: number, toMs: number, step: string) {
  const query = new URLSearchParams({ query: expr, start: `${fromMs / 1000}`, end: `${toMs / 1000}`, step });
  return ask<Answer>(`/api/v1/query_range?${query}`);
}

test('historical goes on before the store, with gaps where nothing was', async () => {
  const { data, notice } = await historical();
  const older = data.filter(({ timestamp }) => Date.parse(timestamp) < beganMs + 40 * hourMs);
  assert.equal(older.length, 40);
  assert.deepEqual(
    older.map(({ timestamp, cpuUsage }) => [Date.parse(timestamp), cpuUsage]),
    Array.from({ length: 40 }, (_, i) => [beganMs + i * hourMs, 29.5]),
  );
  assert.ok(data.length <= 42, 'the hours in which the agent was not there have no row');
  assert.equal(notice, undefined);
});

test('an instant of the past is read with offset and with @', async () => {
  const atSeconds = beganMs / 1000 + 30 * 60;
  for (const expr of [
    `snapshot_cpuUsage @ ${atSeconds}`,
    `snapshot_cpuUsage offset ${Math.round(Date.now() / 1000) - atSeconds}s`,
  ]) {
    const { data, warnings } = await instant(expr);
    assert.equal(data.result.length, 1, expr);
    assert.equal(data.result[0]!.metric.host, 'me');
    const value = Number(data.result[0]!.value![1]);
    assert.ok(value === 29 || value === 30 || value === 28, `${value}`);
    assert.equal(warnings, undefined);
  }
});

test('rates, percentiles and the largest values of the past are right', async () => {
  const [fromMs, toMs] = [beganMs + hourMs, beganMs + 3 * hourMs];
  const rate = await range('rate(http_requests_total{route=~"/.*"}[10m])', fromMs, toMs, '10m');
  for (const [, value] of rate.data.result[0]!.values!)
    assert.equal(Math.round(Number(value) * 100) / 100, 0.5);
  assert.equal(rate.data.result[0]!.values!.length, 13);
  const p95 = await range('http_duration_p95_ms', fromMs, toMs, '10m');
  assert.ok(
    p95.data.result[0]!.values!.every(([, value]) => value === '7'),
    'the larger one, never a mean',
  );
  const most = await range('max_over_time(snapshot_cpuUsage[1h])', fromMs, toMs, '1h');
  assert.deepEqual(
    most.data.result[0]!.values!.map(([, value]) => value),
    ['59', '59', '59'],
  );
  const none = await range('http_duration_p95_ms{route="/b"}', fromMs, toMs, '10m');
  assert.deepEqual(none.data.result, []);
});

test('a range over both is one series', async () => {
  const { data } = await range('snapshot_cpuUsage', beganMs, Date.now(), '1h');
  assert.equal(data.result.length, 1);
  assert.ok(data.result[0]!.values!.length >= 40);
});

test('while InfluxDB is away the answer is what the store has, and says so', async () => {
  await influx.stop();
  const { data, notice } = await historical();
  assert.ok(data.length >= 1 && data.length <= 2);
  assert.match(String(notice), /older than the store could not be read from influx: connection refused/);
  const past = await instant(`snapshot_cpuUsage @ ${beganMs / 1000 + 1800}`);
  assert.deepEqual(past.data.result, []);
  assert.match(String(past.warnings?.[0]), /older than the store could not be read/);
  const present = await instant('snapshot_cpuUsage');
  assert.equal(present.data.result.length, 1);
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { InfluxDB, Point } from '@influxdata/influxdb-client';
import type { ReadyReport } from '../../agent/ready-shape.ts';
import { runAgent, startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { influxQuery, startInflux, type TestServer, untilTrue } from '../support/servers.ts';
import '../support/watchdog.ts';

const run = promisify(execFile);
let influx: TestServer;
let agent: TestAgent;
/** A whole second of the last minutes, the same for all. */
const timeMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;

before(async () => {
  influx = await startInflux();
  agent = await startAgent({
    agent: { interval: '1s', tags: { host: 'here' } },
    ...{ queues: false, redis: false },
    influx: [{ url: influx.url, version: 1, database: 'test', flushInterval: '1s' }],
  });
});
after(async () => {
  await agent.stop();
  await influx.remove();
  await rm(agent.folder, { recursive: true, force: true });
});

/** `nova-agent query`: value of each label text at the newest time. */
async function queried(expr: string): Promise<Record<string, number>> {
  const args = ['query', expr, '--instant', '--format', 'json', '-c', agent.configFile];
  const { stdout, stderr } = await runAgent(args);
  assert.notEqual(stdout, '', stderr);
  const { result } = JSON.parse(stdout) as {
    result: { metric: Record<string, string>; value: [number, string] }[];
  };
  return Object.fromEntries(
    result.map(({ metric: { __name__, ...labels }, value }) => [JSON.stringify(labels), Number(value[1])]),
  );
}

/** The same from the InfluxDB that the agent delivers to, once it has it. */
async function delivered(
  measurement: string,
  field: string,
  series: number,
): Promise<Record<string, number>> {
  let found: Record<string, number> = {};
  await untilTrue(async () => {
    const answer = await influxQuery(influx.url, `SELECT last("${field}") FROM "${measurement}" GROUP BY *`);
    found = Object.fromEntries(
      answer.map(({ tags = {}, values }) => [
        JSON.stringify(Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ''))),
        Number(values[0]![1]),
      ]),
    );
    assert.equal(Object.keys(found).length, series);
  });
  return found;
}

/** Names in order, so that both ways of writing labels are one. */
function plain(values: Record<string, number>) {
  return Object.entries(values)
    .map(([labels, value]) => [Object.entries(JSON.parse(labels)).sort(), value])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

test('what the JavaScript client of InfluxDB writes is queried, and delivered on, as it was', async () => {
  const api = new InfluxDB({ url: agent.url, token: testToken }).getWriteApi('org', 'bucket', 'ms', {
    maxRetries: 0,
  });
  for (const [cpu, usage] of [
    ['cpu0', 12.5],
    ['cpu, 1=a', 99],
  ] as const) {
    const point = new Point('cpu').tag('cpu', cpu).floatField('usage', usage);
    api.writePoint(point.intField('idle', 3).booleanField('on', true).timestamp(timeMs));
  }
  await api.close();
  const expected = [
    [
      [
        ['cpu', 'cpu, 1=a'],
        ['host', 'here'],
      ],
      99,
    ],
    [
      [
        ['cpu', 'cpu0'],
        ['host', 'here'],
      ],
      12.5,
    ],
  ];
  assert.deepEqual(plain(await queried('cpu_usage')), expected);
  assert.deepEqual(plain(await delivered('cpu', 'usage', 2)), expected);
  assert.deepEqual(Object.values(await queried('cpu_idle + cpu_on')), [4, 4]);
});

test('what the influx command imports is queried and delivered on', async () => {
  const file = join(agent.folder, 'import.txt');
  const lines = Array.from(
    { length: 300 },
    (_, i) => `imported,of=file value=${i} ${timeMs / 1000 - 300 + i}`,
  );
  const head = ['# DML', '# CONTEXT-DATABASE: telegraf', '# CONTEXT-RETENTION-POLICY: autogen'];
  await writeFile(file, [...head, ...lines, ''].join('\n'));
  const { port } = new URL(agent.url);
  const { stdout, stderr } = await run('influx', [
    ...['-host', '127.0.0.1', '-port', port, '-username', 'anyone', '-password', testToken],
    ...['-import', `-path=${file}`, '-precision=s'],
  ]);
  assert.match(stdout + stderr, /300 inserts/);
  assert.deepEqual(plain(await queried('count_over_time(imported_value[10m])')), [
    [
      [
        ['host', 'here'],
        ['of', 'file'],
      ],
      300,
    ],
  ]);
  await untilTrue(async () => {
    const [series] = await influxQuery(influx.url, 'SELECT count(value), sum(value) FROM imported');
    assert.deepEqual(series?.values[0]?.slice(1), [300, (299 * 300) / 2]);
  });
});

test('what curl sends packed is there when it is answered, and bad lines of it are told', async () => {
  const { stdout } = await run('bash', [
    '-c',
    `printf 'curled value=1 ${timeMs}\\nbad\\nsystem load1=1 ${timeMs}\\ncurled text="a",value=2 ${timeMs + 1}' | gzip |
      curl -s -w '%{http_code}' -H 'Authorization: Token ${testToken}' -H 'Content-Encoding: gzip' \\
      --data-binary @- '${agent.url}/write?db=x&precision=ms'`,
  ]);
  assert.match(stdout, /^\{"error":"partial write: unable to parse 'bad': missing fields\\n/);
  assert.match(stdout, /measurement \\"system\\" is the agent's own\\n/);
  assert.match(stdout, /fields that are texts, or named time, are not stored: 1 dropped=2"\}400$/);
  assert.deepEqual(Object.values(await queried('curled_value')), [2]);
});

test('an expression reads what others write', async () => {
  const query = encodeURIComponent('cpu_usage{cpu="cpu0"} > 10');
  const answer = await fetch(`${agent.url}/api/v1/query?query=${query}`, {
    headers: { authorization: `Bearer ${testToken}` },
  });
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  assert.deepEqual(
    data.result.map(({ value }) => value[1]),
    ['12.5'],
  );
});

test('a hundred thousand points are stored while ticks come on time, and the ledger holds', async () => {
  const headers = { authorization: `Token ${testToken}` };
  const body = Array.from({ length: 100_000 }, (_, i) => `many,of=${i % 100} v=${i} ${timeMs - i}`).join(
    '\n',
  );
  const ticksBefore = (await ledgerOf()).collected;
  const answer = await fetch(`${agent.url}/write?precision=ms`, { method: 'POST', body, headers });
  assert.equal(answer.status, 204, await answer.text());
  await untilTrue(async () => {
    const { collected, delivered, waiting, quarantined, dropped } = await ledgerOf();
    assert.ok(collected >= ticksBefore + 100_000);
    assert.deepEqual([quarantined, dropped], [0, {}]);
    assert.equal(collected, delivered + waiting);
    const [series] = await influxQuery(influx.url, 'SELECT count(v) FROM many');
    assert.equal(series?.values[0]?.[1], 100_000);
  }, 60_000);

  async function ledgerOf() {
    const { ledger } = (await agent.ready()) as ReadyReport;
    return ledger[0]!;
  }
});

test('what was answered 204 outlives a kill', async () => {
  const headers = { authorization: `Token ${testToken}` };
  const body = `killed v=7 ${timeMs}`;
  const answer = await fetch(`${agent.url}/write?precision=ms`, { method: 'POST', body, headers });
  assert.equal(answer.status, 204);
  await agent.stop('SIGKILL');
  assert.deepEqual(Object.values(await queried('killed_v')), [7]);
});

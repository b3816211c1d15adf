import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, serve, type TestServer, temporaryFolder } from '../support/servers.ts';

/** A real Prometheus that takes samples by remote write and reads its rules from `rules.yml` in its folder. */
export interface PrometheusPeer extends TestServer {
  /** Rows with a value of each series. */
  write(series: readonly WrittenSeries[], rows: readonly WrittenRow[]): Promise<void>;
  /** The answer to a range query, as JSON. */
  range(expr: string, startMs: number, endMs: number, stepMs: number): Promise<string>;
  /** Replaces its rules. */
  useRules(yaml: string): Promise<void>;
  /** One value of its own /metrics, by the beginning of its line. */
  metric(start: string): Promise<number>;
  firing(): Promise<number>;
}

export interface WrittenRow {
  readonly timeMs: number;
  readonly values: Float64Array;
}

/** The labels of a series as a `TimeSeries` message begins with them. */
export type WrittenSeries = Buffer;

export async function startPrometheus(): Promise<PrometheusPeer> {
  const folder = await temporaryFolder('nova-prometheus-');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'rules.yml'), 'groups: []\n');
  await writeFile(join(folder, 'prometheus.yml'), 'rule_files: [rules.yml]\n');
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--web.enable-lifecycle',
    '--log.level=error',
  ];
  const server = await serve('prometheus', args, port, folder, url, async () => {
    await ask(`${url}/-/ready`);
  });
  return Object.assign(server, {
    write: async (series: readonly WrittenSeries[], rows: readonly WrittenRow[]) => {
      const body = snappyStored(writeRequest(series, rows));
      const headers = { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf' };
      await ask(`${url}/api/v1/write`, { method: 'POST', headers, body });
    },
    range: (expr: string, startMs: number, endMs: number, stepMs: number) => {
      const times = { start: `${startMs / 1000}`, end: `${endMs / 1000}`, step: `${stepMs / 1000}` };
      const body = new URLSearchParams({ query: expr, ...times });
      return ask(`${url}/api/v1/query_range`, { method: 'POST', body });
    },
    useRules: async (yaml: string) => {
      await writeFile(join(folder, 'rules.yml'), yaml);
      await ask(`${url}/-/reload`, { method: 'POST' });
    },
    metric: async (start: string) => {
      const text = await ask(`${url}/metrics`);
      const line = text.split('\n').find((each) => each.startsWith(start));
      return Number(line?.slice(line.lastIndexOf(' ')) ?? Number.NaN);
    },
    firing: async () => {
      const answer = await ask(`${url}/api/v1/alerts`);
      const { alerts } = (JSON.parse(answer) as { data: { alerts: { state: string }[] } }).data;
      return alerts.filter(({ state }) => state === 'firing').length;
    },
  });
}

async function ask(url: string, request?: RequestInit): Promise<string> {
  const answer = await fetch(url, request);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Prometheus: status ${answer.status}: ${text}`);
  return text;
}

/** Labels as protobuf, sorted by name: `repeated Label labels = 1` with name = 1 and value = 2 (prompb/types.proto). */
export function writtenSeries(labels: Readonly<Record<string, string>>): WrittenSeries {
  const names = Object.keys(labels).sort();
  return Buffer.concat(
    names.map((name) =>
      field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(labels[name]!))])),
    ),
  );
}

/** `WriteRequest`: `repeated TimeSeries timeseries = 1` (prompb/remote.proto). */
function writeRequest(series: readonly WrittenSeries[], rows: readonly WrittenRow[]): Buffer {
  const messages = series.map((labels, i) =>
    field(1, Buffer.concat([labels, ...rows.map(({ timeMs, values }) => sample(timeMs, values[i]!))])),
  );
  return Buffer.concat(messages);
}

/** `repeated Sample samples = 2`: value = 1 as a double, timestamp = 2 as a varint. */
function sample(timeMs: number, value: number): Buffer {
  const double = Buffer.alloc(9);
  double[0] = 0x09;
  double.writeDoubleLE(value, 1);
  return field(2, Buffer.concat([double, Buffer.of(0x10), varint(timeMs)]));
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Snappy's block format with literals only: https://github.com/google/snappy/blob/main/format_description.txt */
function snappyStored(bytes: Buffer): Buffer<ArrayBuffer> {
  const parts = [varint(bytes.length)];
  for (let at = 0; at < bytes.length; at += 65_536) {
    const literal = bytes.subarray(at, at + 65_536);
    const last = literal.length - 1;
    parts.push(Buffer.of(61 << 2, last & 255, last >> 8), literal);
  }
  return Buffer.concat(parts);
}

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { type BuiltAgent, buildAgent } from '../support/built-agent.ts';
import { influxQuery, temporaryFolder } from '../support/servers.ts';
import { startPeer } from './influx-peer.ts';
import { median, type Row, valueAtMost } from './row.ts';
import { SignalSource } from './signals.ts';
import { fillBoth } from './store-filling.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const days = 30;
const steps = 600;
const stepMs = (days * dayMs) / steps;
const rounds = 60;
const peerRounds = 5;
const warmUpRounds = 30;
const measurement = 'system';
const field = 'cpu_usage_percent';

type Values = readonly (readonly [number, number])[];

/** 30 days of one series, 600 points, asked over HTTP of a running agent and of InfluxDB 1.6.7 with the same samples. */
export async function* history(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-bench-');
  const influx = await startPeer();
  let agent: TestAgent | undefined;
  let built: BuiltAgent | undefined;
  try {
    await mkdir(join(folder, 'data'), { recursive: true, mode: 0o700 });
    const endMs = Math.floor(Date.now() / hourMs) * hourMs - hourMs;
    const startMs = endMs - days * dayMs;
    const filling = { path: join(folder, 'data', 'store.db'), database: 'month', startMs, endMs };
    await fillBoth(filling, influx, new SignalSource(0, { measurement, fields: [field] }));
    built = await buildAgent();
    const store = { retention: { raw: '60d' } };
    agent = await startAgent({ processes: [], queues: false, store }, { folder, main: built.main });
    const { url } = agent;
    const askPeer = async (): Promise<Values> => {
      const text = `SELECT mean("${field}") FROM "${measurement}" WHERE time >= ${startMs}ms AND time < ${endMs}ms
        GROUP BY time(${stepMs}ms, ${startMs % stepMs}ms)`;
      const [series] = await influxQuery(influx.url, text, 'month');
      return series!.values.map(([timeMs, mean]) => [Number(timeMs) + stepMs, Number(mean)]);
    };
    for (const [measure, expr, limitMs] of [
      ['the value at each time', `${measurement}_${field}`, 20],
      ['the mean of each step', `avg_over_time(${measurement}_${field}[${stepMs / 60_000}m])`, 100],
    ] as const) {
      const askUs = () => range(url, expr, startMs + stepMs, endMs);
      assertAgreement(measure, await askUs(), await askPeer(), expr.startsWith('avg'));
      for (let i = 0; i < warmUpRounds; i++) await askUs();
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let round = 0; round < peerRounds; round++) {
        for (let i = 0; i < rounds / peerRounds; i++) ours.push(await took(askUs));
        theirs.push(await took(askPeer));
      }
      const what = `30 days over HTTP, 600 points: ${measure}, ms`;
      yield valueAtMost('history', what, median(ours), ['InfluxDB, mean', median(theirs)], limitMs);
    }
  } finally {
    await agent?.stop();
    await built?.remove();
    await influx.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function range(url: string, expr: string, startMs: number, endMs: number): Promise<Values> {
  const span = { start: `${startMs / 1000}`, end: `${endMs / 1000}`, step: `${stepMs / 1000}` };
  const body = new URLSearchParams({ query: expr, ...span });
  const headers = { authorization: `Bearer ${testToken}` };
  const answer = await fetch(`${url}/api/v1/query_range`, { method: 'POST', body, headers });
  const { data, error } = (await answer.json()) as {
    readonly data?: { readonly result: readonly { readonly values: readonly [number, string][] }[] };
    readonly error?: string;
  };
  if (error !== undefined) throw new Error(error);
  return data!.result[0]!.values.map(([seconds, value]) => [seconds * 1000, Number(value)]);
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The same times; the same values where both are means of the step, else close on the whole. */
function assertAgreement(measure: string, ours: Values, theirs: Values, isMean: boolean): void {
  const differs = theirs.findIndex(
    ([timeMs, value], i) =>
      ours[i]?.[0] !== timeMs || (isMean && !(Math.abs(ours[i]![1] - value) < 0.02 * Math.max(1, value))),
  );
  if (ours.length === theirs.length && differs < 0) return;
  const where = `${ours.length} and ${theirs.length} steps, step ${differs}`;
  throw new Error(`history, ${measure}: ${where}: ${ours[differs]} is not ${theirs[differs]}`);
}

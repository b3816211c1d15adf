import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildLayout } from '../../workers/point/point.ts';
import { evaluateRange, type MatrixResult, type Select } from '../../workers/promql/index.ts';
import { MetricReader } from '../../workers/store/metric-reader.ts';
import { openReader } from '../../workers/store/reader.ts';
import { openStore } from '../../workers/store/store.ts';
import { temporaryFolder } from '../support/servers.ts';
import { cpuMsDuring, cpuMsOf } from './cost.ts';
import { type PrometheusPeer, startPrometheus, writtenSeries } from './prometheus-peer.ts';
import { atMost, median, type Row } from './row.ts';
import { labelsOfLayout } from './rules-made.ts';
import { keepAll } from './store-filling.ts';

const tickMs = 15_000;
const dayMs = 86_400_000;
const dayTicks = dayMs / tickMs;
const series = 100;
const rowsAWrite = 240;
const warmUpRounds = 3;
const rounds = 9;

interface RangeSeries {
  readonly metric: Record<string, string>;
  readonly values: readonly (readonly [number, string])[];
}

const layout = buildLayout(
  Array.from({ length: series }, (_, i) => ({
    measurement: 'work',
    tags: { worker: `w${i}`, group: `g${i % 10}` },
    fields: ['done_total'],
  })),
);

/** Questions about 24 h of 100 counters: from our store to the text of an answer, and Prometheus by HTTP. */
export async function* rangequery(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-rangequery-');
  const peer = await startPrometheus();
  const path = join(folder, 'store.db');
  const startMs = Date.now() - dayMs;
  await fill(path, peer, startMs);
  const reader = openReader(path);
  const metrics = new MetricReader(reader, 0);
  try {
    // Beside the samples: where ranges are closed at both ends they hold no more than elsewhere.
    const range = { startMs: startMs + 3_600_000 + 1000, endMs: startMs + dayMs - tickMs };
    for (const [expr, stepMs] of [
      ['sum by (group) (rate(work_done_total[5m]))', 60_000],
      ['sum by (group) (rate(work_done_total[5m]))', 15_000],
      ['rate(work_done_total[5m])', 60_000],
    ] as const) {
      const select: Select = (matchers, fromMs, toMs) => metrics.select(matchers, fromMs, toMs);
      const askUs = () => evaluateRange(expr, range.startMs, range.endMs, stepMs, select);
      yield* compare(
        `${expr} / ${stepMs / 1000} s`,
        () => JSON.stringify(shown(askUs())),
        () => peer.range(expr, range.startMs, range.endMs, stepMs),
        peer.process.pid!,
      );
    }
  } finally {
    reader.close();
    await peer.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(path: string, peer: PrometheusPeer, startMs: number): Promise<void> {
  const store = openStore(path, keepAll);
  const written = labelsOfLayout(layout).map(writtenSeries);
  const totals = new Float64Array(series);
  for (let tick = 0; tick < dayTicks; ) {
    const rows = Array.from({ length: rowsAWrite }, () => {
      totals.forEach((total, i) => {
        totals[i] = total + ((tick * 31 + i * 17) % (i + 5));
      });
      return { timeMs: startMs + tick++ * tickMs, values: totals.slice() };
    });
    for (const { timeMs, values } of rows)
      store.append(timeMs, [{ layout, values }], { lostPoints: 0, overflowPoints: 0 });
    await peer.write(written, rows);
  }
  while (store.compact(startMs + dayMs).more);
  store.close();
}

async function* compare(
  expr: string,
  askUs: () => string,
  askPeer: () => Promise<string>,
  peerPid: number,
): AsyncGenerator<Row> {
  assertAgreement(expr, JSON.parse(askUs()) as RangeSeries[], resultOf(await askPeer()));
  for (let i = 0; i < warmUpRounds; i++) {
    askUs();
    await askPeer();
  }
  const ours = { tookMs: [] as number[], cpuMs: 0 };
  const theirs = { tookMs: [] as number[], cpuMs: 0 };
  for (let i = 0; i < rounds; i++) {
    ours.cpuMs += await cpuMsDuring(() => {
      const began = performance.now();
      askUs();
      ours.tookMs.push(performance.now() - began);
    });
    const cpuBefore = cpuMsOf(peerPid);
    const began = performance.now();
    await askPeer();
    theirs.tookMs.push(performance.now() - began);
    theirs.cpuMs += cpuMsOf(peerPid) - cpuBefore;
  }
  yield atMost('rangequery', `${expr}, ms`, median(ours.tookMs), ['Prometheus', median(theirs.tookMs)], 1);
  yield atMost('rangequery', '… CPU ms', ours.cpuMs / rounds, ['Prometheus', theirs.cpuMs / rounds], 1);
}

function resultOf(answer: string): RangeSeries[] {
  return (JSON.parse(answer) as { data: { result: RangeSeries[] } }).data.result;
}

/** As Prometheus' HTTP API writes it. */
function shown({ series: found }: MatrixResult): RangeSeries[] {
  return found.map(({ labels, timestampsMs, values }) => ({
    metric: labels,
    values: Array.from(values, (value, i) => [timestampsMs[i]! / 1000, `${value}`] as const),
  }));
}

function assertAgreement(expr: string, ours: readonly RangeSeries[], theirs: readonly RangeSeries[]): void {
  const key = ({ metric }: RangeSeries) => JSON.stringify(Object.entries(metric).sort());
  const wanted = new Map(theirs.map((each) => [key(each), each.values]));
  const differs = ours.find((each) => {
    const others = wanted.get(key(each)) ?? [];
    const isSame = ([timeMs, value]: readonly [number, string], i: number) =>
      others[i]?.[0] === timeMs &&
      Math.abs(Number(others[i][1]) - Number(value)) <= 1e-9 * Math.abs(Number(value));
    return others.length !== each.values.length || !each.values.every(isSame);
  });
  if (ours.length === wanted.size && ours.length > 0 && !differs) return;
  throw new Error(
    `${expr}: ${ours.length} and ${wanted.size} series, ${JSON.stringify(differs)?.slice(0, 200)}`,
  );
}

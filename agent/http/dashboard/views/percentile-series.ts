import { getJson, type Series } from '../api.ts';
import { agentNow } from '../live.ts';
import type { ChartSeries } from '../parts/index.ts';
import { leastOfStepMs, type Span } from '../time-range.ts';

type Field = 'p50' | 'p95' | 'p99';

interface Step {
  readonly timestamp: string;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

interface Group {
  readonly rows: readonly Step[];
}

interface Answered {
  readonly rows: readonly Step[];
  /** The rows are of the time before. */
  readonly untilMs: number;
}

interface Asked {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly answer: Promise<Answered>;
}

/** Percentiles are merged by minutes. */
const leastStepMs = 60_000;

/**
 * p50, p95 and p99 of a chart, from merged histograms: never means of percentiles. `tags` are those of the
 * measurement; undefined ones are any.
 */
export function percentileSeries(
  measurement: 'http' | 'db' | 'job',
  tags: Readonly<Record<string, string | undefined>>,
): readonly ChartSeries[] {
  let last: Asked | undefined;
  const answerOf = (span: Span, stepMs: number, signal: AbortSignal) => {
    const key = `${span.fromMs} ${span.toMs} ${stepMs}`;
    // The three lines of a chart come from one answer; what another chart asked may end with that one.
    if (last?.key === key && last.signal === signal) return last.answer;
    const asked: Asked = { key, signal, answer: askRows(measurement, tags, span, stepMs, signal) };
    last = asked;
    // Asked again, it may well succeed.
    asked.answer.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked.answer;
  };
  const line = (label: string, field: Field, colour: number): ChartSeries => ({
    label,
    colour,
    loadKey: JSON.stringify([measurement, tags]),
    load: async (span, stepMs, signal) => {
      const { rows, untilMs } = await answerOf(span, stepMs, signal);
      if (rows.length === 0) return [];
      const values = rows.map((row) => [Date.parse(row.timestamp), row[field]] as const);
      return [seriesOf(values, span, stepMs, untilMs)];
    },
  });
  return [line('p50', 'p50', 1), line('p95', 'p95', 2), line('p99', 'p99', 3)];
}

async function askRows(
  measurement: string,
  tags: Readonly<Record<string, string | undefined>>,
  { fromMs, toMs }: Span,
  stepMs: number,
  signal: AbortSignal,
): Promise<Answered> {
  const step = mergedStepMs(stepMs);
  // The step in which the span ends counts whole, or as far as it is over.
  const untilMs = Math.min(Math.ceil(toMs / step) * step, agentNow());
  const params = {
    ...tags,
    measurement,
    limit: 1,
    // The first point is of what comes before it, and of the step before while its own is too short.
    since: new Date(Math.floor(fromMs / step) * step - step).toISOString(),
    until: new Date(untilMs).toISOString(),
    step: `${step / 1000}s`,
  };
  const { data } = await getJson<{ data: readonly Group[] }>('/api/monitoring/percentiles', params, signal);
  return { rows: data[0]?.rows ?? [], untilMs };
}

/** The least whole number of minutes that is not below the step of the chart. */
function mergedStepMs(stepMs: number): number {
  return Math.max(leastStepMs, Math.ceil(stepMs / leastStepMs) * leastStepMs);
}

/**
 * Values of minutes, each at all the steps of a chart that end in it. `rows`: when they begin, and their values, known
 * up to `untilMs`. Where too little of the newest is over, the value before stands.
 */
export function seriesOf(
  rows: readonly (readonly [number, number | null])[],
  { fromMs, toMs }: Span,
  stepMs: number,
  untilMs: number,
): Series {
  const rowMs = mergedStepMs(stepMs);
  const values = new Map(rows);
  const valueAt = (timeMs: number) => {
    const rowFromMs = Math.ceil(timeMs / rowMs) * rowMs - rowMs;
    const isOver = untilMs - rowFromMs >= leastOfStepMs(rowMs);
    return values.get(isOver ? rowFromMs : rowFromMs - rowMs) ?? null;
  };
  const count = Math.floor((toMs - fromMs) / stepMs) + 1;
  const timesMs = Array.from({ length: count }, (_, at) => fromMs + at * stepMs);
  return { labels: {}, timesMs, values: timesMs.map(valueAt) };
}

import { getJson, type Series } from '../api.ts';
import type { ChartSeries } from '../parts/index.ts';
import type { Span } from '../time-range.ts';

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

interface Asked {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly rows: Promise<readonly Step[]>;
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
  const rowsOf = (span: Span, stepMs: number, signal: AbortSignal) => {
    const key = `${span.fromMs} ${span.toMs} ${stepMs}`;
    // The three lines of a chart come from one answer; what another chart asked may end with that one.
    if (last?.key === key && last.signal === signal) return last.rows;
    const asked: Asked = { key, signal, rows: askRows(measurement, tags, span, stepMs, signal) };
    last = asked;
    // Asked again, it may well succeed.
    asked.rows.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked.rows;
  };
  const line = (label: string, field: Field, colour: number): ChartSeries => ({
    label,
    colour,
    loadKey: JSON.stringify([measurement, tags]),
    load: async (span, stepMs, signal) => {
      const rows = await rowsOf(span, stepMs, signal);
      if (rows.length === 0) return [];
      const values = rows.map((row) => [Date.parse(row.timestamp), row[field]] as const);
      return [seriesOf(values, span, stepMs)];
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
): Promise<readonly Step[]> {
  const step = mergedStepMs(stepMs);
  const params = {
    ...tags,
    measurement,
    limit: 1,
    since: new Date(Math.floor(fromMs / step) * step).toISOString(),
    until: new Date(toMs + 1).toISOString(),
    step: `${step / 1000}s`,
  };
  const { data } = await getJson<{ data: readonly Group[] }>('/api/monitoring/percentiles', params, signal);
  return data[0]?.rows ?? [];
}

/** The least whole number of minutes that is not below the step of the chart. */
function mergedStepMs(stepMs: number): number {
  return Math.max(leastStepMs, Math.ceil(stepMs / leastStepMs) * leastStepMs);
}

/** Values of minutes, each at all the steps of a chart that lie in it. `rows`: when they begin, and their values. */
export function seriesOf(
  rows: readonly (readonly [number, number | null])[],
  { fromMs, toMs }: Span,
  stepMs: number,
): Series {
  const rowMs = mergedStepMs(stepMs);
  const values = new Map(rows);
  const count = Math.floor((toMs - fromMs) / stepMs) + 1;
  const timesMs = Array.from({ length: count }, (_, at) => fromMs + at * stepMs);
  return {
    labels: {},
    timesMs,
    values: timesMs.map((timeMs) => values.get(Math.floor(timeMs / rowMs) * rowMs) ?? null),
  };
}

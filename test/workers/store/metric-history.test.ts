import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildLayout } from '../../../workers/point/point.ts';
import { evaluateInstant, evaluateRange, type QueryResult } from '../../../workers/promql/index.ts';
import { MetricHistory } from '../../../workers/store/metric-history.ts';
import { MetricReader } from '../../../workers/store/metric-reader.ts';
import { compactAll, dayStartMs, hourMs, nothingElse, storeFor } from './fixture.ts';

const minuteMs = 60_000;
const tickMs = 20_000;
const layout = buildLayout([
  { measurement: 'load', tags: {}, fields: ['now'] },
  { measurement: 'work', tags: {}, fields: ['done_total'] },
]);

/** Six hours: a value that is the minute of its time and then 10 more, 20 more; a counter that grows by one a tick. */
const filled = storeFor({ after });
{
  const store = filled.open();
  for (let i = 0; i < (6 * hourMs) / tickMs; i++) {
    const values = Float64Array.of(Math.floor(i / 3) + (i % 3) * 10, i);
    store.append(dayStartMs + i * tickMs, [{ layout, values }], nothingElse);
  }
  compactAll(store, dayStartMs + 7 * hourMs);
}

function stage(kept: { rawFromMs?: number; minutesFromMs?: number } = {}) {
  const reader = filled.read();
  let touched = 0;
  const history = new MetricHistory(reader, new MetricReader(reader, 0), {
    ...{ rawFromMs: 0, minutesFromMs: 0, intervalMs: tickMs, staleAfterTicks: 5, commonTags: {}, ...kept },
    touch: (samples) => {
      touched += samples;
    },
  });
  const select = history.select.bind(history);
  return {
    history,
    touched: () => touched,
    range: (expr: string, fromMs: number, toMs: number, stepMs: number) =>
      valuesOf(evaluateRange(expr, dayStartMs + fromMs, dayStartMs + toMs, stepMs, select)),
    instant: (expr: string, atMs: number) => evaluateInstant(expr, dayStartMs + atMs, select),
  };
}

function valuesOf(result: QueryResult): number[] {
  return result.type === 'matrix' ? result.series.flatMap(({ values }) => [...values]) : [];
}

test('values wanted close together are single samples', () => {
  const { range } = stage();
  assert.deepEqual(range('load_now', hourMs, hourMs + minuteMs, tickMs), [60, 70, 80, 61]);
});

test('values wanted 5 minutes apart are means of the minute that ended last, of a counter its maximum', () => {
  const { range } = stage();
  assert.deepEqual(range('load_now', 50 * minuteMs, hourMs, 5 * minuteMs), [59, 64, 69]);
  assert.deepEqual(range('work_done_total', 55 * minuteMs, hourMs, 5 * minuteMs), [164, 179]);
});

test('values wanted an hour apart are means of the hour that ended last', () => {
  const { range } = stage();
  assert.deepEqual(range('load_now', 2 * hourMs, 4 * hourMs, hourMs), [99.5, 159.5, 219.5]);
});

test('the newest hour, which is not over, is read from single samples', () => {
  const { range } = stage();
  const endMs = 5 * hourMs + 40 * minuteMs;
  assert.deepEqual(range('load_now', endMs - hourMs, endMs, hourMs), [219.5, 340]);
});

test('where single samples are kept no longer the minute that ended last stands in, then the hour', () => {
  const { range } = stage({
    rawFromMs: dayStartMs + 4 * hourMs,
    minutesFromMs: dayStartMs + 2 * hourMs,
  });
  const stepMs = 30_000;
  assert.deepEqual(range('load_now', hourMs + 1000, hourMs + 1000 + stepMs, stepMs), [39.5, 39.5]);
  assert.deepEqual(
    range('load_now', 3 * hourMs + 1000, 3 * hourMs + 1000 + 2 * stepMs, stepMs),
    [189, 189, 190],
  );
  assert.deepEqual(range('load_now', 5 * hourMs + 1000, 5 * hourMs + 1000 + stepMs, stepMs), [300, 310]);
});

test('a range over minutes takes what the function wants of each', () => {
  const { instant } = stage({ rawFromMs: dayStartMs + 6 * hourMs });
  const at = (expr: string) => {
    const result = instant(expr, 2 * hourMs);
    return result.type === 'vector' ? result.samples[0]?.value : undefined;
  };
  assert.equal(at('max_over_time(load_now[10m])'), 119 + 20);
  assert.equal(at('min_over_time(load_now[10m])'), 110);
  assert.equal(at('avg_over_time(load_now[10m])'), 114.5 + 10);
  assert.equal(at('sum_over_time(load_now[10m])'), (114.5 + 10) * 30);
  assert.equal(at('increase(work_done_total[1h]) / 180'), 1);
});

test('a function of single samples over minutes is noticed', () => {
  const { history, instant } = stage({ rawFromMs: dayStartMs + 6 * hourMs });
  instant('max_over_time(load_now[10m])', 2 * hourMs);
  assert.equal(history.isCoarse, false);
  instant('count_over_time(load_now[10m])', 2 * hourMs);
  assert.equal(history.isCoarse, true);
});

test('what is read is told before it is used', () => {
  const { instant, touched } = stage();
  instant('count_over_time(load_now[1h])', 2 * hourMs);
  assert.equal(touched(), 180);
});

test('a time before everything finds nothing', () => {
  const { range } = stage();
  assert.deepEqual(range('load_now', -1e12, -1e12 + 10 * hourMs, hourMs), []);
});

test('of histograms of durations the increase is there, and other uses are noticed', () => {
  const { history, instant } = stage();
  instant('rate(http_duration_seconds_bucket[5m])', hourMs);
  assert.equal(history.isAbsolute, false);
  instant('http_duration_seconds_bucket', hourMs);
  assert.equal(history.isAbsolute, true);
});

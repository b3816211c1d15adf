import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { DurationHistograms } from '../../../workers/contract/events.ts';
import { durationBucket, sketchKey } from '../../../workers/events/duration-bucket.ts';
import { seriesKey } from '../../../workers/point/point.ts';
import { evaluateInstant, evaluateRange } from '../../../workers/promql/index.ts';
import { durationMetricName } from '../../../workers/store/duration-metrics.ts';
import { compactAll, dayStartMs, nothingElse, storeFor } from './fixture.ts';

const minuteMs = 60_000;
const filled = storeFor({ after });
const key = (route: string) =>
  seriesKey('http', { process: 'crm', route, method: 'GET', status: '2xx' }, 'duration_us');

/** Durations of one tick in microseconds, by series. */
function histograms(durationsUs: Readonly<Record<string, readonly number[]>>): DurationHistograms {
  const lists = Object.values(durationsUs);
  const starts = [0];
  for (const list of lists) starts.push(starts.at(-1)! + list.length);
  return {
    keys: Object.keys(durationsUs).map(key),
    starts: Uint32Array.from(starts),
    buckets: Uint32Array.from(lists.flat(), (us) => sketchKey(durationBucket(us))),
    counts: new Uint32Array(starts.at(-1)!).fill(1),
    sums: Float64Array.from(lists, (list) => list.reduce((sum, us) => sum + us, 0)),
    maxima: Float64Array.from(lists, (list) => Math.max(...list)),
  };
}

/** 20 minutes of four ticks each: /a in 900 µs and 3 s, /b once in the tenth minute. */
{
  const store = filled.open();
  for (let i = 0; i < 80; i++) {
    const durations = { '/a': [900, 3_000_000], ...(i === 40 && { '/b': [63_000, 64_000] }) };
    store.append(dayStartMs + i * 15_000, [], nothingElse, {
      histograms: histograms(durations),
      errorGroups: [],
      kept: [],
    });
  }
  compactAll(store, dayStartMs + 3 * 60 * minuteMs);
}

type Sampled = ReadonlyMap<string, readonly number[]>;

function values(expr: string, atMs: number, sampled: Sampled = new Map()) {
  const reader = filled.read();
  const result = evaluateInstant(expr, dayStartMs + atMs, (matchers, startMs, endMs, hints) =>
    reader.durationMetrics({
      ...{ name: durationMetricName(matchers)!, matchers, startMs, endMs },
      ...{ rangeMs: hints!.rangeMs, sampled, commonTags: { host: 'h' }, touch: () => {} },
    }),
  );
  assert.equal(result.type, 'vector');
  return result.type === 'vector'
    ? Object.fromEntries(result.samples.map(({ labels, value }) => [labels.le ?? labels.route ?? '', value]))
    : {};
}

test('the increase of buckets is what was counted below their bounds', () => {
  const found = values(
    'increase(http_duration_seconds_bucket{route="/a", le=~"0.000.*|0.001|1.024|4.096|.Inf"}[10m])',
    15 * minuteMs,
  );
  const counts = Object.entries(found).map(([le, value]) => [le, Math.round(value)]);
  assert.deepEqual(Object.fromEntries(counts), {
    '0.000125': 0,
    '0.00025': 0,
    '0.0005': 0,
    '0.001': 40,
    '1.024': 40,
    '4.096': 80,
    '+Inf': 80,
  });
});

test('a quantile over them lies in the bucket that it should', () => {
  const found = values(
    'histogram_quantile(0.9, sum by (le) (rate(http_duration_seconds_bucket{route="/a"}[10m])))',
    15 * minuteMs,
  );
  assert.ok(found['']! > 2.048 && found['']! <= 4.096, JSON.stringify(found));
});

test('sum and count have their own increase', () => {
  const count = values('increase(http_duration_seconds_count{route="/a"}[10m])', 15 * minuteMs);
  assert.equal(Math.round(count['/a']!), 80);
  const mean = values(
    'rate(http_duration_seconds_sum{route="/a"}[10m]) / rate(http_duration_seconds_count{route="/a"}[10m])',
    15 * minuteMs,
  );
  assert.ok(Math.abs(mean['/a']! - 1.50045) < 1e-9);
});

test('a series that came once is counted once, from nothing', () => {
  const found = values(
    'increase(http_duration_seconds_bucket{route="/b", le=~"0.064|0.128"}[10m])',
    15 * minuteMs,
  );
  assert.ok(found['0.064']! > 0.9 && found['0.064']! < 1.3, JSON.stringify(found));
  assert.ok(found['0.128']! > 1.8 && found['0.128']! < 2.6, JSON.stringify(found));
});

test('matchers choose by every label, the common ones too', () => {
  const at = (matchers: string) =>
    Object.keys(values(`rate(http_duration_seconds_count{${matchers}}[15m])`, 15 * minuteMs));
  assert.deepEqual(at('host="h",method="GET"').sort(), ['/a', '/b']);
  assert.deepEqual(at('host="other"'), []);
  assert.deepEqual(at('le="1"'), []);
  assert.deepEqual(at('route!="/a"'), ['/b']);
});

test('where a series was not known yet it has no increase, not one of 0', () => {
  const routes = (atMs: number) => Object.keys(values('rate(http_duration_seconds_count[5m])', atMs)).sort();
  assert.deepEqual(routes(0), []);
  assert.deepEqual(routes(9 * minuteMs), ['/a']);
  assert.deepEqual(routes(12 * minuteMs), ['/a', '/b']);
});

test('a series that is known has an increase of 0 while nothing happens, and none before it came', () => {
  const reader = filled.read();
  const result = evaluateRange(
    'increase(http_duration_seconds_count{route="/b"}[5m])',
    dayStartMs + 8 * minuteMs,
    dayStartMs + 18 * minuteMs,
    5 * minuteMs,
    (matchers, startMs, endMs, hints) =>
      reader.durationMetrics({
        ...{ name: durationMetricName(matchers)!, matchers, startMs, endMs, sampled: new Map() },
        ...{ rangeMs: hints!.rangeMs, commonTags: {}, touch: () => {} },
      }),
  );
  assert.equal(result.type, 'matrix');
  const [series] = result.type === 'matrix' ? result.series : [];
  assert.deepEqual([...series!.timestampsMs], [dayStartMs + 13 * minuteMs, dayStartMs + 18 * minuteMs]);
  assert.deepEqual([series!.values[0]! > 0, series!.values[1]], [true, 0]);
});

test('while its process was not sampled a series has no samples', () => {
  // Of 20 minutes from the begin of the range on: 5 with the process, then none.
  const sampled = new Map([['crm', Array.from({ length: 20 }, (_, i) => (i < 5 ? 4 : 0))]]);
  const count = 'count(count_over_time(http_duration_seconds_count{route="/a"}[20m]))';
  assert.deepEqual(values(count, 20 * minuteMs, sampled), { '': 1 });
  const samples = values(
    'count_over_time(http_duration_seconds_count{route="/a"}[20m])',
    20 * minuteMs,
    sampled,
  );
  assert.deepEqual(samples, { '/a': 5 });
});

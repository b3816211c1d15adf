import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLayout, type Tags } from '../../../workers/point/point.ts';
import type { Store } from '../../../workers/store/store.ts';
import { compactAll, dayStartMs, hourMs, nothingElse, storeFor } from './fixture.ts';
import { sumOf, type Timed, timed } from './insides.ts';
import { randomNumbers } from './random.ts';

const day = { startMs: dayStartMs, endMs: dayStartMs + 24 * hourMs };
const untimed = { avgMs: null, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null };

interface Row {
  readonly tags: Tags;
  readonly values: Readonly<Record<string, number>>;
  readonly durationsUs?: readonly number[];
}

function append(store: Store, timeMs: number, measurement: string, rows: readonly Row[]): void {
  const layout = buildLayout(
    rows.map(({ tags, values }) => ({ measurement, tags, fields: Object.keys(values) })),
  );
  const values = Float64Array.from(rows.flatMap((row) => Object.values(row.values)));
  const series = rows.flatMap(({ tags, durationsUs }): Timed[] =>
    durationsUs ? [{ measurement, tags, durationsUs }] : [],
  );
  store.append(timeMs, [{ layout, values }], nothingElse, timed(...series));
}

test('counts come from the points and percentiles from the merged histograms', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const random = randomNumbers(1);
  const all: number[] = [];
  for (let t = 0; t < 26 * hourMs; t += 5 * 60_000) {
    const durationsUs = Array.from({ length: 20 }, () => 1000 + Math.floor(random() * 1e6));
    const isAsked = t >= 90 * 60_000 && t < 25.5 * hourMs;
    if (isAsked) all.push(...durationsUs);
    append(store, dayStartMs + t, 'http', [
      { tags: { route: '/a', status: '2xx' }, values: { requests: 20, errors: 0 }, durationsUs },
      { tags: { route: '/a', status: '5xx' }, values: { requests: 3, errors: 3 } },
    ]);
    compactAll(store, dayStartMs + t);
  }
  const range = { startMs: dayStartMs + 1.5 * hourMs, endMs: dayStartMs + 25.5 * hourMs };
  const [row, ...others] = read().seriesStats({ measurement: 'http', by: ['route'], ...range });
  assert.deepEqual(others, []);
  assert.deepEqual(
    { ...row!.tags, count: row!.count, errors: row!.errors, slow: row!.slow },
    { route: '/a', count: 288 * 23, errors: 288 * 3, slow: 0 },
  );
  const sorted = all.sort((a, b) => a - b);
  assert.equal(row!.maxMs, sorted.at(-1)! / 1000);
  assert.ok(Math.abs(row!.avgMs! - sumOf(all) / all.length / 1000) < 1e-9);
  for (const [q, foundMs] of [
    [0.5, row!.p50Ms],
    [0.95, row!.p95Ms],
    [0.99, row!.p99Ms],
  ] as const) {
    const exactMs = sorted[Math.ceil(q * sorted.length) - 1]! / 1000;
    assert.ok(Math.abs(foundMs! - exactMs) <= exactMs * 0.01, `${q}: ${foundMs} for ${exactMs}`);
  }
});

test('each measurement is counted by its own field', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  append(store, dayStartMs, 'db', [
    { tags: { model: 'User', operation: 'findMany' }, values: { queries: 7, errors: 2, slow: 1, other: 9 } },
    { tags: { operation: 'SELECT' }, values: { queries: 4, errors: 0, slow: 0 } },
  ]);
  append(store, dayStartMs + 1, 'socket', [
    { tags: { process: 'p' }, values: { connections: 50, events: 6 } },
  ]);
  append(store, dayStartMs + 2, 'job', [{ tags: { queue: 'q' }, values: { runs: 5, errors: 1 } }]);
  const reader = read();
  assert.deepEqual(reader.seriesStats({ measurement: 'db', by: ['model'], ...day }), [
    { tags: { model: 'User' }, count: 7, errors: 2, slow: 1, ...untimed },
    { tags: {}, count: 4, errors: 0, slow: 0, ...untimed },
  ]);
  assert.deepEqual(reader.seriesStats({ measurement: 'socket', by: [], ...day }), [
    { tags: {}, count: 6, errors: 0, slow: 0, ...untimed },
  ]);
  assert.deepEqual(reader.seriesStats({ measurement: 'job', by: ['queue'], ...day }), [
    { tags: { queue: 'q' }, count: 5, errors: 1, slow: 0, ...untimed },
  ]);
});

test('a series without a value in the range has no row', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  append(store, dayStartMs, 'http', [{ tags: { route: '/old' }, values: { requests: 1 }, durationsUs: [5] }]);
  append(store, dayStartMs + hourMs, 'http', [
    { tags: { route: '/new' }, values: { requests: 0 } },
    { tags: { route: '/unknown' }, values: { requests: Number.NaN } },
  ]);
  const reader = read();
  const range = { startMs: dayStartMs + 1, endMs: dayStartMs + 2 * hourMs };
  assert.deepEqual(reader.seriesStats({ measurement: 'http', by: ['route'], ...range }), [
    { tags: { route: '/new' }, count: 0, errors: 0, slow: 0, ...untimed },
  ]);
});

test('no percentile lies above the highest value', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  // The lowest value of its bucket.
  const rows = [{ tags: {}, values: { requests: 1 }, durationsUs: [65_536] }];
  append(open(), dayStartMs, 'http', rows);
  const [row] = read().seriesStats({ measurement: 'http', by: [], ...day });
  assert.deepEqual([row!.p50Ms, row!.p99Ms, row!.maxMs, row!.avgMs], [65.536, 65.536, 65.536, 65.536]);
});

test('durations of which no point tells are counted by themselves', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const extras = timed({ measurement: 'job', tags: { queue: 'q' }, durationsUs: [1000, 3000] });
  open().append(dayStartMs, [], nothingElse, extras);
  const [row] = read().seriesStats({ measurement: 'job', by: ['queue'], ...day });
  assert.deepEqual([row!.tags, row!.count, row!.avgMs], [{ queue: 'q' }, 2, 2]);
});

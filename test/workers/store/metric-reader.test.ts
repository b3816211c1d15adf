import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { MetricReader } from '../../../workers/store/metric-reader.ts';
import { plainSamples } from '../ring/metric-model.ts';
import { compactAll, dayStartMs, hourMs, nothingElse, storeFor } from './fixture.ts';

const points: PointKey[] = [
  { measurement: 'http', tags: { route: '/a', method: 'GET' }, fields: ['requests', 'requests_total'] },
  { measurement: 'http', tags: { route: '/b', method: 'GET' }, fields: ['requests', 'requests_total'] },
  { measurement: 'system', tags: {}, fields: ['load1'] },
];
const layout = buildLayout(points);

/** Two hours of a value a minute and one more in each: requests of /a are 0 and 2, their total grows. */
function filledStore(context: Parameters<typeof storeFor>[0]) {
  const one = storeFor(context);
  const store = one.open();
  for (let i = 0; i < 240; i++) {
    const values = Float64Array.of(i % 2 === 0 ? 0 : 2, i, Number.NaN, Number.NaN, i / 10);
    if (i === 239) values.set([5, 5], 2);
    store.append(dayStartMs + i * 30_000, [{ layout, values }], nothingElse);
  }
  return { ...one, store };
}

test('a field of a measurement is a metric with the tags as labels', (context) => {
  const { read } = filledStore(context);
  const metrics = new MetricReader(read(), 0);
  const found = metrics.select(
    [
      { name: '__name__', op: '=', value: 'http_requests_total' },
      { name: 'route', op: '=~', value: '/[a-c]' },
    ],
    dayStartMs,
    dayStartMs + 60_000,
  );
  assert.equal(found.length, 1, 'a series without samples in the range is left out');
  const { labels, timestampsMs, values } = found[0]!;
  assert.deepEqual({ ...labels }, { __name__: 'http_requests_total', route: '/a', method: 'GET' });
  assert.deepEqual([...timestampsMs], [dayStartMs, dayStartMs + 30_000, dayStartMs + 60_000]);
  assert.deepEqual([...values], [0, 1, 2]);
});

test('a label that a series lacks is empty', (context) => {
  const { read } = filledStore(context);
  const metrics = new MetricReader(read(), 0);
  const range = [dayStartMs, dayStartMs + 1] as const;
  const names = (op: '=' | '!=') =>
    metrics.select([{ name: 'route', op, value: '' }], ...range).map(({ labels }) => labels.__name__);
  assert.deepEqual(names('='), ['system_load1']);
  assert.deepEqual(names('!='), ['http_requests', 'http_requests_total']);
});

test('before single samples begin a minute is one: the mean of a gauge, the maximum of a counter', (context) => {
  const { store, read } = filledStore(context);
  compactAll(store, dayStartMs + 3 * hourMs);
  const rawFromMs = dayStartMs + hourMs;
  const metrics = new MetricReader(read(), rawFromMs);
  const select = (name: string) =>
    metrics.select(
      [
        { name: '__name__', op: '=', value: name },
        { name: 'route', op: '=', value: '/a' },
      ],
      rawFromMs - 120_000,
      rawFromMs + 30_000,
    )[0]!;
  const gauge = select('http_requests');
  assert.deepEqual(
    [...gauge.timestampsMs].map((timeMs) => timeMs - rawFromMs),
    [-60_001, -1, 0, 30_000],
  );
  assert.deepEqual([...gauge.values], [1, 1, 0, 2]);
  assert.deepEqual([...select('http_requests_total').values], [117, 119, 120, 121]);
});

test('the field recorded is the metric of the measurement', (context) => {
  const { open, read } = storeFor(context);
  const recorded = buildLayout([{ measurement: 'job:rate', tags: { job: 'a' }, fields: ['recorded'] }]);
  open().append(dayStartMs, [{ layout: recorded, values: Float64Array.of(7) }], nothingElse);
  const found = new MetricReader(read(), 0).select(
    [{ name: '__name__', op: '=', value: 'job:rate' }],
    dayStartMs,
    dayStartMs,
  );
  assert.deepEqual(
    found.map(({ labels, values }) => [{ ...labels }, [...values]]),
    [[{ __name__: 'job:rate', job: 'a' }, [7]]],
  );
});

test('a reader that is in use for long notices new series, and keeps the labels of the others', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  const metrics = new MetricReader(read(), 0);
  const all = [{ name: '__name__', op: '=~', value: 'm_.+' }] as const;
  const select = () => metrics.select(all, dayStartMs, dayStartMs + hourMs);
  assert.deepEqual(select(), []);
  for (let i = 0; i < 3; i++) {
    const before = select();
    const grown = buildLayout([{ measurement: 'm', tags: {}, fields: [`f${i}`] }]);
    store.append(dayStartMs + i, [{ layout: grown, values: Float64Array.of(i) }], nothingElse);
    const after = select();
    assert.equal(after.length, i + 1);
    before.forEach(({ labels }, n) => {
      assert.equal(after[n]!.labels, labels);
    });
  }
});

test('a series that ticks went on without has ended, in chunks as in ticks', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const layout = buildLayout([{ measurement: 'm', tags: {}, fields: ['steady', 'away'] }]);
  for (let i = 0; i < 12; i++) {
    const away = i >= 3 && i < 8 ? Number.NaN : i;
    store.append(dayStartMs + i * 1000, [{ layout, values: Float64Array.of(i, away) }], nothingElse);
  }
  const metrics = new MetricReader(read(), 0);
  const away = [{ name: '__name__', op: '=', value: 'm_away' }] as const;
  const steady = [{ name: '__name__', op: '=', value: 'm_steady' }] as const;
  const select = (matchers: typeof away | typeof steady, endMs: number, staleAfterTicks?: number) =>
    metrics
      .select(matchers, dayStartMs, dayStartMs + endMs, staleAfterTicks)
      .map((series) =>
        plainSamples(series).map(([timeMs, value]) => [(timeMs - dayStartMs) / 1000, value]),
      )[0];
  for (const compacted of [false, true]) {
    if (compacted) compactAll(store, dayStartMs + 3 * hourMs);
    const before = [
      [0, 0],
      [1, 1],
      [2, 2],
    ];
    const after = [
      [8, 8],
      [9, 9],
      [10, 10],
      [11, 11],
    ];
    assert.deepEqual(select(away, 11_000, 4), [...before, [3, 'end'], ...after]);
    assert.deepEqual(select(away, 11_000, 5), [...before, ...after]);
    assert.deepEqual(select(away, 11_000), [...before, ...after]);
    assert.deepEqual(select(away, 7000, 4), [...before, [3, 'end']]);
    assert.equal(select(steady, 11_000, 0)!.length, 12);
  }
});

test('where the agent itself was away, nothing has ended', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  const layout = buildLayout([{ measurement: 'm', tags: {}, fields: ['v'] }]);
  for (const timeMs of [0, 1000, 900_000, 901_000])
    store.append(dayStartMs + timeMs, [{ layout, values: Float64Array.of(1) }], nothingElse);
  const metrics = new MetricReader(read(), 0);
  const [series] = metrics.select(
    [{ name: '__name__', op: '=', value: 'm_v' }],
    dayStartMs,
    dayStartMs + hourMs,
    0,
  );
  assert.equal(plainSamples(series!).length, 4);
});

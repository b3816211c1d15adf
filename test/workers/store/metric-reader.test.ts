import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { MetricReader } from '../../../workers/store/metric-reader.ts';
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
  assert.deepEqual(metrics.names(), ['http_requests', 'http_requests_total', 'system_load1']);
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

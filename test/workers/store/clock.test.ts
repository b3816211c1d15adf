import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compactAll,
  dayStartMs,
  filled,
  hourMs,
  nothingElse,
  settings,
  storeFor,
  twoFieldLayout,
} from './fixture.ts';

const layout = twoFieldLayout(1);

test('a time that a tick had is not used again', (context) => {
  const store = storeFor(context).open();
  const times = [5, 5, 6, 5].map(
    (t) => store.append(dayStartMs + t, [filled(layout, 1)], nothingElse).timeMs,
  );
  assert.deepEqual(
    times.map((t) => t - dayStartMs),
    [5, 6, 7, 8],
  );
});

test('a time of an hour that is compacted is not used again, not even after a restart', (context) => {
  const { open, count } = storeFor(context, { sinks: [] });
  let store = open();
  for (const t of [5, 6, 8]) store.append(dayStartMs + t, [filled(layout, 1)], nothingElse);
  compactAll(store, dayStartMs + 2 * hourMs);
  assert.equal(count('tick'), 0);
  store.close();
  store = open();
  const times = [5, 6].map((t) => store.append(dayStartMs + t, [filled(layout, 2)], nothingElse).timeMs);
  assert.deepEqual(
    times.map((t) => t - dayStartMs),
    [7, 9],
  );
});

test('ticks are delivered in the order in which they came, whatever the clock said', (context) => {
  const store = storeFor(context).open();
  const said = [0, 2 * hourMs, 100, -hourMs];
  for (const [i, t] of said.entries()) store.append(dayStartMs + t, [filled(layout, i)], nothingElse);
  const lines = store.readBatch('main', 10, '')!.text.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => Number(line.split(' ').at(-1)) - dayStartMs),
    said,
  );
});

test('an hour that the clock comes back to keeps what it had and takes what is new', (context) => {
  const { open, read } = storeFor(context, { sinks: [] });
  const store = open();
  for (const t of [0, 2000, 4000]) store.append(dayStartMs + t, [filled(layout, t)], nothingElse);
  compactAll(store, dayStartMs + 2 * hourMs);
  for (const t of [1000, 4000, 6000]) store.append(dayStartMs + t, [filled(layout, t + 1)], nothingElse);
  const expected = { timesMs: [0, 1000, 2000, 4000, 4001, 6000], values: [0, 1001, 2000, 4000, 4001, 6001] };
  const reader = read();
  const found = () => {
    const [samples] = reader.read([1], dayStartMs, dayStartMs + hourMs);
    return { timesMs: Array.from(samples!.timesMs, (t) => t - dayStartMs), values: [...samples!.values] };
  };
  assert.deepEqual(found(), expected);
  compactAll(store, dayStartMs + 2 * hourMs);
  assert.deepEqual(found(), expected);
  const [minutes] = reader.buckets([1], { startMs: dayStartMs, endMs: dayStartMs + hourMs, stepMs: hourMs });
  assert.deepEqual([...minutes!.counts, ...minutes!.sums], [6, 17_003]);
});

test('hours far ahead, from where the clock came back, are compacted too', (context) => {
  const { open, count } = storeFor(context, { sinks: [] });
  const store = open();
  store.append(dayStartMs + 9000 * hourMs, [filled(layout, 1)], nothingElse);
  store.append(dayStartMs + 30 * 60_000, [filled(layout, 2)], nothingElse);
  compactAll(store, dayStartMs + 30 * 60_000);
  assert.equal(count('tick'), 1);
  assert.equal(count('chunk'), 2);
});

test('a clock that is far ahead for a while does not age history away', (context) => {
  const { open, count } = storeFor(context, {
    sinks: [],
    retention: { ...settings.retention, rawMs: hourMs },
  });
  const store = open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  for (let t = 0; t < 100; t++) compactAll(store, dayStartMs + t * 60_000);
  assert.equal(count('chunk'), 2);
  for (let t = 0; t < 50; t++) compactAll(store, dayStartMs + 9000 * hourMs + t * 60_000);
  assert.equal(count('chunk'), 2);
  for (let t = 50; t < 70; t++) compactAll(store, dayStartMs + 9000 * hourMs + t * 60_000);
  assert.equal(count('chunk'), 0, 'an hour later it is believed');
});

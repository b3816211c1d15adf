import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildLayout } from '../../../workers/point/point.ts';
import type { Store } from '../../../workers/store/store.ts';
import { compactAll, dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { errorGroup, extrasOf } from './insides.ts';

const minuteMs = 60_000;

/** A tick with counts of `fingerprint/process`. */
function append(store: Store, timeMs: number, counts: Readonly<Record<string, number>>): void {
  const names = Object.keys(counts);
  const layout = buildLayout(
    names.map((name) => {
      const [fingerprint = '', process = ''] = name.split('/');
      return { measurement: 'errors', tags: { fingerprint, process, type: 'Error' }, fields: ['count'] };
    }),
  );
  store.append(timeMs, [{ layout, values: Float64Array.from(Object.values(counts)) }], nothingElse);
}

test('errors are counted by group and step, the very first ones too', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  append(store, dayStartMs, { 'aa/crm': 60, 'bb/crm': 1 });
  append(store, dayStartMs + 2000, { 'aa/crm': 2, 'aa/jobs': 5, 'bb/crm': 0 });
  append(store, dayStartMs + 2 * minuteMs, { 'aa/crm': 3, 'cc/crm': 9 });
  const range = { startMs: dayStartMs, endMs: dayStartMs + 3 * minuteMs, stepMs: minuteMs };
  const trends = read().errorTrends({ fingerprints: ['aa', 'bb'], ...range });
  assert.deepEqual(
    trends.map(({ counts, ...names }) => ({ ...names, counts: [...counts] })),
    [
      { fingerprint: 'aa', process: 'crm', counts: [62, 0, 3] },
      { fingerprint: 'bb', process: 'crm', counts: [1, 0, 0] },
      { fingerprint: 'aa', process: 'jobs', counts: [5, 0, 0] },
    ],
  );
});

test('counts stay exact when single samples have become minutes and hours', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  for (let at = 0; at < 3 * hourMs; at += 30_000) append(store, dayStartMs + at, { 'aa/crm': 1 });
  compactAll(store, dayStartMs + 10 * hourMs);
  const range = { startMs: dayStartMs, endMs: dayStartMs + 3 * hourMs, stepMs: hourMs };
  const [trend] = read().errorTrends({ fingerprints: ['aa'], ...range });
  assert.deepEqual([...trend!.counts], [120, 120, 120]);
});

test('a group without errors in the range has no trend', (context) => {
  const { open, read } = storeFor(context);
  const store = open();
  append(store, dayStartMs, { 'aa/crm': 1, 'bb/crm': 0 });
  const later = { startMs: dayStartMs + hourMs, endMs: dayStartMs + 2 * hourMs, stepMs: minuteMs };
  assert.deepEqual(read().errorTrends({ fingerprints: ['aa', 'bb'], ...later }), []);
});

test('groups of a range are those that were seen at all while it lasted', (context) => {
  const { open, read } = storeFor(context);
  const seen = (fingerprint: string, firstSeenMs: number, lastSeenMs: number) =>
    errorGroup({ fingerprint, firstSeenMs, lastSeenMs });
  open().append(
    dayStartMs,
    [filled(twoFieldLayout(1), 1)],
    nothingElse,
    extrasOf(seen('before', 10, 99), seen('into', 50, 100), seen('over', 1, 999), seen('after', 201, 300)),
  );
  const found = read().errorGroups({ limit: 10, within: { startMs: 100, endMs: 200 } });
  assert.deepEqual(
    found.map(({ fingerprint }) => fingerprint),
    ['over', 'into'],
  );
});

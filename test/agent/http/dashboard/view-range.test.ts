import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  promWindow,
  rangeQuery,
  rangeWords,
  refreshMs,
} from '../../../../agent/http/dashboard/views/view-range.ts';

const hour = { kind: 'last', ms: 3_600_000 } as const;
const past = {
  kind: 'fixed',
  fromMs: Date.parse('2026-02-24T08:00:00Z'),
  toMs: Date.parse('2026-02-24T08:30:00Z'),
} as const;

test('a range up to now is a window, one of the past has a beginning and an end', () => {
  assert.deepEqual(rangeQuery(hour), { window: '3600s' });
  assert.deepEqual(rangeQuery(past), {
    since: '2026-02-24T08:00:00.000Z',
    until: '2026-02-24T08:30:00.000Z',
  });
});

test('what ends now is asked again, seldom when it is long; the past never changes', () => {
  assert.equal(refreshMs({ kind: 'last', ms: 60_000 }), 4000);
  assert.equal(refreshMs(hour), 10_000);
  assert.equal(refreshMs({ kind: 'last', ms: 90 * 24 * 3_600_000 }), 60_000);
  assert.equal(refreshMs(past), undefined);
});

test('in PromQL a range is whole seconds', () => {
  assert.equal(promWindow(hour), '[3600s]');
  assert.equal(promWindow(past), '[1800s]');
});

test('in a sentence a range up to now begins with a small letter', () => {
  assert.equal(rangeWords({ kind: 'last', ms: 900_000 }), 'the last 15 minutes');
});

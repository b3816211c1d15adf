import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equationText, termsOf } from '../../../../agent/http/dashboard/views/agent-data.ts';

const counts = {
  ...{ collected: 12_345, delivered: 12_000, waiting: 300, quarantined: 5, difference: 0 },
  dropped: { overflow: 30, quota: 10, spool_drop: 0 },
};

test('each reason of dropping is a term of its own, and the terms sum up to what was collected', () => {
  const terms = termsOf(counts);
  assert.deepEqual(
    terms.map(({ name }) => name),
    ['delivered', 'waiting', 'quarantined', 'dropped (overflow)', 'dropped (quota)'],
  );
  assert.equal(
    terms.reduce((sum, { count }) => sum + count, 0),
    counts.collected,
  );
});

test('nothing dropped is said as such', () => {
  assert.equal(
    equationText({ ...counts, collected: 12_305, dropped: {} }),
    '12,305 collected = 12,000 delivered + 300 waiting + 5 quarantined + 0 dropped',
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSort, sortText } from '../../../../agent/http/dashboard/views/table-sort.ts';

test('an order comes back from the address as it was put there', () => {
  for (const sort of [
    { key: 'p95', isDescending: true },
    { key: 'route', isDescending: false },
  ]) {
    assert.deepEqual(parseSort(sortText(sort)), sort);
  }
});

test('anything else in the address is no order', () => {
  for (const text of [undefined, '', '-', '--a', 'a b', '<b>', 'x'.repeat(50)]) {
    assert.equal(parseSort(text), undefined);
  }
});

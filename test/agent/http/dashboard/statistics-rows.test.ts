import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hasServices,
  keyOfRoute,
  type RouteRow,
  statusShares,
} from '../../../../agent/http/dashboard/views/statistics-rows.ts';

test('classes of status come in their order, each with its share of all', () => {
  assert.deepEqual(statusShares({ '5xx': 1, '2xx': 3, '4xx': 0 }), [
    { status: '2xx', count: 3, percent: 75 },
    { status: '5xx', count: 1, percent: 25 },
  ]);
  assert.deepEqual(statusShares({}), []);
});

test('the service is said only where there is more than one', () => {
  assert.equal(hasServices([]), false);
  assert.equal(hasServices([{ process: 'crm' }, { process: 'crm' }]), false);
  assert.equal(hasServices([{ process: 'crm' }, { process: null }]), true);
});

test('names that look alike when joined are still different rows', () => {
  const row = (process: string, method: string, endpoint: string) =>
    keyOfRoute({ process, method, endpoint } as RouteRow);
  assert.notEqual(row('a', 'b,c', 'd'), row('a', 'b', 'c,d'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortedRows } from '../../../../agent/http/dashboard/parts/table-order.ts';

interface Row {
  readonly name: string;
  readonly p95: number | null;
}

const rows: readonly Row[] = [
  { name: 'route10', p95: 5 },
  { name: 'route9', p95: null },
  { name: 'Other', p95: 70 },
];
const columns = [
  { key: 'name', value: (row: Row) => row.name },
  { key: 'p95', value: (row: Row) => row.p95 },
];
const names = (filter: string, order?: { key: string; isDescending: boolean }) =>
  sortedRows(rows, columns, filter, order).map(({ name }) => name);

test('what is not known comes last, in either direction', () => {
  assert.deepEqual(names('', { key: 'p95', isDescending: false }), ['route10', 'Other', 'route9']);
  assert.deepEqual(names('', { key: 'p95', isDescending: true }), ['Other', 'route10', 'route9']);
});

test('names are sorted as people count', () => {
  assert.deepEqual(names('', { key: 'name', isDescending: false }), ['Other', 'route9', 'route10']);
});

test('a filter keeps rows that have all of its words somewhere', () => {
  assert.deepEqual(names('ROUTE 5'), ['route10']);
  assert.deepEqual(names('nowhere'), []);
});

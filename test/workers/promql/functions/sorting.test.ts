import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, series } from '../samples.ts';

const all = [
  series('m', { n: 'host10' }, [3]),
  series('m', { n: 'host9' }, [Number.NaN]),
  series('m', { n: 'host1' }, [7]),
];
const order = (expr: string) => instant(all, expr, 0).map(([name]) => /"(.*)"/.exec(name)![1]);

test('values are sorted either way, NaN last', () => {
  assert.deepEqual(order('sort(m)'), ['host10', 'host1', 'host9']);
  assert.deepEqual(order('sort_desc(m)'), ['host1', 'host10', 'host9']);
});

test('labels are sorted in natural order', () => {
  assert.deepEqual(order('sort_by_label(m, "n")'), ['host1', 'host9', 'host10']);
  assert.deepEqual(order('sort_by_label_desc(m, "n")'), ['host10', 'host9', 'host1']);
});

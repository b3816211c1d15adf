import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Labels } from '../../../workers/promql/labels.ts';
import { labelsHash, xxHash64 } from '../../../workers/promql/labels-hash.ts';
import { errorOf, instant, range, series } from './samples.ts';

const all = [5, 9, Number.NaN, 7].map((value, index) =>
  series('m', { i: String(index), half: index < 2 ? 'a' : 'b' }, [value]),
);
const values = (expr: string) => instant(all, expr, 0).map(([, value]) => value);

test('topk and bottomk come in order, NaN last', () => {
  assert.deepEqual(values('topk(2, m)'), [9, 7]);
  assert.deepEqual(values('bottomk(3, m)'), [5, 7, 9]);
  assert.deepEqual(values('topk(9, m)'), [9, 7, 5, Number.NaN]);
  assert.deepEqual(values('topk by (half) (1, m)'), [9, 7]);
});

test('less than one is nothing', () => {
  assert.deepEqual(values('topk(0.9, m)'), []);
  assert.deepEqual(values('limitk(-1, m)'), []);
});

test('a NaN or a number beyond 64 bits is refused', () => {
  assert.match(errorOf(() => values('topk(NaN, m)')).reason, /Parameter value is NaN/);
  assert.match(errorOf(() => values('bottomk(1e19, m)')).reason, /overflows int64/);
  assert.match(errorOf(() => values('limit_ratio(NaN, m)')).reason, /Ratio value is NaN/);
});

test('the number may differ from step to step', () => {
  const two = [series('m', { i: '1' }, [1, 1]), series('m', { i: '2' }, [2, 2])];
  assert.deepEqual(range(two, 'topk(time() / 60 + 1, m)', 0, 60_000, 60_000), {
    'm{i="1"}': [[60, 1]],
    'm{i="2"}': [
      [0, 2],
      [60, 2],
    ],
  });
});

test('limitk takes the first series of a group', () => {
  assert.deepEqual(values('limitk by (half) (1, m)'), [5, Number.NaN]);
});

test('a share and the share that is missing to it make the whole', () => {
  const some = Array.from({ length: 100 }, (_, index) => series('m', { i: String(index) }, [index]));
  const share = instant(some, 'limit_ratio(0.3, m)', 0);
  const rest = instant(some, 'limit_ratio(-0.7, m)', 0);
  assert.ok(share.length > 10 && share.length < 60, String(share.length));
  assert.equal(new Set([...share, ...rest].map(([name]) => name)).size, 100);
});

test('series are hashed by xxHash64', () => {
  assert.equal(xxHash64(Buffer.from('')), 0xef46db3751d8e999n);
  assert.equal(xxHash64(Buffer.from('abc')), 0x44bc2cf5ad770999n);
  assert.equal(labelsHash(Labels.of({ a: 'b' })), xxHash64(Buffer.from('\x01a\x01b')));
});

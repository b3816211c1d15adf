import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionNames, parseExpression, typeOf } from '../../../workers/promql/index.ts';
import { errorOf } from './samples.ts';

const refused: [string, RegExp][] = [
  ['{}', /at least one non-empty matcher/],
  ['{a=~".*"}', /at least one non-empty matcher/],
  ['a{__name__="b"}', /metric name must not be set twice/],
  ['1 > 2', /must use BOOL modifier/],
  ['a + bool b', /bool modifier can only be used on comparison operators/],
  ['a and 1', /set operator "and" not allowed/],
  ['"a" + 1', /must contain only scalar and instant vector types/],
  ['a[5m] + 1', /must contain only scalar and instant vector types/],
  ['1 + on(x) 2', /vector matching only allowed between instant vectors/],
  ['a + fill(1) 2', /filling in missing series only allowed/],
  ['a and on(x) group_left b', /no grouping allowed for "and"/],
  ['a or fill(1) b', /not allowed for set operators/],
  ['a * on(x) group_left(x) b', /must not occur in ON and GROUP clause/],
  ['rate(a)', /expected type range vector in call to function "rate", got instant vector/],
  ['abs(a[5m])', /expected type instant vector/],
  ['abs()', /expected 1 argument\(s\) in call to "abs", got 0/],
  ['round(a, 1, 2)', /expected at most 2 argument/],
  ['label_join(a, "b")', /expected at least 3 argument/],
  ['sum(1)', /expected type instant vector in aggregation expression, got scalar/],
  ['topk("1", a)', /expected type scalar in aggregation parameter, got string/],
  ['count_values(1, a)', /expected type string in aggregation parameter/],
  ['-"a"', /unary expression only allowed/],
  ['(1)[5m:]', /subquery is only allowed on instant vector/],
  ['info(a, b)', /expected label selectors only/],
];

for (const [source, reason] of refused) {
  test(`refuses ${source}`, () => {
    assert.match(errorOf(() => parseExpression(source)).reason, reason);
  });
}

test('operators of scalars are scalars, with a vector they are vectors', () => {
  assert.equal(typeOf(parseExpression('(1 + time()) * -2')), 'scalar');
  assert.equal(typeOf(parseExpression('a > 1')), 'vector');
  assert.equal(typeOf(parseExpression('a[5m:]')), 'matrix');
  assert.equal(typeOf(parseExpression('("a")')), 'string');
});

test('knows the functions of Prometheus 3.14', () => {
  assert.equal(functionNames().length, 90);
});

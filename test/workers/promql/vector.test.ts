import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluateVector, parseExpression } from '../../../workers/promql/index.ts';
import { errorOf, selectFrom, series } from './samples.ts';

const all = [series('m', { a: 'x' }, [1, 2]), series('m', { a: 'y' }, [3, 4])];

function vectorOf(text: string, timeMs = 60_000) {
  const { labels, values } = evaluateVector(parseExpression(text), text, timeMs, selectFrom(all));
  return labels.map((own, index) => [own.toRecord(), values[index]]);
}

describe('what a rule gives', () => {
  test('is the samples of a vector, and no row without a value', () => {
    assert.deepEqual(vectorOf('sum by (a) (m) > 2'), [[{ a: 'y' }, 4]]);
    assert.deepEqual(vectorOf('m > 9'), []);
  });

  test('is one sample without labels for a scalar', () => {
    assert.deepEqual(vectorOf('1 + 1'), [[{}, 2]]);
  });

  test('is neither text nor a range', () => {
    for (const text of ['"text"', 'm[1m]']) {
      const error = errorOf(() => vectorOf(text));
      assert.deepEqual([error.kind, error.reason], ['execution', 'rule result is not a vector or scalar']);
    }
  });

  test('has the same label objects each time as long as the selector has', () => {
    const expr = parseExpression('m');
    const select = () => all;
    const [first] = evaluateVector(expr, 'm', 60_000, select).labels;
    assert.equal(evaluateVector(expr, 'm', 60_000, select).labels[0], first);
  });
});

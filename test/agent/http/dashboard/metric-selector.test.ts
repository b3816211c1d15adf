import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metric } from '../../../../agent/http/dashboard/views/metric-selector.ts';
import { labelTest, type Matcher, parseExpression } from '../../../../workers/promql/index.ts';

const odd = [
  'plain',
  '/api/:id',
  'a"b',
  'a\\b',
  'a\nb\r\tc',
  '{}[]().*+?^$|',
  '\u202Eabc',
  '$window',
  'ключ',
  '\u0000',
];

function matchersOf(text: string): readonly Matcher[] {
  const expr = parseExpression(text);
  assert.equal(expr.kind, 'selector');
  return (expr as { readonly matchers: readonly Matcher[] }).matchers;
}

test('whatever a name holds, the selector asks for exactly that name', () => {
  for (const name of odd) {
    const route = matchersOf(metric('http_requests_total', { route: name })).find(
      (one) => one.name === 'route',
    );
    assert.deepEqual(route, { ...route, op: '=', value: name });
  }
});

test('a list asks for any of its names, letter by letter', () => {
  const matcher = matchersOf(metric('queue_waiting', { queue: odd })).find((one) => one.name === 'queue')!;
  const fits = labelTest(matcher);
  for (const name of odd) assert.ok(fits(name), JSON.stringify(name));
  for (const other of ['plai', 'plainer', '/api/x', 'aab', '']) assert.ok(!fits(other), other);
});

test('an undefined label is left out, the empty text asks for series without it', () => {
  assert.equal(metric('a', { b: undefined }), 'a{}');
  assert.equal(metric('a', { b: '' }), 'a{b=""}');
});

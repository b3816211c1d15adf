import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Expr, parseExpression } from '../../../../workers/promql/index.ts';
import { errorOf } from '../samples.ts';

/** The expression with all of its operators in parentheses. */
function bound(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'selector':
      return expr.name + (expr.offset ? '~' : '') + (expr.at === undefined ? '' : `@${expr.at}`);
    case 'matrix':
      return `${bound(expr.selector)}[]`;
    case 'subquery':
      return `${bound(expr.expr)}[:]${expr.offset ? '~' : ''}`;
    case 'unary':
      return `(${expr.op}${bound(expr.expr)})`;
    case 'binary':
      return `(${bound(expr.left)} ${expr.op} ${bound(expr.right)})`;
    case 'paren':
      return bound(expr.expr);
    case 'call':
    case 'aggregate':
      return expr.kind;
    case 'string':
      return expr.value;
  }
}

const bindings: [string, string][] = [
  ['a + b * c', '(a + (b * c))'],
  ['a - b - c', '((a - b) - c)'],
  ['a ^ b ^ c', '(a ^ (b ^ c))'],
  ['a or b and c unless d', '(a or ((b and c) unless d))'],
  ['a > b + c', '(a > (b + c))'],
  ['a atan2 b % c', '((a atan2 b) % c)'],
  ['-1 ^ 2', '(-(1 ^ 2))'],
  ['-a ^ b', '(-(a ^ b))'],
  ['-a * b', '((-a) * b)'],
  ['2 ^ -a * b', '((2 ^ (-a)) * b)'],
  ['2 ^ -1 ^ 2', '(2 ^ (-(1 ^ 2)))'],
  ['a + b offset 5m', '(a + b~)'],
  ['a offset -2 ^ 2', '(a~ ^ 2)'],
  ['a + b @ 5', '(a + b@5000)'],
  ['a / b[5m:1m] offset 1m', '(a / b[:]~)'],
  ['-a[5m:]', '(-a[:])'],
  ['a[5m] @ end() offset 1m', 'a~@end[]'],
];

for (const [source, expected] of bindings) {
  test(`${source} binds as ${expected}`, () => {
    // A range vector may not be negated, so only the shape is looked at where types would refuse it.
    const types = /^-a\[|^a \/ b\[/.test(source);
    if (types) assert.equal(errorOf(() => parseExpression(source)).kind, 'parse');
    else assert.equal(bound(parseExpression(source)), expected);
  });
}

const accepted = [
  '2.',
  '1./6.',
  '0x_1f',
  '1_000.5',
  'min_of(1, 2)',
  'foo[MIN_OF(5m, STEP()) + 1m]',
  'offset + sum(offset offset 5m)',
  'fill + fill_left',
  'SUM BY (on, offset, a:b) (foo)',
  '{"my.metric", "label.name"=~"x|y"}',
  'sum by ("label.name") (foo)',
  'foo # a comment\n + # another\n bar',
  'a * on (x) group_left ("y.z",) fill_left (-1) fill_right (2) b',
  'rate(foo[5m] smoothed)',
  'foo @ start() [5m]',
  'info(foo, {})',
];

for (const source of accepted) {
  test(`takes ${source}`, () => {
    assert.doesNotThrow(() => parseExpression(source));
  });
}

const refused: [string, number, RegExp][] = [
  ['', 0, /no expression found/],
  ['# nothing', 0, /no expression found/],
  ['foo bar', 4, /unexpected "bar"/],
  ['1 +', 3, /unexpected end of input/],
  ['foo(1)', 0, /unknown function with name "foo"/],
  ['a\n  + foo(1)', 6, /unknown function/],
  ['rate.5', 4, /unexpected/],
  ['1.5.2', 0, /bad number or duration/],
  ['1000anchored', 0, /bad number or duration/],
  ['1e400', 0, /out of range/],
  ['5s3m', 0, /not a valid duration/],
  ['foo[0s]', 4, /duration must be greater than 0/],
  ['foo[5m/0]', 6, /division by zero/],
  ['(a + b)[5m]', 7, /ranges only allowed for vector selectors/],
  ['a offset 1m [5m]', 12, /no offset modifiers allowed before range/],
  ['a offset 1m offset 2m', 0, /offset may not be set multiple times/],
  ['a @ 1 @ 2', 0, /may not be set multiple times/],
  ['sum(a) offset 5m', 0, /offset modifier must be preceded by/],
  ['a[5m:1m] anchored', 0, /not supported for subqueries/],
  ['a[5m] anchored smoothed', 0, /cannot be used together/],
  ['sum()', 0, /no arguments/],
  ['topk(a)', 0, /wrong number of arguments.*expected 2, got 1/],
  ['a{b="\\q"}', 4, /unknown escape sequence/],
  ['a{b=~"("}', 2, /missing closing \)/],
  ['a{b=~"(?=x)"}', 2, /invalid or unsupported Perl syntax/],
  ['sum by ("") (a)', 8, /invalid label name/],
];

for (const [source, from, reason] of refused) {
  test(`refuses ${JSON.stringify(source)} at ${from}`, () => {
    const error = errorOf(() => parseExpression(source));
    assert.equal(error.kind, 'parse');
    assert.match(error.reason, reason);
    assert.equal(error.span.from, from);
  });
}

test('the message of a refusal begins with line and column', () => {
  const error = errorOf(() => parseExpression('a\n  + foo(1)'));
  assert.equal(error.message, '2:5: parse error: unknown function with name "foo"');
  assert.deepEqual([error.line, error.column], [2, 5]);
});

for (const depth of [600, 5000]) {
  test(`${depth} parentheses around a number are refused, not the stack exhausted`, () => {
    const source = `${'('.repeat(depth)}1${')'.repeat(depth)}`;
    assert.equal(errorOf(() => parseExpression(source)).kind, 'parse');
  });
}

test('a chain of hundreds of operators is no deep nesting', () => {
  assert.doesNotThrow(() =>
    parseExpression(Array.from({ length: 400 }, (_, index) => `m${index}`).join(' or ')),
  );
});

test('the same text is parsed once', () => {
  assert.equal(parseExpression('cached + 1'), parseExpression('cached + 1'));
});

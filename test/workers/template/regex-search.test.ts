import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasMatch, replaceMatches } from '../../../workers/template/regex-search.ts';

describe('replacing what fits an expression', () => {
  const cases: [pattern: string, replacement: string, text: string, result: string][] = [
    ['a*', '-', 'baac', '-b-c-'],
    ['x*', '-', 'abc', '-a-b-c-'],
    ['(a)(b)?', '<$1|$2>', 'abaa', '<a|b><a|><a|>'],
    ['(?P<n>\\w+)@', '$n! $nx $$ $9 ', 'joe@site', 'joe!  $  site'],
    ['(a|ab)(c|bcd)(d*)', '[$1,$2,$3]', 'abcd', '[a,bcd,]'],
    ['(a*)+', '<$1>', 'baab', '<>b<aa>b<>'],
    ['\\b', '|', 'ab cd', '|ab| |cd|'],
    ['^a', 'x', 'aaa', 'xaa'],
    ['(?m)^', '> ', 'a\nb', '> a\n> b'],
    ['', '-', '😀a', '-😀-a-'],
    ['.', 'x', '😀\na', 'x\nx'],
  ];
  test('gives what Go gives', () => {
    for (const [pattern, replacement, text, result] of cases)
      assert.equal(replaceMatches(pattern, replacement, text, 1000), result, pattern);
  });

  test('gives the same on long texts', () => {
    const text = 'ab-'.repeat(2000);
    assert.equal(replaceMatches('(b)-', '$1', text.slice(0, 3000), 10_000), 'ab'.repeat(1000));
    assert.throws(() => replaceMatches('(b)-', '$1', text, 10_000), /takes too long/);
  });

  test('is bounded where a backtracking matcher would not end', () => {
    const text = 'a'.repeat(3000);
    assert.equal(hasMatch('(a+)+$', `${text}b`), false);
    assert.equal(hasMatch('(a|aa)*c', text), false);
    assert.equal(replaceMatches('(x+x+)+y', '', 'x'.repeat(2000), 10_000), 'x'.repeat(2000));
  });

  test('is refused where the result gets too long', () => {
    assert.throws(() => replaceMatches('a', 'b'.repeat(100), 'a'.repeat(100), 1000), /longer than 1000/);
  });

  test('cannot leave its own part of the expression', () => {
    assert.throws(() => hasMatch('a)(b', 'ab'), /error parsing regexp/);
    assert.throws(() => hasMatch('(', 'ab'), /error parsing regexp/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { labelsTest, MatcherError, matchersText, parseMatchers } from '../../../workers/routing/matchers.ts';

describe('parseMatchers', () => {
  const read: [text: string, as: string][] = [
    ['', '{}'],
    ['{}', '{}'],
    ['foo=bar', '{foo="bar"}'],
    ['foo="bar"', '{foo="bar"}'],
    ['{foo="bar"}', '{foo="bar"}'],
    ['{foo="bar",}', '{foo="bar"}'],
    ['{ a = "b" , c =~ "d.*" }', '{a="b",c=~"d.*"}'],
    ['a!=b,c!~d', '{a!="b",c!~"d"}'],
    ['foo=', '{foo=""}'],
    ['foo=""', '{foo=""}'],
    ['severity=~warning|critical', '{severity=~"warning|critical"}'],
    ['foo="b,a}r"', '{foo="b,a}r"}'],
    ['foo="say \\"hi\\"\\n"', '{foo="say \\"hi\\"\\n"}'],
    ['"foo bar"="baz"', '{"foo bar"="baz"}'],
    ['föö=bär', '{föö="bär"}'],
    ['{"a b"!~"x{2}"}', '{"a b"!~"x{2}"}'],
    ['foo="\\u00e9\\x41"', '{foo="\\\\u00e9\\\\x41"}'],
    ['"ü"="\\u00e9\\x41"', '{ü="éA"}'],
    // Only the classic parser takes these.
    ['foo=a b', '{foo="a b"}'],
    ['foo=~[a-z]+=x', '{foo=~"[a-z]+=x"}'],
    ['{foo=bar', '{foo="bar"}'],
    ['foo="a\\d"', '{foo="a\\\\d"}'],
  ];
  for (const [text, as] of read) {
    test(`reads ${text || 'empty text'}`, () => assert.equal(matchersText(parseMatchers(text)), as));
  }

  const refused: [text: string, column: number, message: RegExp][] = [
    ['foo', 4, /an operator/],
    ['foo bar', 5, /expected an operator.*got bar/],
    ['=bar', 1, /a label name/],
    ['"a b"="c', 7, /closing double quote/],
    ['{"a"="b"', 9, /a comma or }/],
    ['"a"="b"}', 8, /a comma or the end/],
    ['"a"="b" "c"="d"', 9, /a comma/],
    ['"a"="b",,', 9, /a label name/],
    ['"a"!"b"', 4, /= or ~/],
    ['"a"="\\q"', 5, /escapes of Go/],
    ['"a"="\\xff"', 5, /escapes of Go/],
    ['a=~"("', 1, /a=~.*missing/],
    ['🙂=a=b', 4, /a comma/],
  ];
  for (const [text, column, message] of refused) {
    test(`refuses ${text} with its column`, () => {
      assert.throws(
        () => parseMatchers(text),
        (error) => error instanceof MatcherError && error.column === column && message.test(error.message),
      );
    });
  }
});

describe('matching', () => {
  test('takes a missing label as empty', () => {
    assert.equal(labelsTest(parseMatchers('a=""'))({}), true);
    assert.equal(labelsTest(parseMatchers('a!=b'))({}), true);
    assert.equal(labelsTest(parseMatchers('a=~".+"'))({}), false);
  });

  test('asks that every matcher fits, regular expressions the whole value', () => {
    const fits = labelsTest(parseMatchers('a=~"b|cd",e!="f"'));
    assert.equal(fits({ a: 'cd', e: 'g' }), true);
    assert.equal(fits({ a: 'cde', e: 'g' }), false);
    assert.equal(fits({ a: 'b', e: 'f' }), false);
  });

  test('does not take what objects inherit for labels', () => {
    assert.equal(labelsTest(parseMatchers('constructor=""'))({}), true);
    assert.equal(labelsTest(parseMatchers('toString=~".+"'))({}), false);
  });

  test('no matchers fit everything', () => assert.equal(labelsTest([])({ a: 'b' }), true));
});

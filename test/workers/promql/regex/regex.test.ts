import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegexMachine } from '../../../../workers/promql/regex/machine.ts';
import { Regex } from '../../../../workers/promql/regex/regex.ts';
import { RegexParser } from '../../../../workers/promql/regex/syntax.ts';

const matches: [string, string[], string[]][] = [
  ['a.c', ['abc', 'a\nc', 'a😀c'], ['abcd', 'xabc']],
  ['(?-s)a.c', ['abc'], ['a\nc']],
  ['(?i)straSSe|K', ['STRASSE', 'k', '\u212a'], ['straße']],
  ['(?i:a)b', ['Ab', 'ab'], ['aB']],
  ['[[:alpha:]]+\\d', ['abc1'], ['é1', 'a']],
  ['[^[:digit:]\\s]', ['a', 'é'], ['1', ' ', '\u0000\u0000']],
  ['\\pL+', ['日本é'], ['1']],
  ['[\\p{Greek}x]', ['σ', 'x'], ['s']],
  ['\\Qa.b*\\E', ['a.b*'], ['axb']],
  ['\\x41\\x{1F600}\\101', ['A😀A'], ['A']],
  ['a{2,3}b{,2}', ['aab{,2}', 'aaab{,2}'], ['ab{,2}']],
  ['(?m)^a$\n^b$', ['a\nb'], ['ab']],
  ['\\bfoo\\b.*', ['foo bar', 'foo'], ['foobar']],
  ['[]a-]+', [']a-'], ['b']],
  ['', [''], ['a']],
  ['a|', ['a', ''], ['b']],
];

for (const [source, fits, fitsNot] of matches) {
  test(`${JSON.stringify(source)} matches whole texts as in RE2`, () => {
    const regex = new Regex(source);
    const parser = new RegexParser(source);
    const machine = new RegexMachine(parser.parse(), parser.groupNames.length);
    for (const text of fits) assert.ok(regex.test(text) && machine.match(text), text);
    for (const text of fitsNot) assert.ok(!regex.test(text) && !machine.match(text), text);
  });
}

const refused = [
  '(',
  'a)',
  '[a',
  '[z-a]',
  '*a',
  'a**',
  'a{1001}',
  '(a{100}){100}',
  '\\1',
  '(?=a)',
  '\\Z',
  '\\pX',
  '[[:foo:]]',
  '\\',
];

for (const source of refused) {
  test(`refuses ${source}`, () => {
    assert.throws(() => new Regex(source), /^Error: error parsing regexp/);
  });
}

test('groups are those that Go finds', () => {
  assert.deepEqual([...new Regex('(a+)(?P<n>b)?.*').match('aac')!], ['aac', 'aa', undefined]);
  assert.deepEqual([...new Regex('(a|ab)(c|bcd)(d*)').match('abcd')!], ['abcd', 'a', 'bcd', '']);
  // The machine takes loops in loops; the last turn of a loop counts.
  assert.deepEqual([...new Regex('((a|b)+x?)+').match('abxb')!], ['abxb', 'b', 'b']);
});

// Each would take a backtracking matcher longer than anyone waits.
const evil: [string, string][] = [
  ['(a+)+b', 'a'.repeat(5000)],
  ['(a|aa)+b', 'a'.repeat(5000)],
  ['(.*a){12}b', 'a'.repeat(200)],
  ['.*.*.*.*=.*', 'x'.repeat(5000)],
  ['(x?){50}x{50}y', 'x'.repeat(80)],
];

for (const [source, text] of evil) {
  test(`${source} is decided in one pass over the text`, () => {
    assert.equal(new Regex(source).test(text), false);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isScalar, parseDocument, type Scalar } from 'yaml';
import { sourceOffsets } from '../../../../agent/alerts/rule-files/source-offsets.ts';
import { problemsOf, withRules } from './support.ts';

/** The text that `)` makes wrong stands where the caret is. */
const places: readonly [name: string, expr: string, place: string][] = [
  ['a plain scalar', 'up + )', '5:18'],
  ['a plain scalar of two lines', 'up\n        + )', '6:11'],
  ['single quotes', `'up{a=''b''} + )'`, '5:28'],
  ['double quotes with escapes', `"up{a=\\"b\\",\\u0063=\\"d\\"} + )"`, '5:41'],
  ['double quotes over lines', `"up \\\n        + )"`, '6:11'],
  ['a literal block', '|\n        # says why\n        up\n          + )', '8:13'],
  ['a literal block with its indentation given', '|2-\n          up\n         + )', '7:12'],
  ['a folded block', '>-\n        up\n        + )', '7:11'],
  ['a folded block with empty lines', '>\n\n        up\n\n\n        + )', '10:11'],
];

for (const [name, expr, place] of places) {
  test(`a mistake in ${name} is told where it stands`, () => {
    const problems = problemsOf(withRules(`    - alert: A\n      expr: ${expr}\n`));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.equal(problems[0]!.split(':').slice(1, 3).join(':'), place);
  });
}

test('a mistake in an expression behind an alias is told where the expression stands', () => {
  const problems = problemsOf(
    withRules('    - {alert: A, expr: up, labels: {a: &e "up + )"}}\n    - {alert: B, expr: *e}\n'),
  );
  assert.match(problems.join('\n'), /^r\.yml:4:49: group "g", rule 2, "B"/);
});

/** A small generator of pseudo-random numbers (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

test('every sign of a scalar stands where it was written, however it is written', () => {
  const random = randomFrom(7);
  const words = ['up', '{a="b"}', "it's", '+', '#x', 'é', '😀', '\\', '(', '[5m]', '""', ':', '\u00a0'];
  const spaces = [' ', '  ', '\n', '\n\n', ' \n  ', '\t'];
  const styles = ['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const;
  const seen = new Map<string, number>();
  for (let round = 0; round < 2000; round++) {
    const style = styles[random(styles.length)]!;
    let value = '';
    for (let i = random(8) + 1; i > 0; i--)
      value += words[random(words.length)]! + spaces[random(spaces.length)]!;
    if (style === 'PLAIN')
      value = `up ${value
        .replace(/["#\\:{\t\u00a0]/g, '')
        .replace(/\s+/g, ' ')
        .trim()}`;
    const document = parseDocument('a: x\n');
    const written = document.get('a', true) as Scalar;
    written.value = value;
    written.type = style;
    const text = document.toString({ lineWidth: 20 + random(60), indent: 1 + random(4) });
    const scalar = parseDocument(text).get('a', true);
    assert.ok(isScalar(scalar));
    // The writer loses some white space at the ends of lines.
    if (scalar.value !== value) continue;
    seen.set(scalar.type!, (seen.get(scalar.type!) ?? 0) + 1);
    const offsets = sourceOffsets(scalar as Scalar.Parsed, text);
    assert.equal(offsets.length, value.length + 1);
    for (let i = 0; i < value.length; i++) {
      const there = text[offsets[i]!];
      if (/\s/.test(value[i]!) && value[i] !== '\u00a0') continue;
      if (scalar.type === 'QUOTE_DOUBLE' && there === '\\') continue;
      assert.equal(there, value[i], `${JSON.stringify(text)} at ${i} of ${JSON.stringify(value)}`);
    }
  }
  for (const style of styles) assert.ok((seen.get(style) ?? 0) > 20, `${style}: ${seen.get(style)}`);
});

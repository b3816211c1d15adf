import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInstant } from '../../../../workers/promql/index.ts';
import { scalarOf } from '../samples.ts';

const numbers: [string, number][] = [
  ['017', 15],
  ['08', 8],
  ['0x1F', 31],
  ['1_000', 1000],
  ['.5e1', 5],
  ['2.', 2],
  ['1h30m', 5400],
  ['1y2w3d', 31_536_000 + 14 * 86_400 + 3 * 86_400],
  ['500ms', 0.5],
  ['+Inf', Number.POSITIVE_INFINITY],
  ['- 1', -1],
];

for (const [source, value] of numbers) {
  test(`${source} is ${value}`, () => {
    assert.equal(scalarOf(source), value);
  });
}

const strings: [string, string][] = [
  ['"a\\tb\\\\\\""', 'a\tb\\"'],
  ["'it''s'".replace("''", "\\'"), "it's"],
  ['`raw \\n text`', 'raw \\n text'],
  ['"\\u00e9\\xc3\\xa9\\303\\251\\U0001F600"', 'ééé😀'],
  ['""', ''],
];

for (const [source, value] of strings) {
  test(`${source} is the text ${JSON.stringify(value)}`, () => {
    assert.deepEqual(
      evaluateInstant(source, 0, () => []),
      { type: 'string', value },
    );
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  digits,
  formatAge,
  formatCount,
  formatMs,
  formatValue,
} from '../../../../agent/http/dashboard/format.ts';

/** Numbers and units stay on one line. */
const spaced = (text: string) => text.replaceAll('\u00a0', ' ');

test('what is not known is a dash, never a number', () => {
  for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(formatValue(value, 'bytes'), '–');
    assert.equal(formatMs(value), '–');
    assert.equal(formatCount(value), '–');
  }
  assert.equal(spaced(formatValue(0, 'percent')), '0 %');
});

test('numbers have three digits that say something', () => {
  assert.deepEqual([0, 0.01234, 0.5678, 1.2345, 12.345, 99.96, 123.45, 1234.5, -3.2].map(digits), [
    '0',
    '0.012',
    '0.57',
    '1.23',
    '12.3',
    '100',
    '123',
    '1,235',
    '−3.2',
  ]);
});

test('units are scaled to what can be read', () => {
  const cases = [
    [1536, 'bytes', '1.5 KB'],
    [1023.9, 'bytes', '1 KB'],
    [25_276_510_208, 'bytes', '23.5 GB'],
    [0.4321, 'ms', '0.43 ms'],
    [999.7, 'ms', '1 s'],
    [1250, 'ms', '1.25 s'],
    [0.25, 'ratio', '25 %'],
    [9999, 'count', '9,999'],
    [12_345, 'count', '12.3 k'],
    [9.5, 'perSecond', '9.5 /s'],
    [90, 'seconds', '1 min 30 s'],
  ] as const;
  for (const [value, unit, text] of cases) assert.equal(spaced(formatValue(value, unit)), text);
});

test('long durations have two units', () => {
  assert.equal(spaced(formatMs(60_000)), '1 min');
  assert.equal(spaced(formatMs(3_600_000 * 2 + 60_000 * 10)), '2 h 10 min');
  assert.equal(spaced(formatMs(86_400_000 * 3 + 3_600_000 * 4)), '3 d 4 h');
});

test('ages are said in words, and a time to come as such', () => {
  const now = 1_700_000_000_000;
  assert.equal(formatAge(now - 2000, now), 'just now');
  assert.equal(spaced(formatAge(now - 300_000, now)), '5 min ago');
  assert.equal(spaced(formatAge(now + 7_200_000, now)), 'in 2 h');
  assert.equal(formatAge(null, now), '–');
});

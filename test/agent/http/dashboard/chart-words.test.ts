import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeAfterKey, placeText, summaryText } from '../../../../agent/http/dashboard/parts/chart-words.ts';

const columns = {
  span: { fromMs: 0, toMs: 8000 },
  stepMs: 2000,
  lines: [
    { key: 'a', label: 'p95', colour: 1, isBefore: false, values: [1, null, 3, 2, null] },
    { key: 'b', label: 'p99', colour: 2, isBefore: false, values: [null, null, null, null, null] },
  ],
};
const key = (name: string, shiftKey = false) => ({ key: name, shiftKey });

test('a chart is told in words, and what is not known is said to be so', () => {
  const text = summaryText(columns, 'count');
  assert.equal(text, 'p95: last 2, average 2, from 1 to 3. p99: not known. Arrow keys move along it.');
});

test('arrow keys move the cursor within the chart, and Escape takes it away', () => {
  assert.equal(placeAfterKey(key('ArrowLeft'), null, 5), 4);
  assert.equal(placeAfterKey(key('ArrowRight'), null, 5), 0);
  assert.equal(placeAfterKey(key('ArrowRight'), 4, 5), 4);
  assert.equal(placeAfterKey(key('ArrowLeft', true), 4, 5), 0);
  assert.equal(placeAfterKey(key('End'), 0, 5), 4);
  assert.equal(placeAfterKey(key('Escape'), 2, 5), null);
  assert.equal(placeAfterKey(key('Tab'), 2, 5), undefined);
});

test('a mark near the cursor is named beside the time', () => {
  const marks = [
    { timeMs: 4100, text: 'crm restarted' },
    { timeMs: 0, text: 'another' },
  ];
  assert.match(placeText(columns, 2, marks), /^crm restarted · /);
  assert.equal(placeText(columns, null, marks), '');
});

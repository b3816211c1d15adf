import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf, movedOn, summaryOf } from '../../../../agent/http/dashboard/parts/chart-columns.ts';

const span = { fromMs: 10_000, toMs: 20_000 };
const stepMs = 2000;

function one(
  labels: Readonly<Record<string, string>>,
  timesMs: readonly number[],
  values: readonly (number | null)[],
) {
  return { labels, timesMs, values };
}

function loaded(label: string, series: ReturnType<typeof one>[], shiftMs = 0) {
  return { label, series, shiftMs, isBefore: shiftMs > 0 };
}

test('values are put at their times and gaps stay gaps', () => {
  const columns = columnsOf([loaded('cpu', [one({}, [10_000, 14_000, 20_000], [1, 2, 3])])], span, stepMs);
  assert.deepEqual(columns.lines[0]?.values, [1, null, 2, null, null, 3]);
});

test('a value that is of longer than a step holds that long, and begins before the span', () => {
  const series = { ...one({}, [8000, 14_000], [5, 6]), stepMs: 6000 };
  assert.deepEqual(columnsOf([loaded('p95', [series])], span, stepMs).lines[0]?.values, [
    5,
    5,
    6,
    6,
    6,
    null,
  ]);
});

test('lines are named by their labels and coloured in turn', () => {
  const series = ['mail', 'pdf'].map((queue) => one({ queue }, [10_000], [1]));
  const { lines } = columnsOf([loaded('{{queue}} waiting', series)], span, stepMs);
  assert.deepEqual(
    lines.map(({ label, colour }) => [label, colour]),
    [
      ['mail waiting', 1],
      ['pdf waiting', 2],
    ],
  );
});

test('the period before lies under its own line in the same colour', () => {
  const now = loaded('{{q}}', [one({ q: 'a' }, [10_000], [1]), one({ q: 'b' }, [10_000], [2])]);
  const before = loaded('{{q}}', [one({ q: 'b' }, [12_000 - 86_400_000], [9])], 86_400_000);
  const line = columnsOf([now, before], span, stepMs).lines[2];
  assert.equal(line?.label, 'b, before');
  assert.equal(line?.colour, 2);
  assert.deepEqual(line?.values, [null, 9, null, null, null, null]);
});

test('a period before of which nothing is known has no line', () => {
  const before = loaded('cpu', [one({}, [], [])], 86_400_000);
  assert.equal(columnsOf([loaded('cpu', [one({}, [10_000], [1])]), before], span, stepMs).lines.length, 1);
});

test('of too many lines the highest stay', () => {
  const series = Array.from({ length: 40 }, (_, at) => one({ q: `q${at}` }, [10_000], [at]));
  const { lines } = columnsOf([loaded('{{q}}', series)], span, stepMs);
  assert.deepEqual([lines.length, lines[0]?.label, lines.at(-1)?.label], [16, 'q24', 'q39']);
});

test('moving on drops the oldest, keeps what is there and takes the tail as it is now', () => {
  const times = [10_000, 12_000, 14_000, 16_000, 18_000, 20_000];
  const old = columnsOf([loaded('cpu', [one({}, times, [1, 2, 3, 4, 5, 6])])], span, stepMs);
  const tailSpan = { fromMs: 18_000, toMs: 24_000 };
  const tail = columnsOf([loaded('cpu', [one({}, [18_000, 24_000], [50, 80])])], tailSpan, stepMs);
  const next = movedOn(old, tail, { fromMs: 14_000, toMs: 24_000 });
  assert.deepEqual(next.lines[0]?.values, [3, 4, 50, null, null, 80]);
});

test('a line that begins in the tail has gaps before, and one that has gone from the picture is left out', () => {
  const old = columnsOf(
    [loaded('{{q}}', [one({ q: 'a' }, [10_000], [1]), one({ q: 'b' }, [20_000], [2])])],
    span,
    stepMs,
  );
  const tailSpan = { fromMs: 20_000, toMs: 22_000 };
  const tail = columnsOf([loaded('{{q}}', [one({ q: 'c' }, [22_000], [3])])], tailSpan, stepMs);
  const next = movedOn(old, tail, { fromMs: 12_000, toMs: 22_000 });
  assert.deepEqual(
    next.lines.map(({ label, values }) => [label, values]),
    [['c', [null, null, null, null, null, 3]]],
  );
});

test('a summary is of what is known, and of nothing it is nothing', () => {
  assert.deepEqual(summaryOf([null, 4, null, 2, null]), { min: 2, avg: 3, max: 4, last: 2 });
  assert.deepEqual(summaryOf([null]), { min: null, avg: null, max: null, last: null });
});

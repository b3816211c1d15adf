import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentileSeries, seriesOf } from '../../../../agent/http/dashboard/views/percentile-series.ts';
import { answerFetch } from './asked.ts';

const minuteMs = 60_000;

test('a value of a minute stands at all steps of the chart that end in it, and a minute without one is a gap', () => {
  const rows = [
    [0, 5],
    [2 * minuteMs, 7],
  ] as const;
  const { timesMs, values } = seriesOf(rows, { fromMs: 30_000, toMs: 150_000 }, 30_000, 180_000);
  assert.deepEqual(timesMs, [30_000, 60_000, 90_000, 120_000, 150_000]);
  assert.deepEqual(values, [5, 5, null, null, 7]);
});

test('the value before stands until most of the newest minute is over', () => {
  const rows = [
    [0, 5],
    [minuteMs, 900],
  ] as const;
  const span = { fromMs: 60_000, toMs: 70_000 };
  assert.deepEqual(seriesOf(rows, span, 10_000, 71_000).values, [5, 5]);
  assert.deepEqual(seriesOf(rows, span, 10_000, 100_000).values, [5, 900]);
});

test('steps longer than a minute that are no whole minutes take the merged step they lie in', () => {
  const rows = [
    [0, 1],
    [2 * minuteMs, 2],
  ] as const;
  assert.deepEqual(seriesOf(rows, { fromMs: 90_000, toMs: 270_000 }, 90_000, 240_000).values, [1, 2, 2]);
});

const span = { fromMs: minuteMs, toMs: 3 * minuteMs };
const answer = {
  success: true,
  data: [
    {
      rows: [
        { timestamp: '1970-01-01T00:00:00.000Z', p50: 1, p95: 2, p99: 3 },
        { timestamp: '1970-01-01T00:02:00.000Z', p50: 4, p95: 5, p99: 6 },
      ],
    },
  ],
};

test('the three lines of a chart come from one answer', async (t) => {
  const asked = answerFetch(t, () => answer);
  const { signal } = new AbortController();
  const lines = percentileSeries('http', { route: '/a&b', process: undefined });
  const found = await Promise.all(lines.map(({ load }) => load!(span, minuteMs, signal)));
  assert.deepEqual(
    found.map(([series]) => series!.values),
    [
      [1, null, 4],
      [2, null, 5],
      [3, null, 6],
    ],
  );
  assert.equal(asked.length, 1);
  const params = new URL(asked[0]!, 'http://agent').searchParams;
  assert.deepEqual(Object.fromEntries(params), {
    ...{ measurement: 'http', route: '/a&b', limit: '1', step: '60s' },
    ...{ since: '1970-01-01T00:00:00.000Z', until: '1970-01-01T00:03:00.000Z' },
  });
});

test('what could not be had is asked again, and so is what another chart asked', async (t) => {
  let isBroken = true;
  const asked = answerFetch(t, () => (isBroken ? undefined : answer));
  const [line] = percentileSeries('http', {});
  const { signal } = new AbortController();
  await assert.rejects(line!.load!(span, minuteMs, signal), /nothing/);
  isBroken = false;
  await line!.load!(span, minuteMs, signal);
  await line!.load!(span, minuteMs, new AbortController().signal);
  assert.equal(asked.length, 3);
});

test('without a single duration there is no line', async (t) => {
  answerFetch(t, () => ({ success: true, data: [] }));
  const [line] = percentileSeries('db', { operation: 'findMany' });
  assert.deepEqual(await line!.load!(span, minuteMs, new AbortController().signal), []);
});

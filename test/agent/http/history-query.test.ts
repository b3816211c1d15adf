import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HistoryQuery, readHistoryRange, readMinuteRange } from '../../../agent/http/history-query.ts';

const now = Date.parse('2026-03-01T12:00:00.500Z');

const good: readonly [query: HistoryQuery, fromIso: string, stepMs: number, toIso?: string][] = [
  [{}, '2026-02-28T12:00:00.000Z', 60_000],
  [{ hours: 24 }, '2026-02-28T12:00:00.000Z', 60_000],
  [{ hours: 1 }, '2026-03-01T11:00:00.000Z', 5000],
  [{ hours: 0.25 }, '2026-03-01T11:45:00.000Z', 2000],
  [{ hours: 1.5 }, '2026-03-01T10:30:00.000Z', 5000],
  [{ hours: 25 }, '2026-02-28T11:00:00.000Z', 120_000],
  [{ hours: 17520 }, '2024-03-01T12:00:00.000Z', 43_200_000],
  [{ step: '10m' }, '2026-02-28T12:00:00.000Z', 600_000],
  [{ step: '90' }, '2026-02-28T12:00:00.000Z', 90_000],
  [{ hours: 8, step: '1.5' }, '2026-03-01T04:00:00.000Z', 1500],
  [{ hours: 24, step: '5s' }, '2026-02-28T12:00:00.000Z', 5000],
  [{ hours: 1, step: '1d' }, '2026-03-01T00:00:00.000Z', 86_400_000],
  [{ hours: 2, until: '1d' }, '2026-02-28T10:00:00.000Z', 5000, '2026-02-28T12:00:00.500Z'],
  [{ since: '6h', until: '5h' }, '2026-03-01T06:00:00.000Z', 5000, '2026-03-01T07:00:00.500Z'],
  [
    { since: '2026-02-01T00:00:00Z', until: '2026-02-02T01:00:00+01:00' },
    '2026-02-01T00:00:00.000Z',
    60_000,
    '2026-02-02T00:00:00.000Z',
  ],
];

for (const [query, fromIso, stepMs, toIso] of good) {
  test(`${JSON.stringify(query)} begins at ${fromIso} in steps of ${stepMs} ms`, () => {
    const toMs = toIso === undefined ? now : Date.parse(toIso);
    assert.deepEqual(readHistoryRange(query, now), { fromMs: Date.parse(fromIso), toMs, stepMs });
  });
}

test('no range needs more than 1,500 rows unless a step is asked for', () => {
  for (let hours = 0.01; hours <= 17_520; hours *= 1.01) {
    const range = readHistoryRange({ hours }, now);
    const rows = Math.floor(range.toMs / range.stepMs) - range.fromMs / range.stepMs + 1;
    assert.ok(rows <= 1500, `${hours} hours: ${rows} rows`);
  }
});

const stepProblem =
  'step: expected a duration from 1s to 1y such as 30s, 5m or 1h, or a number of seconds such as 60';

const bad: readonly [query: HistoryQuery, problem: string][] = [
  [{ step: '0' }, stepProblem],
  [{ step: '500ms' }, stepProblem],
  [{ step: '2sec' }, stepProblem],
  [{ step: '-5s' }, stepProblem],
  [{ step: '2y' }, stepProblem],
  [{ step: '1.00001' }, stepProblem],
  [{ step: '2s' }, 'step: 2s over 24 hours is more than 20000 rows; ask for 5s or more, or for fewer hours'],
  [
    { hours: 17520, step: '10m' },
    'step: 10m over 17520 hours is more than 20000 rows; ask for 1h or more, or for fewer hours',
  ],
  [{ hours: 1, since: '2h' }, 'hours: expected either hours or since, got both'],
  [{ since: '1h', until: '2h' }, 'since: expected a time before until'],
  [{ since: '3y' }, 'since: expected at most two years before until'],
  [{ since: '2026-02-31T00:00:00Z', until: 'x' }, 'until: there is no such time'],
];

for (const [query, problem] of bad) {
  test(`${JSON.stringify(query)} is refused: ${problem}`, () => {
    assert.throws(() => readHistoryRange(query, now), { message: problem, statusCode: 400 });
  });
}

test('steps of percentiles are whole minutes', () => {
  const from = Date.parse('2026-03-01T11:00:00Z');
  assert.deepEqual(readMinuteRange({ hours: 1 }, now), { fromMs: from, toMs: now, stepMs: 60_000 });
  assert.deepEqual(readMinuteRange({ hours: 1, step: '90s' }, now), {
    fromMs: from,
    toMs: now,
    stepMs: 120_000,
  });
});

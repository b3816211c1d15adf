import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHistoryQuery } from '../../../agent/http/history-query.ts';
import type { RawQuery } from '../../../agent/http/query-parameters.ts';

const now = Date.parse('2026-03-01T12:00:00.500Z');

const good: readonly [query: RawQuery, fromIso: string, stepMs: number][] = [
  [{}, '2026-02-28T12:00:00.000Z', 60_000],
  [{ hours: '24' }, '2026-02-28T12:00:00.000Z', 60_000],
  [{ hours: '1' }, '2026-03-01T11:00:00.000Z', 5000],
  [{ hours: '0.25' }, '2026-03-01T11:45:00.000Z', 2000],
  [{ hours: '1.5' }, '2026-03-01T10:30:00.000Z', 5000],
  [{ hours: '25' }, '2026-02-28T11:00:00.000Z', 120_000],
  [{ hours: '17520' }, '2024-03-01T12:00:00.000Z', 43_200_000],
  [{ hours: '24', step: '' }, '2026-02-28T12:00:00.000Z', 60_000],
  [{ step: '10m' }, '2026-02-28T12:00:00.000Z', 600_000],
  [{ step: '90' }, '2026-02-28T12:00:00.000Z', 90_000],
  [{ hours: '8', step: '1.5' }, '2026-03-01T04:00:00.000Z', 1500],
  [{ hours: '24', step: '5s' }, '2026-02-28T12:00:00.000Z', 5000],
  [{ hours: '1', step: '1d' }, '2026-03-01T00:00:00.000Z', 86_400_000],
];

for (const [query, fromIso, stepMs] of good) {
  test(`${JSON.stringify(query)} begins at ${fromIso} in steps of ${stepMs} ms`, () => {
    assert.deepEqual(parseHistoryQuery(query, now), { fromMs: Date.parse(fromIso), toMs: now, stepMs });
  });
}

test('no range needs more than 1,500 rows unless a step is asked for', () => {
  for (let hours = 0.01; hours <= 17_520; hours *= 1.01) {
    const range = parseHistoryQuery({ hours: hours.toFixed(6) }, now);
    if ('problem' in range) assert.fail(range.problem);
    const rows = Math.floor(range.toMs / range.stepMs) - range.fromMs / range.stepMs + 1;
    assert.ok(rows <= 1500, `${hours} hours: ${rows} rows`);
  }
});

const hoursProblem = 'hours: expected a number from 0.01 to 17520 (two years)';
const stepProblem =
  'step: expected a duration from 1s to 1y such as 30s, 5m or 1h, or a number of seconds such as 60';

const bad: readonly [query: RawQuery, problem: string][] = [
  [{ hours: '' }, hoursProblem],
  [{ hours: '0' }, hoursProblem],
  [{ hours: '-1' }, hoursProblem],
  [{ hours: '17520.1' }, hoursProblem],
  [{ hours: '1e3' }, hoursProblem],
  [{ hours: 'Infinity' }, hoursProblem],
  [{ hours: '24h' }, hoursProblem],
  [{ step: '0' }, stepProblem],
  [{ step: '500ms' }, stepProblem],
  [{ step: '2sec' }, stepProblem],
  [{ step: '-5s' }, stepProblem],
  [{ step: '2y' }, stepProblem],
  [{ step: '1.00001' }, stepProblem],
  [{ step: '2s' }, 'step: 2s over 24 hours is more than 20000 rows; ask for 5s or more, or for fewer hours'],
  [
    { hours: '17520', step: '10m' },
    'step: 10m over 17520 hours is more than 20000 rows; ask for 1h or more, or for fewer hours',
  ],
  [{ hours: ['1', '2'] }, 'hours: expected once, got it several times'],
  [{ hour: '1' }, 'unknown parameter "hour"; did you mean "hours"? (allowed: hours, step)'],
  [{ Step: '1m' }, 'unknown parameter "Step"; did you mean "step"? (allowed: hours, step)'],
  [{ limit: '5' }, 'unknown parameter "limit" (allowed: hours, step)'],
];

for (const [query, problem] of bad) {
  test(`${JSON.stringify(query)} is refused: ${problem}`, () => {
    assert.deepEqual(parseHistoryQuery(query, now), { problem });
  });
}

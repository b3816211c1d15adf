import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alignedSpan,
  movedRange,
  parseRange,
  parseSpanText,
  rangeParams,
  spanText,
  spanUntilNow,
  spanWords,
  stepOf,
  widerRange,
} from '../../../../agent/http/dashboard/time-range.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 10, 24, 12);

test('spans are read and written as people write them', () => {
  for (const text of ['10s', '5m', '90m', '6h', '24h', '7d', '30d', '90d']) {
    assert.equal(spanText(parseSpanText(text)!), text);
  }
  assert.equal(parseSpanText('5 m'), undefined);
  assert.equal(spanWords(hourMs), 'hour');
  assert.equal(spanWords(15 * 60_000), '15 minutes');
});

test('a fixed range comes before a relative one, and ranges come back as they were written', () => {
  const fixed = parseRange({ from: '2026-11-24T10:00:00Z', to: '2026-11-24T12:00:00Z', range: '6h' });
  assert.deepEqual(fixed, { kind: 'fixed', fromMs: nowMs - 2 * hourMs, toMs: nowMs });
  assert.deepEqual(parseRange(rangeParams(fixed!)), fixed);
  assert.deepEqual(parseRange({ from: String(nowMs), to: String(nowMs + 5000) }), {
    kind: 'fixed',
    fromMs: nowMs,
    toMs: nowMs + 5000,
  });
});

test('a range that ends before it begins, is too short or too long is none', () => {
  assert.equal(parseRange({ from: '2026-11-24T12:00:00Z', to: '2026-11-24T10:00:00Z' }), undefined);
  assert.equal(parseRange({ range: '1s' }), undefined);
  assert.equal(parseRange({ range: '9999999d' }), undefined);
});

test('a chart has about one point for two pixels, never closer than the agent measures', () => {
  const span = { fromMs: nowMs - hourMs, toMs: nowMs };
  assert.equal(stepOf(span, 720, 2000), 10_000);
  assert.equal(stepOf({ fromMs: nowMs - 60_000, toMs: nowMs }, 720, 2000), 2000);
  assert.equal(stepOf({ fromMs: nowMs - 60_000, toMs: nowMs }, 720, 8000), 8000);
});

test('steps are whole intervals of the agent, whatever that interval is', () => {
  for (const intervalMs of [250, 2000, 3000, 7000, 8000]) {
    for (const hours of [0.1, 1, 24, 24 * 365]) {
      const step = stepOf({ fromMs: nowMs - hours * hourMs, toMs: nowMs }, 600, intervalMs);
      assert.equal(step % intervalMs, 0, `${intervalMs} over ${hours} h: ${step}`);
    }
  }
});

test('charts of one step have the same times', () => {
  assert.deepEqual(alignedSpan({ fromMs: 1001, toMs: 20_999 }, 2000), { fromMs: 2000, toMs: 20_000 });
});

test('earlier is the time before, and later than now is the last such time', () => {
  const earlier = movedRange({ kind: 'last', ms: hourMs }, -1, nowMs);
  assert.deepEqual(earlier, { kind: 'fixed', fromMs: nowMs - 2 * hourMs, toMs: nowMs - hourMs });
  assert.deepEqual(movedRange(earlier, 1, nowMs), { kind: 'last', ms: hourMs });
});

test('longer is the next offered range, and of a stretch of the past twice as long around its middle', () => {
  assert.deepEqual(widerRange({ kind: 'last', ms: hourMs }, nowMs), { kind: 'last', ms: 6 * hourMs });
  const past = { kind: 'fixed', fromMs: nowMs - 6 * hourMs, toMs: nowMs - 4 * hourMs } as const;
  assert.deepEqual(widerRange(past, nowMs), {
    kind: 'fixed',
    fromMs: nowMs - 7 * hourMs,
    toMs: nowMs - 3 * hourMs,
  });
});

test('a long step that is not over is shown once it says something, a short one when it is over', () => {
  const hourMs = 3_600_000;
  const toOf = (sinceMs: number, stepMs: number) =>
    spanUntilNow({ fromMs: 0, toMs: 10 * stepMs + sinceMs }, stepMs).toMs / stepMs;
  assert.equal(toOf(60_000, hourMs), 10);
  assert.equal(toOf(120_000, hourMs), 11);
  assert.equal(toOf(9000, 10_000), 10);
});

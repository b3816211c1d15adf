import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CauseView, explainAlert } from '../../../workers/cause/explain.ts';
import { parseExpression } from '../../../workers/promql/index.ts';
import {
  beginMs,
  explain,
  intervalMs,
  point,
  randomFrom,
  ringOf,
  type Signal,
  type SignalPoint,
} from './fixture.ts';

const oddTexts = [
  '',
  '"',
  "\\'`",
  'a"b\\c',
  'two\nlines\r\n',
  '\u0000\u001b[31m',
  '\u2028',
  '{}',
  '<script>alert(1)</script>',
  '…',
  '😀'.repeat(60),
  '\ud800',
  `a${'\udc00'.repeat(70)}`,
  '__proto__',
  'x'.repeat(10_240),
  '"\n'.repeat(5_120),
  '{{ .Labels }}',
];
const oddNumbers = [0, -0, 1e-9, 0.1, 1, 99.95, 1e3, 1e15, 1e100, -5, -1e12, 5e-324];
const measurements: Readonly<Record<string, readonly [tags: readonly string[], fields: readonly string[]]>> =
  {
    http: [
      ['process', 'route', 'method', 'status'],
      ['requests', 'duration_p95_ms'],
    ],
    db: [
      ['process', 'model', 'operation'],
      ['queries', 'duration_avg_ms', 'slow', 'errors'],
    ],
    job: [
      ['process', 'queue', 'job'],
      ['errors', 'duration_avg_ms'],
    ],
    errors: [['process', 'fingerprint', 'type'], ['count']],
    queue: [
      ['redis', 'prefix', 'queue'],
      'waiting active delayed prioritized paused workers overdue stalled rate_limited completed_total failed_total oldest_waiting_age_ms run_p50_ms run_p95_ms'.split(
        ' ',
      ),
    ],
    runtime: [
      ['process', 'worker'],
      ['heap_used_bytes', 'eventloop_delay_p99_ms'],
    ],
    process: [['process'], ['cpu_usage_percent', 'restarts_total']],
    disk: [['path'], ['used_percent']],
    redis: [['redis'], ['latency_ms', 'memory_used_bytes']],
    users: [['process'], ['active_5m', 'sessions']],
  };

/** Points with odd names, and values that step from any number to any other, with gaps. */
function oddPoints(random: () => number): SignalPoint[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  return Object.entries(measurements).flatMap(([measurement, [tags, fields]]) =>
    Array.from({ length: 3 }, () => {
      const signals: Record<string, Signal> = {};
      for (const field of fields) {
        const [before, after, gap] = [pick(oddNumbers), pick(oddNumbers), random() * 0.9];
        signals[field] = (tick) => (random() < gap ? undefined : tick < 400 ? before : after);
      }
      return point(measurement, Object.fromEntries(tags.map((tag) => [tag, pick(oddTexts)])), signals);
    }),
  );
}

test('whatever names and numbers are, texts are bounded, on one line and without NaN', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomFrom(seed);
    const points = oddPoints(random);
    const { ring, nowMs } = ringOf(points, 450);
    const view = new CauseView({ ring, requests: () => [], errorUsers: () => null }, nowMs, intervalMs);
    for (const { measurement, tags } of points) {
      const expr = `${measurement}_${measurements[measurement]![1][0]} > 1`;
      const { cause, reach } = explainAlert({ labels: tags, activeAtMs: nowMs - 60_000 }, { expr }, view);
      for (const text of [cause.text, reach.text, ...cause.moved.map(({ series }) => series)]) {
        assert.ok(text.length > 0 && text.length <= 500, `${seed}: ${text.length} characters`);
        assert.doesNotMatch(text, /NaN|undefined|null|Infinity|∞|\.\.$/, `${seed}: ${text}`);
        assert.doesNotMatch(text, /[\p{Cc}\p{Cs}\u2028]/u, `${seed}: ${JSON.stringify(text)}`);
      }
      assert.ok(cause.moved.length <= 10);
      for (const { now, usual, score } of cause.moved) {
        assert.ok(Number.isFinite(now) && Number.isFinite(usual), `${seed}: ${now} ${usual}`);
        assert.ok(Math.abs(score) >= 4 && Math.abs(score) <= 1000, `${seed}: ${score}`);
      }
    }
  }
});

test('a series is told as PromQL reads it', () => {
  for (const route of oddTexts) {
    const points = [point('http', { route }, { duration_p95_ms: (tick) => (tick < 400 ? 10 : 900) })];
    const { series } = explain({ points }).cause.moved[0]!;
    const parsed = parseExpression(series);
    assert.ok(parsed.kind === 'selector' && parsed.name === 'http_duration_p95_ms', series);
  }
});

test('labels that a rule made up, and expressions that no parser takes, do no harm', () => {
  for (const expr of [
    '',
    '(',
    'vector(1)',
    '{__name__="queue_waiting"}',
    'up'.repeat(50_000),
    'absent(a_b)',
  ]) {
    const labels = { queue: 'x\n"'.repeat(9_999), route: '\u0000', process: '__proto__', constructor: 'y' };
    const { cause, reach } = explain({ points: [], expr, labels, activeAtTick: -100_000 });
    assert.equal(cause.kind, 'unknown');
    assert.equal(reach.users, null);
  }
});

test('an alert of another time than the ring has finds nothing, and does not fail', () => {
  const points = [point('http', { route: '/a' }, { duration_p95_ms: (tick) => (tick < 400 ? 10 : 900) })];
  const { ring, nowMs } = ringOf(points, 450);
  for (const activeAtMs of [0, -1, beginMs - 1e12, Number.MAX_SAFE_INTEGER, Number.NaN]) {
    const view = new CauseView({ ring, requests: () => [], errorUsers: () => null }, nowMs, intervalMs);
    const { cause } = explainAlert({ labels: {}, activeAtMs }, { expr: 'x' }, view);
    assert.ok(['unknown', 'moved_with'].includes(cause.kind));
  }
});

test('of very many alerts the first are explained', () => {
  const { ring, nowMs } = ringOf([point('system', {}, { cpu_usage_percent: 1 })], 100);
  const view = new CauseView({ ring, requests: () => [], errorUsers: () => null }, nowMs, intervalMs);
  const texts = Array.from({ length: 600 }, (_, i) => {
    const labels = { route: `/${i}` };
    return explainAlert({ labels, activeAtMs: nowMs }, { expr: 'x' }, view).cause.text;
  });
  assert.equal(texts.filter((text) => text.startsWith('More alerts')).length, 100);
});

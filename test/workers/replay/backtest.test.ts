import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRouting } from '../../../agent/alerts/notify-file/routing.ts';
import { metricLabels, seriesValues } from '../../../agent/alerts/proof/series-notation.ts';
import { TestSamples } from '../../../agent/alerts/proof/test-samples.ts';
import { readRuleFile } from '../../../agent/alerts/rule-files/rule-file.ts';
import type { BacktestReport } from '../../../workers/contract/backtest.ts';
import { backtest } from '../../../workers/replay/backtest.ts';

const startMs = 1_700_000_000_000;
const minuteMs = 60_000;

/** Replays rules over series with a value every 10 s. */
function replayed(rules: string, series: Readonly<Record<string, string>>, minutes: number): BacktestReport {
  const input = Object.entries(series).map(([name, text]) => ({
    labels: metricLabels(name),
    values: seriesValues(text),
  }));
  const samples = new TestSamples(input, startMs, 10_000);
  const untilMs = startMs + minutes * minuteMs;
  samples.moveTo(untilMs);
  const { groups, document } = readRuleFile('/r.yml', 'r.yml', Buffer.from(rules), 10_000);
  assert.deepEqual(document.problems, []);
  const past = { select: samples.select, tickTimes: () => new Float64Array(0), rawFromMs: untilMs };
  const request = { groups, routing: defaultRouting(), past, sinceMs: startMs, untilMs, externalUrl: '' };
  const steps = backtest(request);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

const oneRule = 'groups: [{name: g, rules: [{alert: A, expr: system_load1 > 5}]}]';

test('a backtest counts firings and flaps, and suggests a for that leaves the flaps out', () => {
  const values = '1x5 9x5 1x5 9x11 1x5 9x90 1x20';
  const { rules, receivers } = replayed(oneRule, { 'system_load1{host="a"}': values }, 25);
  const { summary, suggested } = rules[0]!;
  assert.deepEqual([summary.firings, summary.flaps, summary.longestMs], [3, 2, 910_000]);
  assert.equal(summary.firingMs, 60_000 + 120_000 + 910_000);
  assert.deepEqual(suggested, { forMs: 2 * minuteMs, remaining: 1 });
  assert.ok(receivers[0]!.notifications > 0);
});

test('a backtest knows when a source was down', () => {
  const series = { 'system_load1{host="a"}': '9x60', 'agent_source_up{source="host"}': '1x11 0x11 1x40' };
  const { summary } = replayed(oneRule, series, 8).rules[0]!;
  assert.equal(summary.unknownMs, 120_000);
});

test('later rules see what earlier ones record', () => {
  const rules =
    'groups: [{name: g, rules: [{record: a:b, expr: sum(system_load1)}, {alert: A, expr: a:b > 10}]}]';
  const series = { 'system_load1{host="a"}': '9x60', 'system_load1{host="b"}': '1x29 9x30' };
  const { summary } = replayed(rules, series, 10).rules[0]!;
  assert.deepEqual([summary.firings, summary.firstMs], [1, startMs + 30 * 10_000]);
});

test('rules see the alerts of others, wherever they stand in the file', () => {
  const file = [
    `{record: a:firing, expr: 'count(ALERTS{alertname="A",alertstate="firing"})'}`,
    '{alert: Both, expr: a:firing > 1}',
    '{alert: Old, expr: time() - ALERTS_FOR_STATE > 200}',
    '{alert: A, expr: system_load1 > 5, for: 1m}',
  ];
  const series = { 'system_load1{host="a"}': '9x30 1x30', 'system_load1{host="b"}': '1x11 9x18 1x30' };
  const { rules } = replayed(`groups: [{name: g, rules: [${file.join(', ')}]}]`, series, 10);
  const [both, old, first] = rules.map(({ rule, summary }) => ({ rule, ...summary }));
  assert.deepEqual([first!.rule, first!.firings], ['A', 2]);
  // The second one is active from 2:00, and fires a minute later.
  assert.deepEqual([both!.rule, both!.firings, both!.firstMs], ['Both', 1, startMs + 180_000]);
  assert.equal(both!.firingMs, 310_000 - 180_000);
  assert.deepEqual([old!.rule, old!.firings, old!.firstMs], ['Old', 1, startMs + 210_000]);
});

test('a backtest tells each firing with its times, and each message that would have gone out', () => {
  const { rules, notifications, receivers } = replayed(
    oneRule,
    { 'system_load1{host="a"}': '1x5 9x11 1x60 9x30' },
    18,
  );
  const firings = rules[0]!.alerts[0]!.firings.map(({ firedAtMs, endedAtMs }) => [
    firedAtMs - startMs,
    endedAtMs === null ? null : endedAtMs - startMs,
  ]);
  assert.deepEqual(firings, [
    [60_000, 180_000],
    [790_000, null],
  ]);
  assert.equal(notifications.length, receivers[0]!.notifications);
  assert.deepEqual(
    notifications.map(({ reason, firing, resolved }) => [reason, firing, resolved]),
    [
      ['new', 1, 0],
      ['resolved', 0, 1],
      ['new', 1, 0],
    ],
  );
});

test('a backtest says how far it is, up to its end', () => {
  const past = { select: () => [], tickTimes: () => new Float64Array(0), rawFromMs: startMs };
  const { groups } = readRuleFile('/r.yml', 'r.yml', Buffer.from(oneRule), 10_000);
  const untilMs = startMs + 24 * 60 * minuteMs;
  const request = { groups, routing: defaultRouting(), past, sinceMs: startMs, untilMs, externalUrl: '' };
  assert.deepEqual([...backtest(request)], [0.25, 0.5, 0.75, 1]);
});

test('a rule that takes too long fails and says so', () => {
  const slow = 'groups: [{name: g, rules: [{alert: A, expr: "max_over_time(vector(1)[1d:1s]) > 0"}]}]';
  const past = { select: () => [], tickTimes: () => new Float64Array(0), rawFromMs: startMs + 1e9 };
  const { groups } = readRuleFile('/r.yml', 'r.yml', Buffer.from(slow), 10_000);
  const untilMs = startMs + 60 * minuteMs;
  const request = { groups, routing: defaultRouting(), past, sinceMs: startMs, untilMs, externalUrl: '' };
  const steps = backtest({ ...request, partLimitMs: 20 });
  let step = steps.next();
  while (!step.done) step = steps.next();
  const [report] = step.value.rules;
  assert.equal(report!.failures, 360);
  assert.match(report!.error, /takes too long/);
});

test('what rules record has the tags of every point, as it has when it is stored', () => {
  const rules = 'groups: [{name: g, rules: [{record: a:b, expr: sum(up)}, {alert: A, expr: a:b > 0}]}]';
  const input = [{ labels: metricLabels('up'), values: seriesValues('1x30') }];
  const samples = new TestSamples(input, startMs, 10_000);
  const untilMs = startMs + 5 * minuteMs;
  samples.moveTo(untilMs);
  const { groups } = readRuleFile('/r.yml', 'r.yml', Buffer.from(rules), 10_000);
  const past = { select: samples.select, tickTimes: () => new Float64Array(0), rawFromMs: untilMs };
  const request = { groups, routing: defaultRouting(), past, sinceMs: startMs, untilMs, externalUrl: '' };
  const steps = backtest({ ...request, commonLabels: { host: 'vm' } });
  let step = steps.next();
  while (!step.done) step = steps.next();
  assert.deepEqual(step.value.rules[0]!.alerts[0]!.labels, { alertname: 'A', host: 'vm' });
});

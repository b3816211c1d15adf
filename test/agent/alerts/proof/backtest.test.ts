import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRouting } from '../../../../agent/alerts/notify-file/routing.ts';
import { type BacktestReport, backtest } from '../../../../agent/alerts/proof/backtest.ts';
import { metricLabels, seriesValues } from '../../../../agent/alerts/proof/series-notation.ts';
import { TestSamples } from '../../../../agent/alerts/proof/test-samples.ts';
import { readRuleFile } from '../../../../agent/alerts/rule-files/rule-file.ts';

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
  return backtest({ ...request, onProgress: () => {} });
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

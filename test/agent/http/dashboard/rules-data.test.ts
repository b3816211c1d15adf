import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRuleFile } from '../../../../agent/alerts/rule-files/rule-file.ts';
import {
  backtestRange,
  durationText,
  namedRule,
  placedRules,
  type Rule,
  type RuleGroup,
  ruleFileText,
  stateTone,
  stateWord,
} from '../../../../agent/http/dashboard/views/rules-data.ts';

const rule: Rule = {
  ...{ kind: 'alerting', name: 'a: "b"', expression: 'queue_waiting{queue="mail"}\n  > 5 # "q"', line: 1 },
  ...{ labels: { severity: 'critical', team: "it's: {}" }, annotations: { summary: '{{ $value }}\n\\' } },
  ...{ forMs: 90_000, keepFiringForMs: 7_200_000, clear: 'queue_waiting < 2', noData: 'alert' },
  ...{ health: 'ok', error: '', lastEvaluation: null, durationMs: 1, samples: 0, state: 'inactive' },
  ...{ alertCount: 0, alerts: [], downSources: [] },
};
const group: RuleGroup = {
  ...{ file: '/r.yml', name: 'g #1', intervalMs: 500, limit: 0, queryOffsetMs: 0, lastEvaluation: null },
  ...{ durationMs: 0, rules: [rule, { ...rule, name: 'second' }] },
};

test('a rule as a file to try is read back as the rule that it was', () => {
  const [placed] = placedRules([group]);
  const { groups, document } = readRuleFile('f', 'f', Buffer.from(ruleFileText(placed!)), 2000);
  assert.deepEqual(document.problems, []);
  const [read] = groups;
  const [one] = read!.rules;
  assert.ok(one?.kind === 'alerting');
  assert.deepEqual([read!.name, read!.intervalMs, one.name], ['g #1', 500, 'a: "b"']);
  assert.equal(one.expr.trim(), rule.expression);
  assert.deepEqual([one.forMs, one.keepFiringForMs], [90_000, 7_200_000]);
  assert.deepEqual([one.labels, one.annotations], [rule.labels, { summary: '{{ $value }}\n\\' }]);
  assert.deepEqual([one.clear, one.noData], ['queue_waiting < 2', 'alert']);
});

test('the address names a rule by its place, and an alert by the name alone', () => {
  const rules = placedRules([group, { ...group, name: 'other' }]);
  assert.equal(namedRule(rules, rules[2]!.key), rules[2]);
  assert.equal(namedRule(rules, 'second'), rules[1]);
  assert.equal(namedRule(rules, 'gone'), undefined);
});

test('a rule that fails or was not evaluated is not shown as well', () => {
  assert.deepEqual(
    [stateWord({ ...rule, health: 'err' }), stateTone({ ...rule, health: 'err' })],
    ['fails', 'warning'],
  );
  assert.equal(stateTone({ ...rule, health: 'unknown' }), 'unknown');
  assert.deepEqual([stateWord(rule), stateTone(rule)], ['inactive', 'ok']);
});

test('durations are those of rule files, and a range is what the backtest takes', () => {
  assert.deepEqual([0, 500, 90_000, 300_000, 172_800_000].map(durationText), [
    '0s',
    '500ms',
    '90s',
    '5m',
    '2d',
  ]);
  assert.deepEqual(backtestRange({ kind: 'last', ms: 3_600_000 }), { since: '3600s' });
  assert.deepEqual(backtestRange({ kind: 'fixed', fromMs: 0, toMs: 1000 }), {
    since: '1970-01-01T00:00:00.000Z',
    until: '1970-01-01T00:00:01.000Z',
  });
});

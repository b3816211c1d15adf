import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RuleViews } from '../../../agent/alerts/rule-views.ts';
import type { AlertingRuleView } from '../../../agent/rule-shape.ts';
import type { ActiveAlert, RuleHealth } from '../../../workers/contract/alert-tasks.ts';
import type { Alert, Rule, RuleGroup } from '../../../workers/contract/alerts.ts';

const place = { file: '/r.yml', line: 3, column: 1 };
const alerting: Rule = {
  ...{ kind: 'alerting', name: 'high', expr: 'a > 1', forMs: 60_000, keepFiringForMs: 0, labels: {} },
  ...{ annotations: { summary: '{{ $value }}' }, noData: null, clear: 'a < 1', place },
};
const recording: Rule = { kind: 'recording', name: 'a:b', expr: 'sum(a)', labels: {}, place };
const group: RuleGroup = {
  ...{ file: '/r.yml', name: 'g', intervalMs: 2000, limit: 0, queryOffsetMs: 0 },
  rules: [recording, alerting],
};
const alertingKey = '/r.yml;g;high;1';

function alert(other: Partial<Alert>): ActiveAlert {
  const alert: Alert = {
    ...{ id: 'f-1', fingerprint: 'f', rule: alertingKey, labels: { alertname: 'high' }, annotations: {} },
    ...{ state: 'firing', unknownSources: [], unknownSinceMs: 0, value: 2, activeAtMs: 5, firedAtMs: 6 },
    ...{ resolvedAtMs: 0, keepFiringSinceMs: 0, cause: null, reach: null },
    ...other,
  };
  return { alert, mutedBy: null, receivers: [], isFlapping: false };
}

function health(key: string, other: Partial<RuleHealth> = {}): RuleHealth {
  return { key, error: '', evaluatedAtMs: 9000, tookMs: 1.5, samples: 1, ...other };
}

function viewOf(active: readonly ActiveAlert[], healths: readonly RuleHealth[]): AlertingRuleView {
  const [view] = new RuleViews(() => [group], { active: () => active, health: () => healths }).list([]);
  return view!.rules[1] as AlertingRuleView;
}

test('a group has the time of its last evaluation and what its rules took together', () => {
  const healths = [health('/r.yml;g;a:b;0', { tookMs: 2 }), health(alertingKey)];
  const [view] = new RuleViews(() => [group], { active: () => [], health: () => healths }).list([]);
  assert.deepEqual([view!.evaluatedAtMs, view!.tookMs, view!.rules.length], [9000, 3.5, 2]);
  assert.deepEqual([view!.rules[0]!.kind, view!.rules[0]!.health], ['recording', 'ok']);
});

test('a rule that was not evaluated yet, or failed, is unknown and not inactive', () => {
  assert.deepEqual([viewOf([], []).health, viewOf([], []).state], ['unknown', 'unknown']);
  const failed = viewOf([], [health(alertingKey, { error: 'no such thing' })]);
  assert.deepEqual([failed.health, failed.state, failed.error], ['err', 'unknown', 'no such thing']);
  assert.equal(viewOf([], [health(alertingKey)]).state, 'inactive');
});

test('a rule stands as its worst alert does, what is unknown among them', () => {
  const healths = [health(alertingKey)];
  const pending = alert({ id: 'p', state: 'pending', firedAtMs: 0 });
  const unknown = alert({ id: 'u', unknownSources: ['host'] });
  assert.equal(viewOf([pending], healths).state, 'pending');
  assert.equal(viewOf([pending, unknown], healths).state, 'unknown');
  assert.equal(viewOf([pending, unknown, alert({})], healths).state, 'firing');
});

test('alerts stand with their own rule, newest first', () => {
  const others = alert({ id: 'o', rule: '/r.yml;g;other;1' });
  const view = viewOf([alert({ id: 'old' }), others, alert({ id: 'new', activeAtMs: 50 })], []);
  assert.deepEqual(
    view.alerts.map(({ id }) => id),
    ['new', 'old'],
  );
});

test('a rule whose source is down is unknown, whatever its last evaluation found', () => {
  const rules = [{ ...alerting, expr: 'system_load1 > 1', clear: null }, alerting];
  const groups = [{ ...group, rules }];
  const healths = [health('/r.yml;g;high;0'), health(alertingKey)];
  const views = new RuleViews(() => groups, { active: () => [], health: () => healths });
  const shown = (down: readonly string[]) =>
    (views.list(down)[0]!.rules as AlertingRuleView[]).map(({ state, downSources }) => [
      state,
      ...downSources,
    ]);
  assert.deepEqual(shown(['host', 'queues/main']), [['unknown', 'host'], ['inactive']]);
  assert.deepEqual(shown([]), [['inactive'], ['inactive']]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricWarnings } from '../../../../agent/alerts/rule-files/known-metrics.ts';
import { reachWarnings } from '../../../../agent/alerts/rule-files/label-reach.ts';
import type { LabelMatcher, Route, Routing } from '../../../../workers/contract/alerts.ts';
import { read, withRules } from './support.ts';

const commonTags = ['host', 'env'];

function unknownMetrics(rules: string): string[] {
  const { groups, expressions } = read(withRules(rules));
  return metricWarnings(expressions, groups, commonTags).map(
    ({ place: { line, column }, message }) => `${line}:${column}: ${message}`,
  );
}

test('metrics that nothing gives are told of with the nearest name, where they stand', () => {
  const rules =
    '    - alert: A\n      expr: |\n        sum(http_request)\n          > queue_wating + nothing_like_it\n';
  assert.deepEqual(unknownMetrics(rules), [
    '6:13: nothing gives the metric http_request; did you mean http_requests?',
    '7:13: nothing gives the metric queue_wating; did you mean queue_waiting?',
    '7:28: nothing gives the metric nothing_like_it',
  ]);
});

test('metrics are found in subqueries, functions, parameters and clearing expressions', () => {
  const rules =
    '    - alert: A\n      expr: topk(scalar(x1), max_over_time((-x2)[5m:1m]) or {__name__="x3"})\n      annotations: {nova_clear: x4 < 1}\n';
  assert.deepEqual(
    unknownMetrics(rules).map((line) => /metric (\w+)/.exec(line)?.[1]),
    ['x1', 'x2', 'x3', 'x4'],
  );
});

test('recorded metrics and those of the engine are known', () => {
  const rules =
    "    - {record: job:x:sum, expr: sum(system_load1)}\n    - {alert: A, expr: \"job:x:sum > 1 and ALERTS{foo='a'} unless {host='b'}\"}\n";
  assert.deepEqual(unknownMetrics(rules), []);
});

test('labels that a metric does not have are told of', () => {
  const rules = `    - {alert: A, expr: 'queue_waiting{queu="a", host="b", env=~"c", job=""} > http_requests{queue!="a"}'}\n`;
  assert.deepEqual(unknownMetrics(rules), ['4:25: queue_waiting has no label queu; did you mean queue?']);
});

const rules = read(
  withRules(
    `    - {alert: A, expr: up, labels: {severity: critical}}\n    - {alert: B, expr: up, labels: {severity: '{{ $labels.s }}', team: db}}\n    - {record: c, expr: up, labels: {severity: page}}\n`,
  ),
).groups;

function matcher(text: string): LabelMatcher {
  const [, name, op, value] = /^(\w+)(=~|!~|!=|=)(.*)$/.exec(text)!;
  return { name: name!, op: op as LabelMatcher['op'], value: value! };
}

function route(receiver: string, matchers: readonly string[], routes: readonly Route[] = []): Route {
  return {
    key: receiver,
    receiver,
    groupBy: [],
    groupWaitMs: 0,
    groupIntervalMs: 1,
    repeatIntervalMs: 1,
    matchers: matchers.map(matcher),
    continues: false,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes,
  };
}

function reach(route: Route, receivers: readonly string[] = []): string[] {
  const named = receivers.map((name) => ({ name, integrations: [] }));
  const routing: Routing = { route, receivers: named, inhibitRules: [], timeIntervals: {} };
  return reachWarnings(rules, commonTags, routing, []);
}

test('a receiver that no route leads to is told of', () => {
  assert.deepEqual(reach(route('a', [], [route('b', ['host=x'])]), ['a', 'b', 'c']), [
    'no route leads to the receiver c',
  ]);
});

for (const [matchers, isReachable] of [
  [['alertname=A'], true],
  [['alertname=~B|C'], true],
  [['alertname=C'], false],
  [['alertname=A', 'severity=critical'], true],
  [['alertname=A', 'severity=page'], false],
  [['alertname=B', 'severity=page'], true],
  [['alertname=A', 'team=db'], false],
  [['alertname=A', 'team!=db'], true],
  [['queue=mail'], true],
  [['env=production'], true],
  [['cluster=a'], false],
  [['cluster='], true],
] as const) {
  test(`a route of ${matchers.join(', ')} ${isReachable ? 'may be taken' : 'is told of'}`, () => {
    const found = reach(route('a', [], [route('b', matchers)]));
    assert.equal(found.length, isReachable ? 0 : 1, found.join('\n'));
  });
}

test('a route below one that cannot be taken is not told of once more', () => {
  assert.deepEqual(reach(route('a', [], [route('b', ['alertname=X'], [route('c', ['queue=y'])])])), [
    'no rule\'s alerts can take the route {alertname="X"} to b',
  ]);
});

test('a route is told of when only those above it shut it off', () => {
  assert.deepEqual(reach(route('a', [], [route('b', ['alertname=A'], [route('c', ['team=db'])])])), [
    'no rule\'s alerts can take the route {alertname="A", team="db"} to c',
  ]);
});

test('a silence that fits no rule is told of', () => {
  const routing: Routing = { route: route('a', []), receivers: [], inhibitRules: [], timeIntervals: {} };
  const silences = [
    { id: '1', matchers: ['alertname="A"', 'queue=~"x.*"'], comment: 'x' },
    { id: '2', matchers: ['alertname="gone"'], comment: 'moving house' },
  ];
  assert.deepEqual(reachWarnings(rules, commonTags, routing, silences), [
    'the silence 2 (alertname="gone": moving house) fits no rule',
  ]);
});

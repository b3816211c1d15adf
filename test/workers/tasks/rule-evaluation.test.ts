import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AlertSettings, RulesTask } from '../../../workers/contract/alert-tasks.ts';
import { type Alert, type AlertingRule, type RuleGroup, ruleKey } from '../../../workers/contract/alerts.ts';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { buildLayout, parseLayout } from '../../../workers/point/point.ts';
import { MetricRing } from '../../../workers/ring/metric-ring.ts';
import { RingReader } from '../../../workers/ring/ring-reader.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';
import { RuleEvaluation } from '../../../workers/tasks/rule-evaluation.ts';
import { alertOf, changesOf } from '../store/alerts-made.ts';
import { dayStartMs, nothingElse, storeFor } from '../store/fixture.ts';

const intervalMs = 10_000;
const firedAtMs = dayStartMs + 600_000;
const layout = buildLayout([{ measurement: 'm', tags: {}, fields: ['v'] }]);

const rule: AlertingRule = {
  kind: 'alerting',
  name: 'odd',
  expr: 'm_v >= 0',
  forMs: 0,
  keepFiringForMs: 0,
  labels: {},
  annotations: {},
  noData: null,
  clear: null,
  place: { file: 'rules.yml', line: 1, column: 1 },
};

const group: RuleGroup = {
  ...{ file: 'rules.yml', name: 'g', intervalMs, limit: 0, queryOffsetMs: 0 },
  rules: [rule],
};

const settings: AlertSettings = {
  groups: [group],
  routing: {
    route: {
      ...{ key: '{}', receiver: 'none', groupBy: [], matchers: [], continues: false, routes: [] },
      ...{ groupWaitMs: 0, groupIntervalMs: 60_000, repeatIntervalMs: 3_600_000 },
      ...{ muteTimeIntervals: [], activeTimeIntervals: [] },
    },
    ...{ receivers: [], inhibitRules: [], timeIntervals: {} },
  },
  ...{ externalUrl: '', intervalMs, rawRetentionMs: 86_400_000, commonTags: { host: 'h' } },
};

function firing(name: string): Alert {
  const times = { activeAtMs: firedAtMs, firedAtMs, labels: { alertname: 'odd', name } };
  return alertOf({ ...times, id: `${name}-1`, fingerprint: name, rule: ruleKey(group, 0) });
}

/** A store of a quarter of an hour, and a ring that began a second before the alerts fired. */
function stage(context: TestContext, alerts: readonly Alert[]) {
  const { open, read } = storeFor(context);
  const store = open();
  const buffers = createRingBuffers(intervalMs);
  const writer = new RingWriter(buffers);
  const { columns } = writer.admit(layout);
  for (let timeMs = dayStartMs; timeMs <= firedAtMs + 400_000; timeMs += intervalMs) {
    const section = { layout, values: Float64Array.of(1) };
    store.append(timeMs, [section], nothingElse);
    if (timeMs >= firedAtMs) writer.write(timeMs, [{ columns, section }]);
  }
  store.alerts({ do: 'commit', changes: changesOf({ timeMs: firedAtMs, alerts }) });
  const evaluation = new RuleEvaluation({
    metrics: new MetricRing(buffers),
    reader: () => reader,
    reach: { ring: new RingReader(buffers), requests: () => [], errorUsers: () => null },
  });
  const reader = read();
  const task: RulesTask = {
    timeMs: firedAtMs + 310_000,
    firstTickMs: Number.MAX_SAFE_INTEGER,
    settings: JSON.stringify(settings),
    wishes: JSON.stringify({ silences: [], acknowledgements: {} }),
    ...{ downSources: [], slowFactor: 1, sequence: 0, unwritten: null },
  };
  return { evaluation, task, writer };
}

test('a recording begins before the ring did, even where no rule asks that far back', (context) => {
  const { evaluation, task } = stage(context, [firing('a')]);
  const [recording] = evaluation.evaluate(task).changes.recordings;
  assert.equal(recording!.fromMs, firedAtMs - 300_000);
  const { timestampsMs } = recording!.series[0]!;
  assert.deepEqual([timestampsMs[0], timestampsMs.at(-1)], [firedAtMs - 300_000, firedAtMs + 300_000]);
});

test('recordings of a burst of alerts are spread over evaluations', (context) => {
  const alerts = Array.from({ length: 25 }, (_, i) => firing(`a${i}`));
  const { evaluation, task } = stage(context, alerts);
  const counts = [0, 1, 2, 3].map((i) => {
    const { changes, nextDueMs } = evaluation.evaluate({
      ...task,
      timeMs: task.timeMs + i * intervalMs,
      sequence: i,
    });
    return [changes.recordings.length, nextDueMs <= task.timeMs];
  });
  assert.deepEqual(counts, [
    [10, true],
    [10, true],
    [5, false],
    [0, false],
  ]);
});

test('what fires is held for a minute after a long stop, until its metrics can be known again', (context) => {
  const { evaluation, task } = stage(context, [firing('a')]);
  const stopped = { ...task, timeMs: firedAtMs + 400_000 + 600_000 };
  const held = evaluation.evaluate(stopped);
  assert.deepEqual(
    held.active.map(({ alert }) => alert.state),
    ['firing'],
  );
  assert.deepEqual(held.changes.alerts, []);
  const known = evaluation.evaluate({ ...stopped, timeMs: stopped.timeMs + 60_000, sequence: 1 });
  assert.deepEqual(
    known.changes.alerts.map(({ state }) => state),
    ['resolved'],
  );
});

test('after a short stop what fires is looked at at once', (context) => {
  const { evaluation, task } = stage(context, [firing('a')]);
  const { changes } = evaluation.evaluate({ ...task, timeMs: firedAtMs + 410_000 });
  assert.deepEqual(
    changes.alerts.map(({ state, labels }) => [state, labels.name]),
    [
      ['resolved', 'a'],
      ['firing', undefined],
    ],
  );
});

test('ticks that a run stored before its first evaluation do not count for what was pending before it', (context) => {
  const groups = [{ ...group, rules: [{ ...rule, forMs: 60_000 }] }];
  const waiting = JSON.stringify({ ...settings, groups });
  const earlier = stage(context, []);
  const [pending] = earlier.evaluation.evaluate({ ...earlier.task, settings: waiting, timeMs: firedAtMs })
    .changes.alerts;
  assert.equal(pending!.state, 'pending');
  const { evaluation, task } = stage(context, [pending!]);
  const late = { ...task, settings: waiting, timeMs: firedAtMs + 410_000, firstTickMs: firedAtMs + 10_000 };
  assert.deepEqual(
    evaluation.evaluate(late).active.map(({ alert }) => [alert.id, alert.state]),
    [[pending!.id, 'pending']],
  );
  evaluation.evaluate({ ...late, timeMs: late.timeMs + 30_000, sequence: 1 });
  const { active } = evaluation.evaluate({ ...late, timeMs: late.timeMs + 60_000, sequence: 2 });
  assert.deepEqual(
    active.map(({ alert }) => [alert.id, alert.state]),
    [[pending!.id, 'firing']],
  );
});

test('what a rule records is one series, before it is stored and after', (context) => {
  const { evaluation, task, writer } = stage(context, []);
  const record: RuleGroup['rules'][number] = {
    ...{ kind: 'recording', name: 'total', expr: 'sum(m_v)', labels: {}, place: rule.place },
  };
  const groups = [{ ...group, rules: [record, { ...rule, expr: 'total >= 0' }] }];
  const recording = { ...task, settings: JSON.stringify({ ...settings, groups }) };
  const first = evaluation.evaluate({ ...recording, timeMs: firedAtMs + 410_000 });
  // It comes with the next tick, with the tags of every point.
  const layout = parseLayout(first.layout, settings.commonTags);
  const section = { layout, values: first.values };
  writer.write(firedAtMs + 420_000, [{ columns: writer.admit(layout).columns, section }]);
  const { active } = evaluation.evaluate({ ...recording, timeMs: firedAtMs + 420_000, sequence: 1 });
  assert.deepEqual(
    active.map(({ alert }) => [alert.id, alert.labels]),
    first.active.map(({ alert }) => [alert.id, { alertname: 'odd', host: 'h' }]),
  );
  assert.equal(active.length, 1);
});

test('a worker that takes over while the store takes nothing knows what it lacks', (context) => {
  const { evaluation, task } = stage(context, [firing('a'), firing('b')]);
  const ended = { ...firing('a'), state: 'resolved' as const, resolvedAtMs: firedAtMs + 100_000 };
  const unwritten = changesOf({ timeMs: firedAtMs + 300_000, alerts: [ended, firing('c')] });
  const { changes } = evaluation.evaluate({ ...task, unwritten });
  assert.deepEqual(changes.alerts.map(({ state, labels }) => [state, labels.name]).sort(), [
    ['firing', undefined],
    ['resolved', 'b'],
    ['resolved', 'c'],
  ]);
});

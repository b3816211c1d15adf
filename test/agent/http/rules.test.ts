import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleGroupView } from '../../../agent/rule-shape.ts';
import { startHttp } from './running-server.ts';

const atMs = Date.parse('2026-03-01T12:00:00.000Z');

function group(name: string): RuleGroupView {
  return {
    ...{ file: '/r.yml', name, intervalMs: 2000, limit: 0, queryOffsetMs: 0, evaluatedAtMs: 0, tookMs: 0 },
    rules: [
      {
        ...{
          kind: 'alerting',
          name: '<b>',
          expr: 'a > 1',
          forMs: 0,
          keepFiringForMs: 0,
          labels: {},
          line: 4,
        },
        ...{ annotations: {}, clear: null, noData: null, health: 'ok', error: '', evaluatedAtMs: atMs },
        ...{ tookMs: 1.23456, samples: 1, state: 'firing', downSources: [] },
        alerts: [
          {
            ...{ id: 'f-1', state: 'firing', labels: { queue: 'mail' }, annotations: {}, value: Number.NaN },
            ...{ activeAtMs: atMs, keepFiringSinceMs: 0, unknownSources: ['queues/main'] },
          },
        ],
      },
      {
        ...{ kind: 'recording', name: 'a:b', expr: 'sum(a)', labels: {}, line: 9, health: 'unknown' },
        ...{ error: '', evaluatedAtMs: 0, tookMs: 0, samples: 0 },
      },
    ],
  };
}

interface Shown {
  readonly data: readonly {
    readonly name: string;
    readonly rules: readonly Record<string, unknown>[];
  }[];
  readonly next?: string;
}

test('rules come with ISO times, null for never, and what is unknown as that', async (t) => {
  const { askAsAdmin } = await startHttp(t, { views: { rules: () => [group('g')] } });
  const { data } = (await askAsAdmin('/api/monitoring/rules')).json as Shown;
  const [alerting, recording] = data[0]!.rules;
  assert.deepEqual(
    [alerting!.name, alerting!.lastEvaluation, alerting!.durationMs, alerting!.alertCount],
    ['<b>', '2026-03-01T12:00:00.000Z', 1.235, 1],
  );
  assert.deepEqual(alerting!.alerts, [
    {
      ...{ id: 'f-1', state: 'unknown', labels: { queue: 'mail' }, annotations: {}, value: null },
      ...{ activeAt: '2026-03-01T12:00:00.000Z', unknownSources: ['queues/main'] },
    },
  ]);
  assert.deepEqual([recording!.health, recording!.lastEvaluation], ['unknown', null]);
  assert.ok(!('state' in recording!));
});

test('groups are paged by next', async (t) => {
  const groups = ['a', 'b', 'c'].map(group);
  const { askAsAdmin } = await startHttp(t, { views: { rules: () => groups } });
  const first = (await askAsAdmin('/api/monitoring/rules?limit=2')).json as Shown;
  const last = (await askAsAdmin(`/api/monitoring/rules?limit=2&before=${first.next}`)).json as Shown;
  assert.deepEqual(
    [...first.data, ...last.data].map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  assert.equal(last.next, undefined);
});

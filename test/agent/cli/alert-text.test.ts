import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertTexts, type RecordedAlert } from '../../../agent/cli/alert-text.ts';

const alert: RecordedAlert = {
  ...{
    id: '7-1',
    type: 'high-cpu',
    severity: 'critical',
    message: 'CPU at 97 %\u001b[31m',
    status: 'active',
  },
  ...{ createdAt: '2026-01-01T00:00:00.000Z', firedAt: '2026-01-01T00:00:00.000Z', resolvedAt: null },
  data: {
    ...{ fingerprint: 'f', value: 97.123456789, rule: 'nova.yml/host/high-cpu' },
    labels: { alertname: 'high-cpu', process: 'crm' },
    annotations: { runbook: 'look at it' },
  },
  cause: { kind: 'deploy', text: 'after the deployment of 1.2.3', moved: [] },
  ...{ reach: null, unknownSources: [], acknowledged: null, mutedBy: null, receivers: ['team'] },
  flapping: false,
};

test('an alert is shown as text, without what it lacks and without control characters', () => {
  assert.equal(
    alertTexts([alert]),
    [
      'high-cpu: CPU at 97 % [31m',
      '  id         7-1',
      '  status     active',
      '  severity   critical',
      '  value      97.1235',
      '  began      2026-01-01T00:00:00.000Z',
      '  fired      2026-01-01T00:00:00.000Z',
      '  cause      after the deployment of 1.2.3',
      '  receivers  team',
      '  rule       nova.yml/host/high-cpu',
      '  labels     {alertname="high-cpu", process="crm"}',
      '  runbook    look at it',
      '',
    ].join('\n'),
  );
});

test('a recorded series is one line with its least, greatest and last value', () => {
  const series: { labels: Record<string, string>; timestampsMs: number[]; values: number[] }[] = [
    { labels: { __name__: 'system_load1', host: 'h' }, timestampsMs: [0, 1, 2], values: [3, 9, 5] },
    { labels: { __name__: 'none' }, timestampsMs: [], values: [] },
  ];
  const text = alertTexts([{ ...alert, recording: { alertId: '7-1', fromMs: 0, toMs: 60_000, series } }]);
  assert.match(text, /^ {2}recorded from 1970-01-01T00:00:00\.000Z to 1970-01-01T00:01:00\.000Z$/m);
  assert.match(text, /^ {4}system_load1\{host="h"\}: min 3, max 9, last 5$/m);
  assert.match(text, /^ {4}none: no values$/m);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShownAlert } from '../../../../agent/alert-shape.ts';
import {
  matchersFor,
  sortedOpen,
  statusTone,
  unitOfMetric,
} from '../../../../agent/http/dashboard/views/alerts-words.ts';
import { parseMatchers } from '../../../../workers/routing/matchers.ts';

function alert(
  id: string,
  severity: string,
  status: ShownAlert['status'],
  createdAt = '2026-01-01',
): ShownAlert {
  return {
    ...{ id, type: id, severity, message: id, status, createdAt, firedAt: null, resolvedAt: null },
    ...{ cause: null, reach: null, unknownSources: [], acknowledged: null, mutedBy: null, receivers: [] },
    data: { fingerprint: id, value: null, labels: {}, annotations: {}, rule: 'r' },
    flapping: false,
  };
}

test('what nobody has seen comes first, by severity, then the newest', () => {
  const sorted = sortedOpen([
    alert('silenced', 'critical', 'silenced'),
    alert('old', 'warning', 'active', '2026-01-01'),
    alert('new', 'warning', 'active', '2026-01-02'),
    alert('unknown', 'critical', 'unknown'),
    alert('critical', 'critical', 'active'),
    alert('odd', 'odd', 'active'),
    alert('pending', 'critical', 'pending'),
  ]);
  assert.deepEqual(
    sorted.map(({ id }) => id),
    ['critical', 'unknown', 'new', 'old', 'odd', 'silenced', 'pending'],
  );
});

test('what is unknown looks neither well nor like what fires', () => {
  assert.equal(statusTone({ status: 'unknown', severity: 'critical' }), 'unknown');
  assert.equal(statusTone({ status: 'active', severity: 'critical' }), 'critical');
  assert.equal(statusTone({ status: 'active', severity: 'odd' }), 'warning');
});

test('the conditions for a silence are read back as what the labels were, whatever is in them', () => {
  const labels = { alertname: 'a"b\\c', queue: 'x\ny {}', 'odd name': '<b>', severity: 'critical' };
  const matchers = matchersFor(labels)
    .split('\n')
    .flatMap((line) => parseMatchers(line));
  const { severity: _, ...rest } = labels;
  assert.deepEqual(Object.fromEntries(matchers.map(({ name, value }) => [name, value])), rest);
  assert.ok(matchers.every(({ op }) => op === '='));
  assert.equal(matchers[0]!.name, 'alertname');
});

test('the unit of a metric is the end of its name', () => {
  assert.deepEqual(
    ['http_duration_p95_ms', 'memory_rss_bytes', 'redis_x_bytes_total', 'queue_waiting'].map(unitOfMetric),
    ['ms', 'bytes', 'bytes', 'count'],
  );
});

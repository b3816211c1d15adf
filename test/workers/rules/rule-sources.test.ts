import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RuleSources } from '../../../workers/rules/rule-sources.ts';
import { alerting, group, recording } from './rules-at-work.ts';

const all = ['host', 'disk', 'process/crm', 'process/api', 'queues/main', 'queues/other', 'intake', 'self'];

describe('the sources of an alert', () => {
  const cases: [expr: string, labels: Record<string, string>, sources: string[]][] = [
    ['system_cpu_usage_percent > 80', {}, ['host']],
    ['snapshot_cpuUsage > 80', {}, ['host']],
    ['snapshot_apiErrorRate > 5', {}, ['intake']],
    ['disk_used_percent > 90', {}, ['disk']],
    ['queue_waiting > 1', { redis: 'main' }, ['queues/main']],
    ['sum(queue_waiting) > 1', {}, ['queues/main', 'queues/other']],
    ['queue_waiting{redis="other"} > 1', {}, ['queues/other']],
    ['queue_waiting{redis=~"m.*"} > 1', {}, ['queues/main']],
    ['process_open_fds > 1', { process: 'api' }, ['process/api']],
    ['rate(http_requests_total[5m]) > 1', { process: 'api' }, ['intake']],
    ['queue_waiting > 1 and on (host) system_load1 > 2', { redis: 'main' }, ['host', 'queues/main']],
    ['avg_over_time(system_load1[5m:1m]) > 1', {}, ['host']],
    ['topk(scalar(disk_used_percent), system_load1)', {}, ['host', 'disk']],
    ['{__name__=~"(system|db)_.*"} > 1', {}, ['host', 'intake']],
    ['{queue="a"} > 1', {}, all.filter((name) => name !== 'self')],
    ['agent_source_up == 0', { source: 'host' }, []],
    ['alerts_state > 1', {}, []],
    ['something_else > 1', {}, []],
    ['absent(system_load1)', {}, []],
    ['absent_over_time(system_load1[5m]) and vector(1) < disk_used_percent', {}, ['disk']],
  ];
  for (const [expr, labels, sources] of cases) {
    test(`${expr} ${JSON.stringify(labels)}`, () => {
      const found = new RuleSources([group([alerting('A', expr)])]).of(0, 0, labels, all);
      assert.deepEqual(found, sources);
    });
  }

  test('are found through recording rules, those of other groups and cycles included', () => {
    const sources = new RuleSources([
      group([alerting('A', 'rec:b > 1'), recording('rec:a', 'sum by (redis) (queue_waiting) + rec:b')]),
      group([recording('rec:b', 'rec:a * 2'), recording('rec:b', 'disk_used_percent')]),
    ]);
    assert.deepEqual(sources.of(0, 0, {}, all), ['disk', 'queues/main', 'queues/other']);
    assert.deepEqual(sources.of(0, 0, { redis: 'main' }, all), ['disk', 'queues/main']);
  });

  test('include those of the clear expression', () => {
    const sources = new RuleSources([
      group([alerting('A', 'system_load1 > 5', { clear: 'disk_used_percent < 3' })]),
    ]);
    assert.deepEqual(sources.of(0, 0, {}, all), ['host', 'disk']);
  });
});

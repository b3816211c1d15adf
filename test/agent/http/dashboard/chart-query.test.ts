import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartQuery, rateWindowMs } from '../../../../agent/http/dashboard/parts/chart-query.ts';
import { metric } from '../../../../agent/http/dashboard/views/metric-selector.ts';

const minuteMs = 60_000;

test('a point of a long step is the mean or the maximum of the whole step', () => {
  assert.equal(chartQuery('sum($mean(a))', 10 * minuteMs, 2000), 'sum(avg_over_time(a[600000ms]))');
  assert.equal(chartQuery('max($peak(a))', 10 * minuteMs, 2000), 'max(max_over_time(a[600000ms]))');
});

test('steps as short as the interval are single values, and short ones fall back to the value before', () => {
  assert.equal(chartQuery('$peak(a)', 2000, 2000), 'a');
  assert.equal(chartQuery('$mean(a)', 4000, 2000), '(avg_over_time(a[4000ms]) or a + 0)');
});

test('a rate is of one step and of the time that was measured', () => {
  const measured = (window: string) => `scalar(max(rate(system_uptime_seconds${window})) or vector(1))`;
  assert.equal(
    chartQuery('60 * sum($rate(a_total))', 10 * minuteMs, 2000),
    `60 * sum((rate(a_total[600000ms]) / ${measured('[600000ms]')}))`,
  );
  assert.equal(
    chartQuery('$slowRate(a_total)', 4000, 2000),
    `(rate(a_total[150000ms]) / ${measured('[150000ms]')})`,
  );
});

test('what is measured every 10 s is the last value of a short step and the mean of a long one', () => {
  assert.equal(chartQuery('$slowMean(a)', 4000, 2000), 'last_over_time(a[150000ms])');
  assert.equal(chartQuery('$slowMean(a)', 10 * minuteMs, 2000), 'avg_over_time(a[600000ms])');
});

test('labels may hold brackets, quotes and dollars', () => {
  const selector = metric('queue_waiting', { queue: '$rate(a)") or (b' });
  assert.equal(chartQuery(`sum($peak(${selector}))`, 2000, 2000), `sum(${selector})`);
});

test('the window of a rate is a step, and holds several values of an agent that saves', () => {
  assert.equal(rateWindowMs(10 * minuteMs, 2000), 10 * minuteMs);
  assert.equal(rateWindowMs(2000, 2000), 30_000);
  assert.equal(rateWindowMs(2000, 10_000), 40_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInstant, evaluateRange } from '../../../workers/promql/index.ts';
import { gap, nameOf, selectFrom, series, stale } from './samples.ts';

const counters = ['a', 'b', 'c'].map((job, index) =>
  series(
    'c_total',
    { job },
    Array.from({ length: 60 }, (_, i) => (i % 17 === index ? gap : (i % 23) * (index + 1))),
    15_000,
  ),
);
const gauges = ['a', 'b', 'd'].map((job, index) =>
  series(
    'g',
    { job, kind: 'x' },
    Array.from({ length: 60 }, (_, i) =>
      i === 20 + index ? stale : i > 20 && i < 45 ? gap : Math.sin(i) * 9,
    ),
    15_000,
  ),
);
const select = selectFrom([...counters, ...gauges]);

const expressions = [
  'c_total',
  'g offset 1m',
  'rate(c_total[2m])',
  'increase(c_total[90s] offset 30s)',
  'increase(c_total[2m] anchored)',
  'changes(g[5m])',
  'sum(rate(c_total[1m])) / count(g)',
  'c_total * on (job) group_left (kind) g > 3',
  'c_total unless on (job) g',
  'g or c_total',
  'topk(2, c_total)',
  'quantile_over_time(0.7, g[3m])',
  'predict_linear(g[4m], 60)',
  'avg_over_time(rate(c_total[1m])[3m:30s])',
  'absent(g{job="d"})',
  'count_values("v", c_total)',
  'label_replace(g, "to", "$1", "job", "(.)")',
  'c_total + on (job) fill (0) g',
  'max_over_time(c_total[5m] @ 300) - c_total',
  'timestamp(g) - time()',
  'scalar(sum(g)) + hour()',
];

for (const expr of expressions) {
  test(`a range of ${expr} is its instants in a row`, () => {
    const points = new Map<string, number>();
    for (const { labels, timestampsMs, values } of evaluateRange(expr, 0, 1_200_000, 20_000, select).series) {
      timestampsMs.forEach((timeMs, index) => {
        points.set(`${timeMs} ${nameOf(labels)}`, values[index]!);
      });
    }
    let count = 0;
    for (let timeMs = 0; timeMs <= 1_200_000; timeMs += 20_000) {
      const result = evaluateInstant(expr, timeMs, select);
      assert.equal(result.type, 'vector');
      for (const { labels, value } of result.samples) {
        assert.equal(points.get(`${timeMs} ${nameOf(labels)}`), value, `${timeMs} ${nameOf(labels)}`);
      }
      count += result.samples.length;
    }
    assert.ok(count > 0);
    assert.equal(points.size, count);
  });
}

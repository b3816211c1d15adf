import type { AlertingRule, RuleGroup } from '../../workers/contract/alerts.ts';
import { buildLayout, type Layout, type PointKey } from '../../workers/point/point.ts';
import { metricLabels } from '../../workers/ring/metric-index.ts';

const queues = 200;
const routes = 200;
const processes = 100;

/** 1,000 series as the agent has them: queues, routes and processes with two fields each. */
export function servicePoints(): PointKey[] {
  const methods = ['GET', 'POST', 'PUT', 'DELETE'];
  return [
    ...numbered(queues, (i) => ({
      measurement: 'queue',
      tags: { host: 'crm', queue: `q${i}`, group: `g${i % 10}` },
      fields: ['waiting', 'active'],
    })),
    ...numbered(routes, (i) => ({
      measurement: 'http',
      tags: { host: 'crm', route: `/r${i}`, method: methods[i % 4]! },
      fields: ['requests_total', 'duration_p95_ms'],
    })),
    ...numbered(processes, (i) => ({
      measurement: 'process',
      tags: { host: 'crm', process: `p${i}` },
      fields: ['cpu_usage_percent', 'memory_rss_bytes'],
    })),
  ];
}

/** Values of a layout at a tick: counters grow, the others swing between 0 and 100, each with its own period. */
export function serviceValues(layout: Layout, tick: number): Float64Array {
  const values = new Float64Array(layout.width);
  let i = 0;
  for (const { fields } of layout.points) {
    for (const field of fields) {
      const swing = Math.sin((tick + i * 7) / (20 + (i % 50)));
      values[i] = field.endsWith('_total') ? tick * (1 + (i % 97)) : Math.round(50 + 50 * swing);
      i++;
    }
  }
  return values;
}

/** Labels of each value of a layout. */
export function labelsOfLayout({ points }: Layout): Record<string, string>[] {
  return points.flatMap(({ measurement, tags, fields }) =>
    fields.map((field) => metricLabels(measurement, field, tags)),
  );
}

export const serviceLayout = buildLayout(servicePoints());

/** A mix as people write them: limits of one series, rates, means, sums of groups, quotients. */
function expressions(): { readonly expr: string; readonly subject: string }[] {
  return [
    ...numbered(400, (i) => ({
      expr: `queue_${i % 2 ? 'active' : 'waiting'}{queue="q${i % queues}"} > ${i < 20 ? 10 : 98}`,
      subject: 'queue',
    })),
    ...numbered(200, (i) => ({
      expr: `rate(http_requests_total{route="/r${i}"}[5m]) > ${i < 10 ? 0.5 : 1000}`,
      subject: 'route',
    })),
    ...numbered(150, (i) => ({
      expr: `avg_over_time(process_cpu_usage_percent{process="p${i % processes}"}[${1 + (i % 5)}m]) > 95`,
      subject: 'process',
    })),
    ...numbered(100, (i) => ({
      expr: `sum by (method) (rate(http_requests_total{route=~"/r${i % 20}.*"}[1m])) > 100000`,
      subject: 'method',
    })),
    ...numbered(50, (i) => ({ expr: `sum by (group) (queue_waiting) > ${1500 + i * 20}`, subject: 'group' })),
    ...numbered(50, (i) => ({
      expr: `max by (host) (http_duration_p95_ms{method="GET"}) > ${200 + i}`,
      subject: 'host',
    })),
    ...numbered(50, (i) => ({
      expr: `100 * queue_active{group="g${i % 10}"} / (queue_active{group="g${i % 10}"} + queue_waiting{group="g${i % 10}"}) > 99`,
      subject: 'queue',
    })),
  ];
}

/** 1,000 alerting rules over `servicePoints`; each third has a `for`, each tenth annotations with the value. */
export function thousandRules(intervalMs: number): RuleGroup {
  const rules = expressions().map(({ expr, subject }, i): AlertingRule => {
    const value = i % 10 === 0 ? ' at {{ printf "%.1f" $value }}' : '';
    return {
      kind: 'alerting',
      name: `rule-${i}`,
      expr,
      forMs: i % 3 === 0 ? 60_000 : 0,
      keepFiringForMs: 0,
      labels: { severity: i % 5 === 0 ? 'critical' : 'warning' },
      annotations: { summary: `{{ $labels.${subject} }} is over its limit${value}` },
      noData: null,
      clear: null,
      place: { file: 'rules.yml', line: 1, column: 1 },
    };
  });
  return { file: 'rules.yml', name: 'thousand', intervalMs, limit: 0, queryOffsetMs: 0, rules };
}

/** A rule file with the group. */
export function ruleFileOf({ name, intervalMs, rules }: RuleGroup): object {
  const alerting = rules.filter((rule) => rule.kind === 'alerting');
  const written = alerting.map(({ name: alert, expr, forMs, labels, annotations }) => ({
    alert,
    expr,
    ...(forMs > 0 && { for: `${forMs}ms` }),
    labels,
    annotations,
  }));
  return { groups: [{ name, interval: `${intervalMs}ms`, rules: written }] };
}

function numbered<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

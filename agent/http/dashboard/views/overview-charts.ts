import type { ChartProps } from '../parts/index.ts';
import { percentileSeries } from './percentile-series.ts';

const requests = '$rate(http_requests_total)';
const failed = '$rate(http_errors_total)';

const noRequests =
  'No request was reported in this time. Does the service load nova-agent/instrument or nova-agent/register?';
const noQueries = 'No query was reported in this time. Is the Prisma client extended with monitor.prisma()?';
const noQueues = 'No queue was seen in this time. Is its Redis named under queues in agent.yml?';
const noRuntime =
  'No runtime was reported in this time. Does the service load nova-agent/instrument or nova-agent/register?';

/** Failures look the same everywhere. */
export const statusColours = { '1xx': 8, '2xx': 1, '3xx': 3, '4xx': 2, '5xx': 6 };

/** In the order in which one asks: is it up to its work, how is that work, what is behind it. */
export const overviewCharts: readonly Omit<ChartProps, 'range'>[] = [
  {
    title: 'CPU',
    unit: 'percent',
    leastTop: 10,
    series: [
      { label: 'host, all cores', expr: '$mean(system_cpu_usage_percent)', colour: 1 },
      { label: '{{process}}, of one core', expr: 'sum by (process) ($mean(process_cpu_usage_percent))' },
    ],
  },
  {
    title: 'Memory of the host',
    unit: 'percent',
    leastTop: 100,
    series: [{ label: 'used', expr: '$mean(system_memory_usage_percent)' }],
  },
  {
    title: 'Memory of services',
    unit: 'bytes',
    empty: 'No process was found in this time. Is it named under processes in agent.yml?',
    series: [
      { label: '{{process}} resident', expr: 'sum by (process) ($mean(process_memory_rss_bytes))' },
      { label: '{{process}} heap in use', expr: 'sum by (process) ($mean(runtime_heap_used_bytes))' },
    ],
  },
  {
    title: 'Requests',
    unit: 'perMinute',
    empty: noRequests,
    series: [{ label: '{{status}}', expr: `60 * sum by (status) (${requests})`, colours: statusColours }],
  },
  {
    title: 'Response time',
    unit: 'ms',
    empty: noRequests,
    series: percentileSeries('http', {}),
  },
  {
    title: 'Failed requests',
    unit: 'percent',
    leastTop: 1,
    empty: noRequests,
    series: [{ label: 'status 400 and above', expr: `100 * sum(${failed}) / sum(${requests})`, colour: 6 }],
  },
  {
    title: 'Jobs waiting',
    unit: 'count',
    empty: noQueues,
    series: [{ label: '{{queue}}', expr: 'sum by (queue) ($peak(queue_waiting))' }],
  },
  {
    title: 'Jobs done',
    unit: 'perMinute',
    empty: noQueues,
    series: [{ label: '{{queue}}', expr: '60 * sum by (queue) ($slowRate(queue_completed_total))' }],
  },
  {
    title: 'Event loop delay, p99',
    unit: 'ms',
    empty: noRuntime,
    series: [{ label: '{{process}}', expr: 'max by (process) ($peak(runtime_eventloop_delay_p99_ms))' }],
  },
  {
    title: 'Queries',
    unit: 'perMinute',
    empty: noQueries,
    series: [{ label: '{{operation}}', expr: '60 * sum by (operation) ($rate(db_queries_total))' }],
  },
  {
    title: 'Query time',
    unit: 'ms',
    empty: noQueries,
    series: percentileSeries('db', {}),
  },
  {
    title: 'Users and connections',
    unit: 'count',
    empty:
      'Nobody was reported in this time. Does the service call monitor.socketIo(io) or monitor.trackUser()?',
    series: [
      { label: 'active users, 5 min', expr: 'sum($slowMean(users_active_5m))' },
      { label: 'connections', expr: 'sum($mean(socket_connections))' },
    ],
  },
];

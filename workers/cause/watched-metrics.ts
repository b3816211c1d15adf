/** How values of a metric are made comparable. */
export type MetricKind =
  /** A gauge as it is. */
  | 'level'
  /** Events since the reading before: a rate a second. Where it is absent while its process reports there were none. */
  | 'tally'
  /** A counter: a rate a second. */
  | 'counter';

export type MetricUnit = 'ms' | 'percent' | 'bytes' | 'ratio' | 'count' | 'per second';

/** A metric that is looked at when the cause of an alert is looked for. */
export interface WatchedMetric {
  readonly measurement: string;
  readonly field: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** What moves by less than some of these has not moved: in `unit`. */
  readonly floor: number;
  /** What it is of its subject: `p95`, `requests`. */
  readonly noun: string;
}

function watched(
  measurement: string,
  field: string,
  kind: MetricKind,
  unit: MetricUnit,
  floor: number,
  noun: string,
): WatchedMetric {
  return { measurement, field, kind, unit, floor, noun };
}

const megabytes = 1024 * 1024;

/**
 * Of each thing the few metrics that say most. What derives from others (snapshot, percentiles beside the one here,
 * `errors` of a route beside its status) is left out.
 */
export const watchedMetrics: readonly WatchedMetric[] = [
  watched('http', 'duration_p95_ms', 'level', 'ms', 5, 'p95'),
  watched('http', 'requests', 'tally', 'per second', 0, 'requests'),
  watched('db', 'duration_avg_ms', 'level', 'ms', 2, 'average'),
  watched('db', 'queries', 'tally', 'per second', 0, 'queries'),
  watched('db', 'slow', 'tally', 'per second', 0, 'slow queries'),
  watched('db', 'errors', 'tally', 'per second', 0, 'errors'),
  watched('job', 'duration_avg_ms', 'level', 'ms', 20, 'average'),
  watched('job', 'errors', 'tally', 'per second', 0, 'errors'),
  watched('errors', 'count', 'tally', 'per second', 0, ''),
  watched('queue', 'waiting', 'level', 'count', 5, 'waiting'),
  watched('queue', 'active', 'level', 'count', 2, 'active'),
  watched('queue', 'delayed', 'level', 'count', 10, 'delayed'),
  watched('queue', 'workers', 'level', 'count', 0.25, 'workers'),
  watched('queue', 'failed_total', 'counter', 'per second', 0, 'failures'),
  watched('queue', 'run_p50_ms', 'level', 'ms', 20, 'run time'),
  watched('runtime', 'eventloop_delay_p99_ms', 'level', 'ms', 5, 'event loop delay p99'),
  watched('runtime', 'eventloop_utilization_ratio', 'level', 'ratio', 0.05, 'event loop utilization'),
  watched('runtime', 'gc_pause_ms', 'level', 'ms', 5, 'GC pauses'),
  watched('runtime', 'heap_used_bytes', 'level', 'bytes', 16 * megabytes, 'heap'),
  watched('process', 'cpu_usage_percent', 'level', 'percent', 5, 'CPU'),
  watched('process', 'memory_rss_bytes', 'level', 'bytes', 16 * megabytes, 'memory'),
  watched('process', 'open_fds', 'level', 'count', 20, 'open files'),
  watched('system', 'cpu_usage_percent', 'level', 'percent', 5, 'CPU'),
  watched('system', 'memory_usage_percent', 'level', 'percent', 2, 'memory'),
  watched('disk', 'used_percent', 'level', 'percent', 1, 'used'),
  watched('redis', 'latency_ms', 'level', 'ms', 1, 'latency'),
  watched('redis', 'ops_per_second', 'level', 'per second', 50, 'commands'),
  watched('redis', 'memory_used_bytes', 'level', 'bytes', 16 * megabytes, 'memory'),
  watched('redis', 'evicted_keys_total', 'counter', 'per second', 0, 'evictions'),
  watched('socket', 'connections', 'level', 'count', 5, 'connections'),
  watched('socket', 'events', 'tally', 'per second', 0, 'events'),
  // Only for alerts about the agent itself.
  watched('agent', 'cpu_usage_percent', 'level', 'percent', 2, 'CPU'),
  watched('agent', 'memory_rss_bytes', 'level', 'bytes', 16 * megabytes, 'memory'),
  watched('agent', 'eventloop_delay_p99_ms', 'level', 'ms', 5, 'event loop delay p99'),
  watched('agent', 'task_p99_ms', 'level', 'ms', 5, 'tick task p99'),
  watched('agent', 'read_ms', 'level', 'ms', 5, 'reading time'),
  watched('agent', 'points_waiting', 'level', 'count', 1000, 'points waiting'),
];

/** The tag that tells the things of a measurement apart; measurements that are one thing have none. */
export const subjectTag: Readonly<Record<string, string>> = {
  http: 'route',
  db: 'operation',
  job: 'queue',
  errors: 'fingerprint',
  queue: 'queue',
  runtime: 'process',
  process: 'process',
  disk: 'path',
  redis: 'redis',
  socket: 'process',
};

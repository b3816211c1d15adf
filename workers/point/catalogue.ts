/** What a field counts in. */
export type Unit =
  | 'percent'
  | 'bytes'
  | 'seconds'
  | 'milliseconds'
  | 'count'
  | 'ratio'
  | 'boolean'
  | 'cores'
  | 'per second'
  | 'per minute';

export interface FieldEntry {
  readonly unit: Unit;
  /** A counter only grows, but for a restart of what it counts. */
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
}

export interface MeasurementEntry {
  readonly help: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldEntry>>;
}

const gauge = (unit: Unit, help: string): FieldEntry => ({ unit, kind: 'gauge', help });
const counter = (unit: Unit, help: string): FieldEntry => ({ unit, kind: 'counter', help });

/**
 * Every name that the agent emits. They are public: people query them. The reference is generated from this
 * table, and a test holds every emitted point against it.
 */
export const catalogue = {
  system: {
    help: 'The host, or the cgroup that the agent runs in where that has limits. Every interval.',
    tags: {},
    fields: {
      cpu_usage_percent: gauge(
        'percent',
        'CPU in use between two readings, of all cores or of the cgroup quota',
      ),
      cpu_cores: gauge(
        'cores',
        'Cores that may be used: online cores, or the cgroup quota where it is smaller',
      ),
      load1: gauge('count', 'Load average over 1 minute'),
      load5: gauge('count', 'Load average over 5 minutes'),
      load15: gauge('count', 'Load average over 15 minutes'),
      memory_total_bytes: gauge('bytes', 'Memory of the host, or the cgroup limit where it is smaller'),
      memory_used_bytes: gauge('bytes', 'Total less available'),
      memory_free_bytes: gauge('bytes', 'Memory that nothing uses, not even as cache'),
      memory_available_bytes: gauge('bytes', 'Memory that programs can have without swapping'),
      memory_usage_percent: gauge('percent', 'Used, of total'),
      uptime_seconds: gauge('seconds', 'Time since the host started'),
    },
  },
  disk: {
    help: 'A mounted file system on a block device. Every 10 s.',
    tags: { path: 'where it is mounted' },
    fields: {
      used_percent: gauge('percent', 'Space in use, of what unprivileged users can have (as df shows it)'),
      free_bytes: gauge('bytes', 'Space that unprivileged users can still have'),
      read_bytes_total: counter('bytes', 'Bytes read from the device since the host started'),
      written_bytes_total: counter('bytes', 'Bytes written to the device since the host started'),
    },
  },
  process: {
    help: 'A watched process with its children. Every interval; open_fds and children every 10 s.',
    tags: { process: 'the name from the configuration' },
    fields: {
      cpu_usage_percent: gauge(
        'percent',
        'CPU of the process and its children between two readings, of one core',
      ),
      memory_rss_bytes: gauge('bytes', 'Resident memory of the process and its children'),
      memory_usage_percent: gauge('percent', 'Resident memory, of the limit of its cgroup or of the host'),
      threads: gauge('count', 'Threads of the process and its children'),
      open_fds: gauge('count', 'Open file descriptors of the process; absent when they may not be read'),
      children: gauge('count', 'Processes below it'),
      uptime_seconds: gauge('seconds', 'Time since the process started'),
      restarts_total: counter('count', 'Times that another process took its place since the agent started'),
      pid: gauge('count', 'Process id'),
    },
  },
  queue: {
    help: 'A BullMQ queue. Counts every interval, the rest every 10 s. A queue that is not there has no points.',
    tags: {
      redis: 'the name of the Redis in the configuration',
      prefix: 'the BullMQ prefix',
      queue: 'the queue',
    },
    fields: {
      waiting: gauge('count', 'Jobs that wait, those of a paused queue included'),
      active: gauge('count', 'Jobs that a worker has'),
      completed: gauge('count', 'Completed jobs that Redis keeps'),
      failed: gauge('count', 'Failed jobs that Redis keeps'),
      delayed: gauge('count', 'Jobs that wait for their time'),
      prioritized: gauge('count', 'Jobs with a priority that wait'),
      waiting_children: gauge('count', 'Parents that wait for their children'),
      paused: gauge('boolean', '1 while the queue is paused'),
      completed_total: counter(
        'count',
        'Jobs completed: the workers’ own metrics, else counted since the agent started or reloaded its configuration',
      ),
      failed_total: counter(
        'count',
        'Jobs failed: the workers’ own metrics, else counted since the agent started or reloaded its configuration',
      ),
      oldest_waiting_age_ms: gauge(
        'milliseconds',
        'Age of the oldest waiting or prioritized job; absent when none waits',
      ),
      wait_p50_ms: gauge(
        'milliseconds',
        'Median time from due to started, of jobs finished in the last 10 s',
      ),
      wait_p95_ms: gauge('milliseconds', '95th percentile of the time from due to started'),
      run_p50_ms: gauge(
        'milliseconds',
        'Median time from started to finished, of jobs finished in the last 10 s',
      ),
      run_p95_ms: gauge('milliseconds', '95th percentile of the time from started to finished'),
      workers: gauge('count', 'Connected workers; absent where the Redis does not tell'),
    },
  },
  redis: {
    help: 'A Redis that holds queues. Every 10 s.',
    tags: { redis: 'the name from the configuration' },
    fields: {
      memory_used_bytes: gauge('bytes', 'Memory in use'),
      memory_max_bytes: gauge('bytes', 'maxmemory; absent when there is no limit'),
      evicted_keys_total: counter('count', 'Keys evicted since Redis started'),
      connected_clients: gauge('count', 'Client connections'),
      ops_per_second: gauge('per second', 'Commands a second, as Redis counts them'),
      eviction_safe: gauge('boolean', '1 when no job can be evicted: policy noeviction'),
      latency_ms: gauge('milliseconds', 'Round trip of a PING'),
    },
  },
  snapshot: {
    help: 'The main numbers of a moment under their dashboard names. Every interval.',
    tags: {},
    fields: {
      cpuUsage: gauge('percent', 'system cpu_usage_percent'),
      memoryUsage: gauge('percent', 'system memory_usage_percent'),
      apiAvgResponseTime: gauge('milliseconds', 'Mean response time of the last minute'),
      apiRequestsPerMinute: gauge('per minute', 'Requests of the last minute'),
      apiErrorRate: gauge('percent', 'Responses with status 400 and above, of the last minute'),
      dbAvgQueryTime: gauge('milliseconds', 'Mean query time of the last minute'),
      dbQueriesPerMinute: gauge('per minute', 'Queries of the last minute'),
      socketActiveConnections: gauge('count', 'Open sockets'),
      socketEventsPerMinute: gauge('per minute', 'Socket events of the last minute'),
    },
  },
  agent: {
    help: 'The agent itself: its cost, its sources, its ledger. collected = delivered + waiting + quarantined + dropped.',
    tags: {
      sink: 'the name of an InfluxDB destination',
      source: 'what is read: `host`, `disk`, `process/NAME`, `queues/REDIS`, `self`',
      reason: 'why points were dropped',
    },
    fields: {
      points_collected_total: counter(
        'count',
        'Points collected since the store was begun; with `sink`, since that sink was added',
      ),
      points_delivered_total: counter('count', 'Points that the destination accepted'),
      points_waiting: gauge('count', 'Points on disk that the destination has not had yet'),
      points_quarantined_total: gauge(
        'count',
        'Points that the destination refused, kept for `spool`; falls when they are replayed or dropped',
      ),
      points_dropped_total: counter('count', 'Points given up, by reason'),
      source_up: gauge('boolean', '1 when the last reading of the source succeeded'),
      read_ms: gauge('milliseconds', 'How long that reading took'),
      cpu_usage_percent: gauge('percent', 'CPU of the agent between two readings, of one core'),
      memory_rss_bytes: gauge('bytes', 'Resident memory of the agent'),
      eventloop_delay_p99_ms: gauge(
        'milliseconds',
        'Delay of the agent’s main loop since the last reading, sampled twice a second',
      ),
      task_p99_ms: gauge('milliseconds', 'Tick task, from handing over to result, over the last 100 ticks'),
      redis_commands_total: counter('count', 'Commands sent to Redis servers'),
      interval_ms: gauge('milliseconds', 'Interval in force'),
      budget_level: gauge(
        'count',
        'Steps taken to keep the CPU budget: 0 none, 1 dear readings every minute, 2 to 4 the interval doubled once more each',
      ),
      ticks_missed_total: counter(
        'count',
        'Ticks without a committed row: the worker failed, was busy, or the store refused',
      ),
      values_refused_total: counter(
        'count',
        'Field values that were not finite numbers and not simply unknown',
      ),
      store_bytes: gauge('bytes', 'Size of the embedded store in use'),
    },
  },
} as const satisfies Record<string, MeasurementEntry>;

export type Measurement = keyof typeof catalogue;

/** Names of a measurement's fields, in the catalogue's order. */
export function fieldsOf(measurement: Measurement): string[] {
  return Object.keys(catalogue[measurement].fields);
}

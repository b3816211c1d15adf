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

/** The fields of durations, in milliseconds; absent where nothing was timed. Percentiles are within 1 %. */
function durations(of: string) {
  return {
    duration_avg_ms: gauge('milliseconds', `Mean ${of}`),
    duration_p50_ms: gauge('milliseconds', `Median ${of}`),
    duration_p95_ms: gauge('milliseconds', `95th percentile of the ${of}`),
    duration_p99_ms: gauge('milliseconds', `99th percentile of the ${of}`),
    duration_max_ms: gauge('milliseconds', `Longest ${of}`),
  };
}

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
      rate_limited: gauge(
        'boolean',
        '1 while a rate limit keeps waiting jobs from being started; of a limit that only the workers know, as far as it shows',
      ),
      overdue: gauge('count', 'Delayed jobs that are due for more than 5 s and still delayed'),
      stalled: gauge('count', 'Active jobs that no worker holds any more, of the 10 that were started first'),
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
  runtime: {
    help: 'The JavaScript engine of a service that loads nova-agent/instrument. Every interval, from its newest report.',
    tags: {
      process: 'the name from the configuration, else the one that the service gave itself',
      worker: 'a stable slot: 0 for the first process or thread of the service, 1 for the next',
    },
    fields: {
      eventloop_delay_p50_ms: gauge('milliseconds', 'Median delay of the event loop since the report before'),
      eventloop_delay_p99_ms: gauge('milliseconds', '99th percentile of that delay'),
      eventloop_delay_max_ms: gauge('milliseconds', 'Longest of those delays'),
      eventloop_utilization_ratio: gauge('ratio', 'Share of the time in which the event loop was busy'),
      heap_used_bytes: gauge('bytes', 'JavaScript heap in use'),
      heap_total_bytes: gauge('bytes', 'JavaScript heap taken from the system'),
      external_bytes: gauge('bytes', 'Memory of buffers and of C++ objects bound to JavaScript'),
      gc_pause_ms: gauge('milliseconds', 'Time spent in garbage collection since the report before'),
    },
  },
  service: {
    help: 'Which versions of a service are running: connected processes and threads that load nova-agent/instrument. Every interval.',
    tags: {
      process: 'the name from the configuration, else the one that the service gave itself',
      version: 'NOVA_APP_VERSION of the service, else the version in its package.json',
    },
    fields: { instances: gauge('count', 'Connected processes and threads of this version') },
  },
  http: {
    help: 'Requests that a service answered. Every interval, until 5 minutes after the last one. Beyond 2,000 routes the rest is under the route `other`.',
    tags: {
      process: 'the name from the configuration, else the one that the service gave itself',
      route: 'the pattern of the route; `unmatched` where no route took the request',
      method: 'the method',
      status: 'class of the status: `2xx` and so on',
    },
    fields: {
      requests: gauge('count', 'Requests since the last reading'),
      requests_total: counter('count', 'Requests since the agent started'),
      errors: gauge('count', 'Of these, with status 400 and above'),
      errors_total: counter('count', 'Requests with status 400 and above since the agent started'),
      ...durations(
        'response time of the requests since the last reading, event streams and upgrades left out',
      ),
    },
  },
  db: {
    help: 'Database queries of a service. Every interval, until 5 minutes after the last one. Beyond 2,000 the rest is under the model `other`.',
    tags: {
      process: 'the name from the configuration, else the one that the service gave itself',
      model: 'the Prisma model; absent for a raw query',
      operation: 'the Prisma operation, or the first word of the query',
    },
    fields: {
      queries: gauge('count', 'Queries since the last reading'),
      queries_total: counter('count', 'Queries since the agent started'),
      errors: gauge('count', 'Of these, failed'),
      errors_total: counter('count', 'Failed queries since the agent started'),
      slow: gauge('count', 'Of these, slower than intake.slowQuery'),
      slow_total: counter('count', 'Slow queries since the agent started'),
      ...durations('time of the queries since the last reading'),
    },
  },
  socket: {
    help: 'Socket.IO of a service. Every interval.',
    tags: { process: 'the name from the configuration, else the one that the service gave itself' },
    fields: {
      connections: gauge('count', 'Open sockets'),
      events: gauge('count', 'Events since the last reading: received, connected, disconnected, broadcast'),
      events_total: counter('count', 'Events since the agent started'),
      ...durations('time from an event to its acknowledgement, since the last reading'),
    },
  },
  job: {
    help: 'BullMQ jobs that a service worked on, as its own workers saw them. Every interval, until 5 minutes after the last one.',
    tags: {
      process: 'the name from the configuration, else the one that the service gave itself',
      queue: 'the queue',
      job: 'the name of the job',
    },
    fields: {
      runs: gauge('count', 'Runs since the last reading'),
      runs_total: counter('count', 'Runs since the agent started'),
      errors: gauge('count', 'Of these, failed'),
      errors_total: counter('count', 'Failed runs since the agent started'),
      ...durations('time of the runs since the last reading'),
    },
  },
  errors: {
    help: 'Errors of a service, grouped by fingerprint. Every interval, until 5 minutes after the last one.',
    tags: {
      process: 'the name from the configuration, else the one that the service gave itself',
      fingerprint: 'of type, message and frames of own code; `other` beyond 2,000',
      type: 'name of the error class',
    },
    fields: {
      count: gauge('count', 'Errors since the last reading'),
      count_total: counter('count', 'Errors of the group since it was first seen, as the store remembers it'),
    },
  },
  users: {
    help: 'Who is active, estimated within 2 %. Every 10 s, while the service tells users.',
    tags: { process: 'the name from the configuration, else the one that the service gave itself' },
    fields: {
      active_5m: gauge('count', 'Distinct users of the last 5 minutes'),
      active_1h: gauge('count', 'Distinct users of the last hour'),
      active_24h: gauge('count', 'Distinct users of the last 24 hours'),
      sessions: gauge('count', 'Sessions that are not silent for longer than intake.sessionIdle'),
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
  alerts: {
    help: 'Alerts after each evaluation of their rule, with the tick after it; 0 once when one ended.',
    tags: {
      alertname: 'the rule',
      severity: 'its label of that name',
      fingerprint: 'of all its labels',
    },
    fields: {
      state: gauge(
        'count',
        '0 inactive, 1 pending, 2 firing, 3 unknown: a source that it depends on is down',
      ),
      value: gauge('count', 'Value of the expression, in its own unit'),
    },
  },
  agent: {
    help: 'The agent itself: its cost, its sources, its ledger. collected = delivered + waiting + quarantined + dropped.',
    tags: {
      sink: 'the name of an InfluxDB destination; of notifications `notify/RECEIVER/INTEGRATION`',
      source:
        'what is read: `host`, `disk`, `process/NAME`, `queues/REDIS`, `intake`, `rules`, `notifications`, `self`',
      reason: 'why points or events were dropped',
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
      events_received_total: counter('count', 'Events that reached the agent'),
      events_dropped_total: counter(
        'count',
        'Events that are counted nowhere, by reason: `service` (lost before they reached the agent), `unreadable`, `worker_failed`, `overflow` (after)',
      ),
      notifications_sent_total: counter('count', 'Notifications that the receiver accepted'),
      notifications_failed_total: counter('count', 'Attempts to send one that failed'),
      notifications_waiting: gauge('count', 'Notifications that wait to be sent'),
      notifications_given_up_total: counter(
        'count',
        'Notifications that were refused, or could not be sent for 24 hours',
      ),
      notifications_superseded_total: counter(
        'count',
        'Notifications that were never sent because a newer one says the same and more',
      ),
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
      uptime_seconds: gauge('seconds', 'Time since the agent started'),
      pid: gauge('count', 'Process id of the agent'),
    },
  },
} as const satisfies Record<string, MeasurementEntry>;

export type Measurement = keyof typeof catalogue;

/** Names of a measurement's fields, in the catalogue's order. */
export function fieldsOf(measurement: Measurement): string[] {
  return Object.keys(catalogue[measurement].fields);
}

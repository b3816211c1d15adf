/**
 * The newest numbers under their dashboard names: published on the Redis channel and answered by the monitoring
 * API. The names are public. A part that nothing reports is null, and so is a number that is not known: never 0.
 */
export interface Snapshot {
  /** ISO 8601, as every timestamp here. */
  readonly timestamp: string;
  readonly system: SystemSnapshot | null;
  readonly api: ApiSnapshot | null;
  readonly database: DatabaseSnapshot | null;
  readonly queues: readonly QueueSnapshot[] | null;
  readonly socket: SocketSnapshot | null;
  /** The watched processes that were found. */
  readonly processes?: readonly ProcessSnapshot[] | null;
}

export interface SystemSnapshot {
  readonly timestamp: string;
  /** Usage in percent of all cores. */
  readonly cpu: { readonly usage: number | null; readonly cores: number | null };
  /** In bytes; `usagePercent` is used, of total. */
  readonly memory: {
    readonly total: number | null;
    readonly used: number | null;
    readonly free: number | null;
    readonly usagePercent: number | null;
  };
  /** Seconds since the watched process started. */
  readonly uptime: number | null;
}

/** A watched process with its children. */
export interface ProcessSnapshot {
  readonly timestamp: string;
  /** Its name in the configuration. */
  readonly process: string;
  /** In percent of one core. */
  readonly cpuUsage: number | null;
  /** Resident memory in bytes. */
  readonly memoryRss: number | null;
}

/** Of the last minute. */
export interface ApiSnapshot {
  /** Milliseconds. */
  readonly avgResponseTime: number | null;
  readonly totalRequests: number | null;
  /** Responses with status 400 and above, in percent. */
  readonly errorRate: number | null;
  readonly requestsPerMinute: number | null;
}

/** Of the last minute. */
export interface DatabaseSnapshot {
  /** Milliseconds. */
  readonly avgQueryTime: number | null;
  readonly totalQueries: number | null;
  readonly slowQueries: number | null;
}

export interface QueueSnapshot {
  readonly timestamp: string;
  /** Which Redis and prefix: two of them may hold queues of one name. */
  readonly redis: string;
  readonly prefix: string;
  readonly queueName: string;
  readonly waiting: number | null;
  readonly active: number | null;
  readonly completed: number | null;
  readonly failed: number | null;
  readonly delayed: number | null;
}

/** Events of the last minute. */
export interface SocketSnapshot {
  readonly totalEvents: number | null;
  readonly activeConnections: number | null;
  readonly eventsPerMinute: number | null;
}

/** What is kept of every snapshot, as the fields of the measurement `snapshot`. */
export const historyNames = [
  'cpuUsage',
  'memoryUsage',
  'apiAvgResponseTime',
  'apiRequestsPerMinute',
  'apiErrorRate',
  'dbAvgQueryTime',
  'dbQueriesPerMinute',
  'socketActiveConnections',
  'socketEventsPerMinute',
] as const;

/** One step of the past: means of the snapshots in it, null where nothing was known. */
export type HistoricalRow = { readonly timestamp: string } & {
  readonly [Name in (typeof historyNames)[number]]: number | null;
};

export interface HistoricalPast {
  readonly rows: readonly HistoricalRow[];
  /** Why a part of the range is missing, in words for a person; '' when none is. */
  readonly notice: string;
}

/**
 * How processes and queues stand now, as the monitoring API tells it. What is not known is null.
 */

/** Newest values of the fields of a measurement, by their names in the catalogue. */
export type NewestFields = Readonly<Record<string, number | null>>;

export interface ProcessesTask {
  /** Those that the configuration names: they are told even when they were never found. */
  readonly watched: readonly string[];
}

export interface ProcessStanding {
  /** Value of the tag `process`. */
  readonly process: string;
  /** False when a watched process is gone; null when nobody watches it and it is not connected any more. */
  readonly up: boolean | null;
  /** Fields of the measurement `process`; null for a service that is only known from inside. */
  readonly fields: NewestFields | null;
  /** Fields of the measurement `runtime` of each process or thread that reports now. */
  readonly runtimes: readonly { readonly worker: string; readonly fields: NewestFields }[];
}

export interface ProcessStandings {
  /** Of the newest tick, milliseconds since 1970; 0 before the first. */
  readonly timeMs: number;
  /** By name. */
  readonly processes: readonly ProcessStanding[];
}

export interface QueueName {
  readonly redis: string;
  readonly prefix: string;
  readonly queue: string;
}

export interface QueuesTask {
  readonly limit: number;
  /** Only the queues behind this one. */
  readonly after?: QueueName | undefined;
  /** Only queues that have these values. */
  readonly only?: Partial<QueueName> | undefined;
}

/** Why jobs of a queue wait, as alerts name it; `working` where none waits for long, `unknown` where nobody can tell. */
export type QueueStateKind =
  | 'idle'
  | 'working'
  | 'overloaded'
  | 'no_workers'
  | 'paused'
  | 'rate_limited'
  | 'overdue'
  | 'stalled'
  | 'unknown';

export interface QueueStanding extends QueueName {
  /** Fields of the measurement `queue`. */
  readonly fields: NewestFields;
  /** Jobs a minute over the last 2 minutes. */
  readonly completedPerMinute: number | null;
  readonly failedPerMinute: number | null;
  readonly arrivedPerMinute: number | null;
  readonly state: QueueStateKind;
  /** Sentences with the numbers behind the state. */
  readonly text: string;
}

export interface QueueStandings {
  readonly timeMs: number;
  /** By Redis, prefix and name. */
  readonly queues: readonly QueueStanding[];
  readonly hasMore: boolean;
  /** Fields of the measurement `redis` of each Redis. */
  readonly redis: readonly { readonly redis: string; readonly fields: NewestFields }[];
}

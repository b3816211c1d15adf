/**
 * What main loop and workers say to each other about the insides of the watched service. Plain data.
 */

/** One process or thread of a service that is connected; `number` is what INSTANCE of its frames says. */
export interface Instance {
  readonly number: number;
  /** Value of the tag `process`. */
  readonly process: string;
  /** Value of the tag `worker`: the lowest slot of its process that was free when it came. */
  readonly worker: string;
}

/**
 * Whole frames as they came (workers/contract/wire.ts), one behind the other, each with its INSTANCE. The main loop
 * has checked BYTES, KIND and that RECORDS has room in the frame, and nothing else. Hellos are not among them.
 */
export interface FrameBatch {
  /** Begins at a multiple of 8 bytes, in shared memory: whoever gave it uses it again once it has the result. */
  readonly bytes: Uint8Array;
  /** JSON of `Instance[]`: those connected, and those that the frames are from. Parsed again only when it changes. */
  readonly instances: string;
}

/** How the insides of a service are counted; part of `TickSettings`. */
export interface EventSettings {
  /** Key of the hash of user ids, hexadecimal; '' leaves ids as they are. */
  readonly userKey: string;
  /** A query that takes longer, in milliseconds, is slow. */
  readonly slowQueryMs: number;
  /** A session that is silent for longer, in milliseconds, is over. */
  readonly sessionIdleMs: number;
  /** Give the texts of `EventTexts` with each tick. */
  readonly wantTexts: boolean;
}

/** Of one batch. handed over = processed + refused, in records. */
export interface BatchResult {
  readonly records: number;
  /** Records of frames that could not be read. */
  readonly refused: number;
  /** Instances that sent one, with why: their connections are to be ended. */
  readonly offenders: readonly { readonly number: number; readonly problem: string }[];
}

/** The requests and queries since the tick before as JSON, oldest first, the newest `mostEventTexts` of each. */
export interface EventTexts {
  readonly api: readonly string[];
  readonly db: readonly string[];
}

export const mostEventTexts = 10_000;

/** A request as the monitoring API and the Redis list show it. */
export interface ApiRequest {
  /** ISO 8601. */
  readonly timestamp: string;
  readonly endpoint: string;
  readonly method: string;
  readonly statusCode: number;
  /** Milliseconds. */
  readonly responseTime: number;
  /** Hashed unless configured otherwise. */
  readonly userId?: string;
  readonly error?: string;
}

/** A query as the Redis list shows it. */
export interface DatabaseQuery {
  readonly timestamp: string;
  readonly query: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly model?: string;
  readonly operation?: string;
}

/** Errors of one fingerprint in one process, by which groups are told apart. Times in milliseconds since 1970. */
export interface ErrorGroup {
  /** 16 hexadecimal digits, or 'other': what found no room. The same fault has the same one in every process. */
  readonly fingerprint: string;
  readonly process: string;
  readonly type: string;
  /** Of the newest occurrence, masked and cut by the service. */
  readonly message: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** When it came again after a silence of `returnAfterMs`; null when it never did. */
  readonly returnedMs: number | null;
  readonly count: number;
  /** Where it came up, the most frequent first, with counts; at most 20. */
  readonly routes: readonly { readonly route: string; readonly count: number }[];
  /** Distinct users touched, estimated; 0 when no user was known. */
  readonly users: number;
  /** The newest few. */
  readonly samples: readonly ErrorSample[];
}

export interface ErrorSample {
  readonly timeMs: number;
  readonly message: string;
  /** Stack frames, one a line, with source maps applied where there are any. */
  readonly stack: string;
  /** `METHOD route`, a job as `job QUEUE/NAME`, or ''. */
  readonly route: string;
  /** Hashed unless configured otherwise; '' when not known. */
  readonly user: string;
}

/** An error group with what is needed to go on counting: what the store keeps. */
export interface StoredErrorGroup extends ErrorGroup {
  /** State of the estimate of users, base64. */
  readonly userState: string;
}

/** A group is new for so long after it was first seen, and returned for so long after it came again. */
export const markedForMs = 3_600_000;
/** A group that was silent for so long and comes again has returned. */
export const returnAfterMs = 24 * 3_600_000;

/** Who is active; the newest state, made every 10 s. */
export interface UserActivity {
  readonly timeMs: number;
  readonly processes: readonly ProcessUsers[];
}

export interface ProcessUsers {
  readonly process: string;
  readonly active5m: number;
  readonly active1h: number;
  readonly active24h: number;
  readonly sessions: number;
  /** Of the last 24 hours, by requests and events; counts may be too high by `over`. */
  readonly topUsers: readonly TopEntry[];
  readonly topRoutes: readonly TopEntry[];
}

export interface TopEntry {
  readonly name: string;
  readonly count: number;
  /** The most by which `count` may be too high. */
  readonly over: number;
}

/**
 * Durations of some series in one tick, as sparse histograms in the buckets of workers/sketch (`bucketKey`) of the
 * duration in microseconds.
 */
export interface DurationHistograms {
  /** `seriesKey(measurement, tags, 'duration_us')` of each. */
  readonly keys: readonly string[];
  /** Where the buckets of each begin; one more entry than keys. */
  readonly starts: Uint32Array;
  readonly buckets: Uint32Array;
  readonly counts: Uint32Array;
  /** Of each series, in microseconds. */
  readonly sums: Float64Array;
  readonly maxima: Float64Array;
}

/** Statistics of one series over a window. Milliseconds; null where nothing was timed. */
export interface SeriesStats {
  /** http: process, route, method, status; db: process, model, operation; socket: process, event, namespace; job: process, queue, job. */
  readonly tags: Readonly<Record<string, string>>;
  readonly count: number;
  readonly errors: number;
  /** Over `slowQueryMs`. */
  readonly slow: number;
  readonly avgMs: number | null;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
}

/** Statistics of several series; `spanMs` is how long they are over: less than asked for where less is known. */
export interface SeriesStatsList {
  readonly spanMs: number;
  readonly series: readonly SeriesStats[];
}

/** Over a window of the last minutes, or over the stored past. Rows with equal values of the tags `by` are merged. */
export interface SeriesStatsTask {
  readonly measurement: 'http' | 'db' | 'socket' | 'job';
  readonly by: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  /** From the store, however short: the range does not end now. */
  readonly isPast?: boolean;
}

/** How often the errors of some fingerprints came, in steps from `startMs` on; the last one maybe shorter. */
export interface ErrorTrendsTask {
  readonly fingerprints: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Of one group; a group without any in the range has no trend. */
export interface ErrorTrend {
  readonly fingerprint: string;
  readonly process: string;
  readonly counts: Float64Array;
}

/** What the worker adds to the store's transaction of a tick. */
export interface TickExtras {
  readonly histograms: DurationHistograms | null;
  readonly errorGroups: readonly StoredErrorGroup[];
  /** State that a replaced worker or a later run goes on from, by name; replaces what was there. */
  readonly kept: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** What services told in the last minute. `avgMs` is NaN when nothing was timed. A part is null when no connected service reports it. */
export interface EventSummary {
  /** How long the minute is so far, in milliseconds: less after the start. */
  readonly spanMs: number;
  readonly api: { readonly count: number; readonly errors: number; readonly avgMs: number } | null;
  readonly database: { readonly count: number; readonly slow: number; readonly avgMs: number } | null;
  readonly socket: { readonly count: number; readonly connections: number } | null;
}

/** The shortest span that says something of a minute, in milliseconds. */
const leastSpanMs = 10_000;

/** Events a minute, from those of the last minute or, after the start, of what there is of it; NaN for the first 10 s. */
export function ratePerMinute(count: number, spanMs: number): number {
  return spanMs < leastSpanMs ? Number.NaN : Math.round((count * 60_000) / Math.min(spanMs, 60_000));
}

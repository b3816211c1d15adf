/**
 * Names of the shared cells of the event windows: what happened inside the watched services since the agent started,
 * in the current tick, and in each tick of the last 5 minutes.
 *
 * One writer (the tick worker), any number of readers. A worker that takes the place of another goes on from these
 * cells. `SEQUENCE` is odd while the writer closes a tick. A window is too long to read between two ticks: what a closed
 * tick has in the log stays as it is until its room is needed, and OLDEST_SLICE says so before that.
 */

/** Int32Array[eventControl.LENGTH] */
export const eventControl = {
  /** Odd while the writer closes a tick or writes the summary. */
  SEQUENCE: 0,
  /** Odd while the writer writes names; grows when there are new ones. */
  DIRECTORY_VERSION: 1,
  /** Odd while the writer writes requests. */
  REQUESTS_SEQUENCE: 2,
  LENGTH: 4,
} as const;

/** Float64Array[eventTotal.LENGTH]: numbers that outgrow an integer. */
export const eventTotal = {
  /** Ticks closed since the start; the newest lies in slot (SLICES − 1) % slices. */
  SLICES: 0,
  /** The oldest tick that is still in the log whole; set before its room is used again. */
  OLDEST_SLICE: 1,
  /** Entries and rows written since the start. */
  ENTRIES: 2,
  ROWS: 3,
  /** Requests written to the ring since the start. */
  REQUESTS: 4,
  LENGTH: 8,
} as const;

/**
 * Numbers of a series in the current tick, places as in `seriesCell`. What has a duration is counted once, in its
 * histogram, and TIMED is found from that when the tick is closed.
 */
export const currentCell = {
  UNTIMED: 0,
  ERRORS: 1,
  SLOW: 2,
  TIMED: 3,
  SUM_US: 4,
  MAX_US: 5,
  LENGTH: 8,
} as const;

/** Numbers of a series in one closed tick. */
export const seriesCell = {
  COUNT: 0,
  ERRORS: 1,
  SLOW: 2,
  /** Of the events, those with a duration. */
  TIMED: 3,
  SUM_US: 4,
  MAX_US: 5,
  SERIES: 6,
  LENGTH: 8,
} as const;

/** Numbers of a series since the start; LAST_MS: end of the last tick that had events, monotonic, NaN before. */
export const totalCell = { COUNT: 0, ERRORS: 1, SLOW: 2, LAST_MS: 3, LENGTH: 4 } as const;

/**
 * Durations of a series since the start, for histograms with fixed bounds: how many lie between the bound before and each
 * of `durationBoundsUs`, then those beyond the last, then their sum.
 */
export const durationTotalCell = { BUCKETS: 0, BEYOND: 20, SUM_US: 21, LENGTH: 24 } as const;

/** In microseconds, from 125 µs to 65.5 s: each is the edge of a bucket of the windows, so that counts are exact. */
export const durationBoundsUs: readonly number[] = Array.from({ length: 20 }, (_, i) => 125 * 2 ** i);

/**
 * Place in `durationBoundsUs` of the first bound that no duration of a bucket is above, one more than there are where all
 * of them are; buckets as of workers/events/duration-bucket.ts.
 */
export function durationBoundOf(bucket: number): number {
  const endUs = (65 + (bucket & 63)) * 2 ** ((bucket >>> 6) - 6);
  const bound = durationBoundsUs.findIndex((us) => endUs <= us);
  return bound < 0 ? durationBoundsUs.length : bound;
}

/** A closed tick. Times are of the system's monotonic clock, milliseconds. */
export const sliceCell = {
  BEGIN_MS: 0,
  END_MS: 1,
  FIRST_ENTRY: 2,
  ENTRIES: 3,
  FIRST_ROW: 4,
  ROWS: 5,
  /** Sums over all series of a measurement: eight cells each, as in `seriesCell`, in the order of `windowMeasurements`. */
  SUMS: 8,
  LENGTH: 8 + 4 * 8,
} as const;

/**
 * Float64Array: the last minute, for the snapshot; NaN where no connected service reports that part. `…_COUNT`,
 * `…_TIMED` in events, `…_SUM_US` in microseconds. `SPAN_MS` is how long the minute is so far.
 */
export const summaryCell = {
  SPAN_MS: 0,
  API_COUNT: 1,
  API_ERRORS: 2,
  API_TIMED: 3,
  API_SUM_US: 4,
  DB_COUNT: 5,
  DB_SLOW: 6,
  DB_TIMED: 7,
  DB_SUM_US: 8,
  SOCKET_COUNT: 9,
  SOCKET_CONNECTIONS: 10,
  LENGTH: 12,
} as const;

/** Words (u32) of an entry of the directory; its texts follow as UTF-8. */
export const directoryCell = {
  /** Grows each time that the series gets another name. */
  GENERATION: 0,
  /** Of a request: the hundreds of its status, 0 where it has none such. */
  STATUS_CLASS: 1,
  PROCESS_BYTES: 2,
  A_BYTES: 3,
  B_BYTES: 4,
  /** 0 while the entry is free or its texts are being written. */
  NAMED: 5,
  LENGTH: 8,
  BYTES: 1024,
} as const;

/** A request in its cell: Float64Array, then `TEXT_BYTES` of UTF-8. */
export const requestCell = {
  TIME_MS: 0,
  /** NaN where it was not timed. */
  DURATION_US: 1,
  STATUS: 2,
  /** Length of the text: process NUL method NUL route NUL user NUL error. */
  TEXT_LENGTH: 3,
  TEXT_AT: 4,
  BYTES: 2048,
} as const;

/** Measurements whose series the windows hold; series m × seriesEach + i is the i-th of measurement m. */
export const windowMeasurements = ['http', 'db', 'socket', 'job'] as const;
export type WindowMeasurement = (typeof windowMeasurements)[number];

export const eventLimits = {
  windowMs: 5 * 60_000,
  /** Series a measurement may have at once, those included that take up the rest under `other`. */
  seriesEach: 2000,
  /** Of these, kept for `other`. */
  othersEach: 36,
  /** Longest texts of a series in bytes; together they fit a directory entry. */
  processBytes: 240,
  aBytes: 240,
  bBytes: 500,
  /** A series that is silent for so long may give its place away. */
  idleMs: 3_600_000,
  /** Buckets of a series: 32 octaves of 64, see workers/events/duration-bucket.ts. */
  bucketBits: 11,
  /** Room of the log, powers of two. */
  entries: 1 << 21,
  rows: 1 << 18,
  requests: 1000,
} as const;

export const seriesInAll: number = windowMeasurements.length * eventLimits.seriesEach;

export interface EventBuffers {
  /** Ticks that the log holds. */
  readonly slices: number;
  readonly control: SharedArrayBuffer;
  readonly totals: SharedArrayBuffer;
  readonly summary: SharedArrayBuffer;
  /** seriesInAll × directoryCell.BYTES */
  readonly directory: SharedArrayBuffer;
  /** Float64Array[seriesInAll × totalCell.LENGTH] */
  readonly seriesTotals: SharedArrayBuffer;
  /** Float64Array[seriesInAll × durationTotalCell.LENGTH] */
  readonly durationTotals: SharedArrayBuffer;
  /** Float64Array[seriesInAll × currentCell.LENGTH]: the current tick. */
  readonly current: SharedArrayBuffer;
  /** Uint32Array[seriesInAll << bucketBits]: durations of the current tick; the page of short ones, then the others. */
  readonly histograms: SharedArrayBuffer;
  /** Float64Array[slices × sliceCell.LENGTH] */
  readonly sliceLog: SharedArrayBuffer;
  /** Uint32Array[entries × 2]: series << bucketBits | bucket, and the count; those of a series in order, side by side. */
  readonly entryLog: SharedArrayBuffer;
  /** Float64Array[rows × seriesCell.LENGTH]: series that had events in their tick. */
  readonly rowLog: SharedArrayBuffer;
  /** requests × requestCell.BYTES */
  readonly requests: SharedArrayBuffer;
}

/** Makes the buffers for one tick every `intervalMs`. Untouched pages cost no memory. */
export function createEventBuffers(intervalMs: number): EventBuffers {
  const slices = Math.ceil(eventLimits.windowMs / intervalMs) + 2;
  const float64s = (count: number) => new SharedArrayBuffer(count * 8);
  return {
    slices,
    control: new SharedArrayBuffer(eventControl.LENGTH * 4),
    totals: float64s(eventTotal.LENGTH),
    summary: float64s(summaryCell.LENGTH),
    directory: new SharedArrayBuffer(seriesInAll * directoryCell.BYTES),
    seriesTotals: float64s(seriesInAll * totalCell.LENGTH),
    durationTotals: float64s(seriesInAll * durationTotalCell.LENGTH),
    current: float64s(seriesInAll * currentCell.LENGTH),
    histograms: new SharedArrayBuffer((seriesInAll << eventLimits.bucketBits) * 4),
    sliceLog: float64s(slices * sliceCell.LENGTH),
    entryLog: new SharedArrayBuffer(eventLimits.entries * 8),
    rowLog: float64s(eventLimits.rows * seriesCell.LENGTH),
    requests: new SharedArrayBuffer(eventLimits.requests * requestCell.BYTES),
  };
}

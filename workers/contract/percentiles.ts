/**
 * Durations of the stored past in equal steps, merged from histograms. Plain data.
 */
export const timedMeasurements = ['http', 'db', 'socket', 'job'] as const;

export interface PercentilesTask {
  readonly measurement: (typeof timedMeasurements)[number];
  /** Series with equal values of these tags are merged; none: all are one. */
  readonly by: readonly string[];
  /** Only series that have these values. */
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since 1970; a multiple of the step. */
  readonly startMs: number;
  readonly endMs: number;
  /** Whole minutes. */
  readonly stepMs: number;
  /** Groups at most: those with the most durations, but for the first `skip`. */
  readonly limit: number;
  readonly skip: number;
}

/** Of one step; milliseconds. */
export interface PercentilesRow {
  /** Where the step begins, milliseconds since 1970. */
  readonly timeMs: number;
  /** Durations in it. */
  readonly count: number;
  readonly avgMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface PercentilesSeries {
  /** Those of `by` that the series have. */
  readonly tags: Readonly<Record<string, string>>;
  /** Of the whole range. */
  readonly count: number;
  /** Oldest first; a step without durations has none. */
  readonly rows: readonly PercentilesRow[];
}

export interface PercentilesResult {
  /** The most frequent first. */
  readonly series: readonly PercentilesSeries[];
  /** Groups that come behind these. */
  readonly omitted: number;
}

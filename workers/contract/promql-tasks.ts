import type { OlderFound, OlderNeed } from './older.ts';

/** What the main loop asks the query worker for the API of Prometheus. Plain data only; times in milliseconds since 1970. */

/** What every such task works by. */
export interface PromqlBase {
  readonly nowMs: number;
  /** Single samples of the store go back to here, minutes to there. */
  readonly rawFromMs: number;
  readonly minutesFromMs: number;
  readonly intervalMs: number;
  /** How often slow readings come, compared with usual. */
  readonly slowFactor: number;
  /** Tags that every point has. */
  readonly commonTags: Readonly<Record<string, string>>;
  /** Int32Array[1] of shared memory: not 0 once nobody waits for the answer any more. */
  readonly cancelled: SharedArrayBuffer;
  /** The work may take so long, in milliseconds. */
  readonly limitMs: number;
  /** What was fetched of the time before the store; null where nothing can be. */
  readonly older: { readonly found: readonly OlderFound[]; readonly warnings: readonly string[] } | null;
}

export type PromqlAsk =
  | {
      readonly ask: 'query';
      readonly expr: string;
      readonly timeMs: number;
      readonly lookbackMs: number;
      readonly limit: number;
    }
  | {
      readonly ask: 'query_range';
      readonly expr: string;
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
      readonly lookbackMs: number;
      readonly limit: number;
    }
  /** Names of labels, of series that fit one of the selectors; of all when there are none. */
  | ({ readonly ask: 'labels' } & SeriesAsk)
  | ({ readonly ask: 'values'; readonly label: string } & SeriesAsk)
  | ({ readonly ask: 'series' } & SeriesAsk)
  | {
      readonly ask: 'metadata';
      readonly metric: string;
      /** Metrics; 0 is no limit. */
      readonly limit: number;
    }
  /** The newest values of all series, as text. */
  | { readonly ask: 'metrics'; readonly isOpenMetrics: boolean };

export interface SeriesAsk {
  readonly matches: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  /** Entries of the answer; 0 is no limit of the asker's. */
  readonly limit: number;
}

export type PromqlTask = PromqlBase & PromqlAsk;

/** As Prometheus names them (web/api/v1/api.go). */
export type PromqlErrorType =
  | 'bad_data'
  | 'execution'
  | 'timeout'
  | 'canceled'
  | 'not_found'
  | 'internal'
  | 'unavailable';

/** The whole body of an answer, in UTF-8: JSON, or the text of metrics. */
export type PromqlAnswer =
  | { readonly body: Uint8Array }
  | { readonly errorType: PromqlErrorType; readonly error: string };

/** What the worker gives: an answer, or what it has to know of the time before the store first. */
export type PromqlResult = PromqlAnswer | { readonly needs: readonly OlderNeed[] };

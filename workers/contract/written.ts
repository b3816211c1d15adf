import type { Refused } from './refusals.ts';

/** Units of the timestamps of line protocol. */
export const precisions = ['ns', 'us', 'ms', 's', 'm', 'h'] as const;
export type Precision = (typeof precisions)[number];

/** Reads and commits a part of a body of line protocol. */
export interface WriteTask {
  /** The whole body, shared so that no task copies it. */
  readonly body: SharedArrayBuffer;
  /** Where to go on. */
  readonly offset: number;
  readonly precision: Precision;
  /** When the body arrived, milliseconds since 1970: the time of points without one. */
  readonly nowMs: number;
}

export interface WriteResult {
  /** Where the next part begins; the length of the body when all is done. */
  readonly next: number;
  /** Points that were committed. */
  readonly stored: number;
  readonly refused: Refused;
}

/** What became of a body of line protocol, all of it committed or refused. */
export interface WriteOutcome {
  readonly stored: number;
  readonly refused: number;
  /** Fields that are texts, or named `time`, which InfluxDB leaves out too: they are not stored. */
  readonly leftOut: number;
  /** Why points or fields were not stored; none when everything was. */
  readonly reasons: readonly string[];
}

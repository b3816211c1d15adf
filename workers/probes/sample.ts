import type { Reading, SourceStatus } from '../contract/tasks.ts';

/** What one sampling saw. */
export interface Sample {
  /**
   * At most one a source. A source that is down has none, and `disk` has one only when disks were read. The
   * `layout` of a source stays the same text while its set of points does not change.
   */
  readonly readings: Reading[];
  /** One for every source: `host`, `disk`, `process/NAME`. `disk` repeats its last one between its readings. */
  readonly sources: SourceStatus[];
}

/** A reading of a source, or why there is none. */
export interface Outcome {
  /** null: nothing is known, or nothing was due. */
  readonly values: Float64Array | null;
  readonly up: boolean;
  /** '' when all is well. */
  readonly problem: string;
}

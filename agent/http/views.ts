import type { ReadyReport } from '../ready-shape.ts';
import type { HistoricalRow, Snapshot } from '../snapshot-shape.ts';

/** All that the HTTP server sees of the agent. It only looks on: nothing here may delay a tick. */
export interface HttpViews {
  /** The newest snapshot, the same object until there is a newer one; null before the first tick. */
  snapshot(): Snapshot | null;
  ready(): ReadyReport;
  /**
   * Means of each step from `fromMs` to `toMs` (milliseconds since 1970), oldest first. Steps begin at multiples of
   * `stepMs`; one without any value has no row. `fromMs` is such a multiple.
   */
  historical(fromMs: number, toMs: number, stepMs: number): Promise<readonly HistoricalRow[]>;
}

import type { SampleSeries } from '../promql/evaluation.ts';
import type { Metric } from './metric-index.ts';
import type { RingRows } from './ring-rows.ts';
import { markStale } from './stale-marker.ts';

export interface RingMetric extends Metric {
  column: number;
}

/** Where samples are put together; used again and again. */
export class WindowScratch {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;

  constructor(slots: number) {
    this.timesMs = new Float64Array(slots);
    this.values = new Float64Array(slots);
  }
}

/** The rows of one range of time, and the series that were copied of them so far. */
export class RingWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly staleAfterRows: number;
  readonly #timesMs: Float64Array;
  readonly #slots: Int32Array;
  readonly #values: Float64Array;
  readonly #slotsOfRing: number;
  readonly #scratch: WindowScratch;
  readonly #series = new Map<RingMetric, SampleSeries | null>();
  readonly #results = new Map<readonly RingMetric[], SampleSeries[]>();

  /** Both ends are included. `values` are those of the ring, series by series. */
  constructor(
    rows: RingRows,
    values: Float64Array,
    slotsOfRing: number,
    scratch: WindowScratch,
    range: { readonly startMs: number; readonly endMs: number; readonly staleAfterRows: number },
  ) {
    this.startMs = range.startMs;
    this.endMs = range.endMs;
    this.staleAfterRows = range.staleAfterRows;
    const { from, to } = rows.range(range.startMs, range.endMs);
    this.#timesMs = rows.timesMs.subarray(from, to);
    this.#slots = rows.slots.subarray(from, to);
    this.#values = values;
    this.#slotsOfRing = slotsOfRing;
    this.#scratch = scratch;
  }

  /** Those of the metrics that have samples; the same list for the same list. */
  seriesOf(metrics: readonly RingMetric[]): SampleSeries[] {
    const known = this.#results.get(metrics);
    if (known) return known;
    const found: SampleSeries[] = [];
    for (const metric of metrics) {
      let series = this.#series.get(metric);
      if (series === undefined) {
        series = this.#copy(metric);
        this.#series.set(metric, series);
      }
      if (series) found.push(series);
    }
    this.#results.set(metrics, found);
    return found;
  }

  /**
   * The samples, gaps left out. Where more than `staleAfterRows` rows in a row came without one, the first of them has
   * the marker of a series that ended.
   */
  #copy({ labels, column }: RingMetric): SampleSeries | null {
    const { timesMs, values } = this.#scratch;
    const first = column * this.#slotsOfRing;
    const rows = this.#slots.length;
    let count = 0;
    let missing = 0;
    for (let i = 0; i < rows; i++) {
      const value = this.#values[first + this.#slots[i]!]!;
      if (Number.isNaN(value)) {
        missing++;
        continue;
      }
      if (missing > this.staleAfterRows && count > 0) this.#end(count++, i - missing);
      missing = 0;
      timesMs[count] = this.#timesMs[i]!;
      values[count++] = value;
    }
    if (count === 0) return null;
    if (missing > this.staleAfterRows) this.#end(count++, rows - missing);
    return {
      labels,
      timestampsMs: count === rows ? this.#timesMs : timesMs.slice(0, count),
      values: values.slice(0, count),
    };
  }

  #end(place: number, row: number): void {
    this.#scratch.timesMs[place] = this.#timesMs[row]!;
    markStale(this.#scratch.values, place);
  }
}

import type { ColumnRows, RingReader } from '../ring/ring-reader.ts';
import type { MetricKind } from './watched-metrics.ts';

/** Long enough to have a reading of those that come every 10 s. */
export const binMs = 15_000;
/** Two stretches of time beside each other, in bins: first the usual ones, then the recent ones. */
export const usualBins = 40;
/** Of the recent ones before and after the alert's begin. */
const binsAround = 4;
/** Of rows from before the clock jumped: writes there go nowhere. */
const noBin = 255;

/** The recent and the usual minutes of an alert, and their rows of the ring cut into bins. */
export class TimeBins {
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly recentStartMs: number;
  readonly count: number;
  readonly #ring: RingReader;
  readonly #rows: ColumnRows;
  readonly #binOfRow: Uint8Array;
  readonly #values: Float64Array;
  readonly #intervalSeconds: number;

  /**
   * The minute before and after `activeAtMs`, as far as it is known, and the ten minutes before. What an alert tells
   * of may have begun before it did. Undefined when the ring cannot be read.
   */
  static around(ring: RingReader, activeAtMs: number, intervalMs: number): TimeBins | undefined {
    const newestMs = ring.newestTimeMs();
    if (newestMs === undefined) return undefined;
    const beginMs = Math.min(activeAtMs, newestMs);
    const after = Math.min(binsAround, Math.ceil((newestMs - beginMs) / binMs));
    // The last bin ends just behind the last reading.
    const endMs = Math.min(newestMs, beginMs + after * binMs) + 1;
    const recentStartMs = endMs - (binsAround + after) * binMs;
    const startMs = recentStartMs - usualBins * binMs;
    const rows = ring.rowsBetween(startMs, endMs - 1);
    return rows && new TimeBins(ring, rows, startMs, usualBins + binsAround + after, intervalMs);
  }

  private constructor(
    ring: RingReader,
    rows: ColumnRows,
    startMs: number,
    count: number,
    intervalMs: number,
  ) {
    this.#ring = ring;
    this.#rows = rows;
    this.startMs = startMs;
    this.recentStartMs = startMs + usualBins * binMs;
    this.count = count;
    this.#binOfRow = Uint8Array.from(rows.timestampsMs, (timeMs) => {
      const bin = Math.floor((timeMs - startMs) / binMs);
      return bin >= 0 && bin < count ? bin : noBin;
    });
    this.#values = new Float64Array(rows.timestampsMs.length);
    this.#intervalSeconds = intervalMs / 1000;
  }

  /** Writes 1 for each bin in which the column has a value. */
  mark(column: number, isKnown: Uint8Array): void {
    if (!this.#ring.copyRows(column, this.#rows, this.#values)) return;
    this.#values.forEach((value, row) => {
      if (!Number.isNaN(value)) isKnown[this.#binOfRow[row]!] = 1;
    });
  }

  /**
   * Writes the value of each bin, NaN where nothing is known: the mean of a level, the rate a second of events or of
   * a counter, whose falls are restarts and tell nothing. False when there is none at all.
   */
  fill(bins: Float64Array, column: number, kind: MetricKind): boolean {
    bins.fill(Number.NaN);
    if (!this.#ring.copyRows(column, this.#rows, this.#values)) return false;
    return kind === 'counter' ? this.#fillRates(bins) : this.#fillMeans(bins, kind);
  }

  #fillMeans(bins: Float64Array, kind: MetricKind): boolean {
    const binOfRow = this.#binOfRow;
    const values = this.#values;
    const each = kind === 'tally' ? this.#intervalSeconds : 1;
    let any = false;
    for (let row = 0; row < values.length; ) {
      const bin = binOfRow[row]!;
      let sum = 0;
      let count = 0;
      for (; row < values.length && binOfRow[row] === bin; row++) {
        const value = values[row]!;
        if (Number.isNaN(value)) continue;
        sum += value;
        count++;
      }
      if (count === 0) continue;
      bins[bin] = sum / (count * each);
      any = true;
    }
    return any;
  }

  #fillRates(bins: Float64Array): boolean {
    const { timestampsMs } = this.#rows;
    const values = this.#values;
    let last = -1;
    let any = false;
    for (let row = 0; row < values.length; row++) {
      if (Number.isNaN(values[row]!)) continue;
      const seconds = last < 0 ? 0 : (timestampsMs[row]! - timestampsMs[last]!) / 1000;
      const grown = last < 0 ? -1 : values[row]! - values[last]!;
      last = row;
      if (grown < 0 || seconds <= 0) continue;
      // Of several readings in a bin the last one stands for it.
      bins[this.#binOfRow[row]!] = grown / seconds;
      any = true;
    }
    return any;
  }

  /** First and last known value of a column, from `fromMs` on. */
  ends(column: number, fromMs: number): { readonly first: number; readonly last: number } | undefined {
    if (!this.#ring.copyRows(column, this.#rows, this.#values)) return undefined;
    const known = this.#values.filter(
      (value, row) => !Number.isNaN(value) && this.#rows.timestampsMs[row]! >= fromMs,
    );
    return known.length === 0 ? undefined : { first: known[0]!, last: known.at(-1)! };
  }
}

import type { DurationHistograms } from '../contract/events.ts';
import { currentCell, eventLimits, windowMeasurements } from '../contract/window-cells.ts';
import { seriesKey } from '../point/point.ts';
import type { CurrentTick, GroupedDurations } from './current-tick.ts';
import { sketchKey } from './duration-bucket.ts';
import type { SeriesDirectory } from './series-directory.ts';
import { type SeriesName, seriesTags } from './series-name.ts';
import type { SocketReading, SocketTick } from './socket-reading.ts';

const field = 'duration_us';
const socket = windowMeasurements.indexOf('socket');

/** Gives the durations of a tick to the store: of each series that has points, in the form of the contract. */
export class HistogramBook {
  readonly #directory: SeriesDirectory;
  /** Keys that were made, with the name that they were made of. */
  readonly #keys: ({ readonly name: SeriesName; readonly key: string } | undefined)[];
  readonly #socketKeys = new Map<string, string>();

  constructor(directory: SeriesDirectory) {
    this.#directory = directory;
    this.#keys = new Array(directory.names.length);
  }

  /** null when nothing was timed. */
  fold(
    active: readonly number[],
    tick: CurrentTick,
    { starts, ends, buckets, counts }: GroupedDurations,
    sockets: { readonly ticks: readonly SocketTick[]; readonly reading: SocketReading },
  ): DurationHistograms | null {
    const series = active.filter(
      (one) => Math.floor(one / eventLimits.seriesEach) !== socket && ends[one]! > starts[one]!,
    );
    const timedSockets = sockets.ticks.filter(({ from, end }) => end > from);
    const size = series.length + timedSockets.length;
    if (size === 0) return null;
    const entries =
      series.reduce((sum, one) => sum + ends[one]! - starts[one]!, 0) +
      timedSockets.reduce((sum, { from, end }) => sum + end - from, 0);
    const out = new HistogramsBuilder(size, entries);
    for (const one of series) {
      const row = one * currentCell.LENGTH;
      const sum = tick.cells[row + currentCell.SUM_US]!;
      const max = tick.cells[row + currentCell.MAX_US]!;
      out.add(this.#keyOf(one), buckets, counts, starts[one]!, ends[one]!, sum, max);
    }
    const { buckets: socketBuckets, counts: socketCounts } = sockets.reading;
    for (const { process, from, end, sumUs, maxUs } of timedSockets)
      out.add(this.#socketKeyOf(process), socketBuckets, socketCounts, from, end, sumUs, maxUs);
    return out;
  }

  #keyOf(series: number): string {
    const name = this.#directory.names[series]!;
    const known = this.#keys[series];
    if (known?.name === name) return known.key;
    const key = seriesKey(name.measurement, seriesTags(name), field);
    this.#keys[series] = { name, key };
    return key;
  }

  #socketKeyOf(process: string): string {
    const known = this.#socketKeys.get(process);
    if (known !== undefined) return known;
    if (this.#socketKeys.size >= eventLimits.othersEach) this.#socketKeys.clear();
    const key = seriesKey('socket', { process }, field);
    this.#socketKeys.set(process, key);
    return key;
  }
}

/** `DurationHistograms` in the making: room for so many series and entries. */
class HistogramsBuilder implements DurationHistograms {
  readonly keys: string[] = [];
  readonly starts: Uint32Array;
  readonly buckets: Uint32Array;
  readonly counts: Uint32Array;
  readonly sums: Float64Array;
  readonly maxima: Float64Array;

  constructor(series: number, entries: number) {
    this.starts = new Uint32Array(series + 1);
    this.buckets = new Uint32Array(entries);
    this.counts = new Uint32Array(entries);
    this.sums = new Float64Array(series);
    this.maxima = new Float64Array(series);
  }

  add(
    key: string,
    buckets: Uint32Array,
    counts: Uint32Array,
    from: number,
    end: number,
    sumUs: number,
    maxUs: number,
  ): void {
    const i = this.keys.length;
    let at = this.starts[i]!;
    for (let entry = from; entry < end; entry++) {
      this.buckets[at] = sketchKey(buckets[entry]!);
      this.counts[at++] = counts[entry]!;
    }
    this.starts[i + 1] = at;
    this.sums[i] = sumUs;
    this.maxima[i] = maxUs;
    this.keys.push(key);
  }
}

import type { SeriesStats, SeriesStatsTask } from '../contract/events.ts';
import {
  directoryCell,
  type EventBuffers,
  eventControl,
  eventLimits,
  eventTotal,
  seriesCell,
  seriesInAll,
  sliceCell,
  windowMeasurements,
} from '../contract/window-cells.ts';
import { MergedDurations, meanMs, toldQuantiles, writeQuantiles } from './quantiles.ts';
import { readName } from './series-directory.ts';
import { seriesTags } from './series-name.ts';
import { type SlicePlace, slicesOf } from './slices.ts';

const { entries: mostEntries, rows: mostRows, bucketBits, seriesEach } = eventLimits;
const bucketsEach = 1 << bucketBits;
const maxTries = 10_000;

/** Statistics of series, and how long the ticks that they are of were together, in milliseconds. */
export interface WindowStats {
  readonly spanMs: number;
  readonly series: readonly SeriesStats[];
}

/** Series with equal values of the asked tags. */
interface Group {
  readonly tags: Record<string, string>;
  readonly cells: Float64Array;
  readonly durations: MergedDurations;
}

/** Reads the closed ticks of the last 5 minutes beside their writer. */
export class WindowReader {
  readonly #buffers: EventBuffers;
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #slices: Float64Array;
  readonly #entries: Uint32Array;
  readonly #rows: Float64Array;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  /** Tags of the series by number, as of a generation of its name. */
  readonly #tags: (
    | { readonly generation: number; readonly tags: Readonly<Record<string, string>> }
    | undefined
  )[] = new Array(seriesInAll);

  constructor(buffers: EventBuffers) {
    this.#buffers = buffers;
    this.#control = new Int32Array(buffers.control);
    this.#totals = new Float64Array(buffers.totals);
    this.#slices = new Float64Array(buffers.sliceLog);
    this.#entries = new Uint32Array(buffers.entryLog);
    this.#rows = new Float64Array(buffers.rowLog);
    this.#words = new Uint32Array(buffers.directory);
    this.#bytes = Buffer.from(buffers.directory);
  }

  /**
   * Statistics of the series of a measurement over the closed ticks of the last `windowMs`, the most frequent first;
   * those with equal values of the tags `by` merged. Where the log does not go back so far `spanMs` is less.
   */
  windowStats(
    measurement: SeriesStatsTask['measurement'],
    by: readonly string[],
    windowMs: number,
  ): WindowStats {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const sequence = Atomics.load(this.#control, eventControl.SEQUENCE);
      if (sequence & 1) continue;
      const place = slicesOf(this.#slices, this.#buffers.slices, this.#totals, windowMs);
      const ticks = this.#copySlices(place);
      if (Atomics.load(this.#control, eventControl.SEQUENCE) !== sequence) continue;
      // What follows only reads what stays as it is, unless the writer needed the room of the oldest tick.
      const groups = this.#sum(windowMeasurements.indexOf(measurement), by, ticks);
      Atomics.load(this.#control, eventControl.SEQUENCE);
      if (groups && this.#totals[eventTotal.OLDEST_SLICE]! <= place.first)
        return { spanMs: place.spanMs, series: groups.map(statsOf).sort((a, b) => b.count - a.count) };
    }
    return { spanMs: 0, series: [] };
  }

  #copySlices({ first, end }: SlicePlace): Float64Array {
    const copy = new Float64Array(Math.min(end - first, this.#buffers.slices) * sliceCell.LENGTH);
    for (let at = 0; at < copy.length; at += sliceCell.LENGTH) {
      const from = ((first + at / sliceCell.LENGTH) % this.#buffers.slices) * sliceCell.LENGTH;
      copy.set(this.#slices.subarray(from, from + sliceCell.LENGTH), at);
    }
    return copy;
  }

  /** Undefined when what was read was overwritten meanwhile, as far as can be told. */
  #sum(measurement: number, by: readonly string[], ticks: Float64Array): Group[] | undefined {
    const groups = new Map<string, Group>();
    const groupOf: (Group | undefined)[] = new Array(seriesEach);
    const firstSeries = measurement * seriesEach;
    for (let at = 0; at < ticks.length; at += sliceCell.LENGTH) {
      const firstRow = ticks[at + sliceCell.FIRST_ROW]!;
      for (let i = 0; i < ticks[at + sliceCell.ROWS]!; i++) {
        const row = ((firstRow + i) % mostRows) * seriesCell.LENGTH;
        const series = this.#rows[row + seriesCell.SERIES]!;
        if (series < firstSeries || series >= firstSeries + seriesEach) continue;
        const group = groupOf[series - firstSeries] ?? this.#groupOf(series, by, groups);
        if (!group) return undefined;
        groupOf[series - firstSeries] = group;
        for (let cell = 0; cell < seriesCell.MAX_US; cell++) group.cells[cell]! += this.#rows[row + cell]!;
        const maxUs = this.#rows[row + seriesCell.MAX_US]!;
        if (maxUs > group.cells[seriesCell.MAX_US]!) group.cells[seriesCell.MAX_US] = maxUs;
      }
      this.#addDurations(
        ticks[at + sliceCell.FIRST_ENTRY]!,
        ticks[at + sliceCell.ENTRIES]!,
        firstSeries,
        groupOf,
      );
    }
    return [...groups.values()];
  }

  #addDurations(
    first: number,
    count: number,
    firstSeries: number,
    groupOf: readonly (Group | undefined)[],
  ): void {
    let entry = first % mostEntries;
    for (let i = 0; i < count; i++) {
      const key = this.#entries[entry << 1]!;
      groupOf[(key >>> bucketBits) - firstSeries]?.durations.add(
        key & (bucketsEach - 1),
        this.#entries[(entry << 1) | 1]!,
      );
      entry = entry + 1 === mostEntries ? 0 : entry + 1;
    }
  }

  #groupOf(series: number, by: readonly string[], groups: Map<string, Group>): Group | undefined {
    const tags = this.#tagsOf(series);
    if (!tags) return undefined;
    const own = by.filter((tag) => Object.hasOwn(tags, tag)).map((tag) => [tag, tags[tag]!] as const);
    const key = JSON.stringify(own);
    let group = groups.get(key);
    if (!group) {
      const cells = new Float64Array(seriesCell.LENGTH);
      group = { tags: Object.fromEntries(own), cells, durations: new MergedDurations() };
      groups.set(key, group);
    }
    return group;
  }

  /** Undefined while the name is being written. */
  #tagsOf(series: number): Readonly<Record<string, string>> | undefined {
    const generation = this.#words[(series * directoryCell.BYTES) / 4 + directoryCell.GENERATION]!;
    const known = this.#tags[series];
    if (known?.generation === generation) return known.tags;
    const version = Atomics.load(this.#control, eventControl.DIRECTORY_VERSION);
    const name = readName(series, this.#words, this.#bytes);
    if (!name || version & 1 || Atomics.load(this.#control, eventControl.DIRECTORY_VERSION) !== version)
      return undefined;
    const tags = seriesTags(name);
    this.#tags[series] = { generation, tags };
    return tags;
  }
}

const buckets = new Uint32Array(bucketsEach);
const counts = new Uint32Array(bucketsEach);
const quantiles = new Float64Array(toldQuantiles.length);

function statsOf({ tags, cells, durations }: Group): SeriesStats {
  const timed = cells[seriesCell.TIMED]!;
  const maxUs = cells[seriesCell.MAX_US]!;
  writeQuantiles(buckets, counts, 0, durations.write(buckets, counts, 0), maxUs, quantiles, 0);
  const known = (value: number) => (Number.isFinite(value) ? value : null);
  return {
    tags,
    count: cells[seriesCell.COUNT]!,
    errors: cells[seriesCell.ERRORS]!,
    slow: cells[seriesCell.SLOW]!,
    avgMs: known(meanMs(cells[seriesCell.SUM_US]!, timed)),
    p50Ms: known(quantiles[0]!),
    p95Ms: known(quantiles[1]!),
    p99Ms: known(quantiles[2]!),
    maxMs: timed > 0 ? maxUs / 1000 : null,
  };
}

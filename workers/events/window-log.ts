import {
  type EventBuffers,
  eventControl,
  eventLimits,
  eventTotal,
  seriesCell,
  sliceCell,
  summaryCell,
  totalCell,
} from '../contract/window-cells.ts';
import type { CurrentTick, GroupedDurations } from './current-tick.ts';
import { DurationTotals } from './duration-totals.ts';
import { type SlicePlace, slicesOf } from './slices.ts';

const { entries: mostEntries, rows: mostRows, bucketBits, seriesEach } = eventLimits;
const rowCells = seriesCell.LENGTH;
/** Less is not worth beginning anew for. */
const leastEntries = 16_384;
const leastRows = 2048;

/** Which parts some connected service reports, and the open sockets; NaN when not known. */
export interface ReportedNow {
  readonly http: boolean;
  readonly db: boolean;
  readonly socket: boolean;
  readonly connections: number;
}

/**
 * The one writer of the closed ticks of the last 5 minutes, of the totals of series and of the summary. When the log is
 * full the oldest ticks go.
 */
export class WindowLog {
  readonly #buffers: EventBuffers;
  readonly #control: Int32Array;
  readonly #totals: Float64Array;
  readonly #seriesTotals: Float64Array;
  readonly #slices: Float64Array;
  readonly #entries: Uint32Array;
  readonly #rows: Float64Array;
  readonly #summary: Float64Array;
  readonly #durationTotals: DurationTotals;

  /** Takes over buffers as they are: windows and totals go on. */
  constructor(buffers: EventBuffers) {
    this.#buffers = buffers;
    this.#control = new Int32Array(buffers.control);
    this.#totals = new Float64Array(buffers.totals);
    this.#seriesTotals = new Float64Array(buffers.seriesTotals);
    this.#slices = new Float64Array(buffers.sliceLog);
    this.#entries = new Uint32Array(buffers.entryLog);
    this.#rows = new Float64Array(buffers.rowLog);
    this.#summary = new Float64Array(buffers.summary);
    this.#durationTotals = new DurationTotals(buffers);
    if (this.#control[eventControl.SEQUENCE]! & 1) Atomics.add(this.#control, eventControl.SEQUENCE, 1);
    if (this.#totals[eventTotal.SLICES] === 0) this.#summary.fill(Number.NaN);
  }

  /** Adds a tick that ends now, `endMs` of the monotonic clock; `series` are those that had events. */
  append(series: readonly number[], tick: CurrentTick, durations: GroupedDurations, endMs: number): void {
    const slice = this.#totals[eventTotal.SLICES]!;
    const firstEntry = this.#next(eventTotal.ENTRIES, sliceCell.FIRST_ENTRY, mostEntries, leastEntries);
    const firstRow = this.#next(eventTotal.ROWS, sliceCell.FIRST_ROW, mostRows, leastRows);
    const { starts, ends } = durations;
    let entries = 0;
    for (const one of series) entries += ends[one]! - starts[one]!;
    this.#makeRoom(firstEntry + entries, firstRow + series.length, slice + 1);
    Atomics.add(this.#control, eventControl.SEQUENCE, 1);
    const at = (slice % this.#buffers.slices) * sliceCell.LENGTH;
    this.#slices.fill(0, at, at + sliceCell.LENGTH);
    this.#slices[at + sliceCell.BEGIN_MS] = this.#beginOf(slice, endMs);
    this.#slices[at + sliceCell.END_MS] = endMs;
    this.#slices[at + sliceCell.FIRST_ENTRY] = firstEntry;
    this.#slices[at + sliceCell.ENTRIES] = entries;
    this.#slices[at + sliceCell.FIRST_ROW] = firstRow;
    this.#slices[at + sliceCell.ROWS] = series.length;
    this.#putRows(series, tick, firstRow, at + sliceCell.SUMS);
    this.#putEntries(series, durations, firstEntry);
    this.#addTotals(series, tick, endMs);
    this.#durationTotals.add(series, tick, durations);
    this.#totals[eventTotal.ENTRIES] = firstEntry + entries;
    this.#totals[eventTotal.ROWS] = firstRow + series.length;
    this.#totals[eventTotal.SLICES] = slice + 1;
    Atomics.add(this.#control, eventControl.SEQUENCE, 1);
  }

  /** Writes the summary of the last minute. */
  summarize(now: ReportedNow): void {
    const found = slicesOf(this.#slices, this.#buffers.slices, this.#totals, 60_000);
    const sum = (measurement: number, cell: number) => this.#sum(found, measurement * 8 + cell);
    const known = (isKnown: boolean, value: number) => (isKnown ? value : Number.NaN);
    const [http, db, socket] = [0, 1, 2];
    Atomics.add(this.#control, eventControl.SEQUENCE, 1);
    const cells = this.#summary;
    cells[summaryCell.SPAN_MS] = found.spanMs;
    cells[summaryCell.API_COUNT] = known(now.http, sum(http!, seriesCell.COUNT));
    cells[summaryCell.API_ERRORS] = known(now.http, sum(http!, seriesCell.ERRORS));
    cells[summaryCell.API_TIMED] = known(now.http, sum(http!, seriesCell.TIMED));
    cells[summaryCell.API_SUM_US] = known(now.http, sum(http!, seriesCell.SUM_US));
    cells[summaryCell.DB_COUNT] = known(now.db, sum(db!, seriesCell.COUNT));
    cells[summaryCell.DB_SLOW] = known(now.db, sum(db!, seriesCell.SLOW));
    cells[summaryCell.DB_TIMED] = known(now.db, sum(db!, seriesCell.TIMED));
    cells[summaryCell.DB_SUM_US] = known(now.db, sum(db!, seriesCell.SUM_US));
    cells[summaryCell.SOCKET_COUNT] = known(now.socket, sum(socket!, seriesCell.COUNT));
    cells[summaryCell.SOCKET_CONNECTIONS] = known(now.socket, now.connections);
    Atomics.add(this.#control, eventControl.SEQUENCE, 1);
  }

  /**
   * Where the next tick's entries or rows begin. Room that was never used costs no memory, so the log begins anew at its
   * start as soon as the window's ticks take a quarter of what lies before them: the rest is for ticks that have more.
   */
  #next(total: number, cell: number, room: number, least: number): number {
    const position = this.#totals[total]!;
    const { first, end } = slicesOf(this.#slices, this.#buffers.slices, this.#totals, eventLimits.windowMs);
    if (first === end) return position;
    const begin = this.#slices[(first % this.#buffers.slices) * sliceCell.LENGTH + cell]!;
    const used = position % room;
    const isOneLap = begin >= position - used;
    return isOneLap && used > Math.max(least, 4 * (position - begin)) ? position - used + room : position;
  }

  #sum({ first, end }: SlicePlace, cell: number): number {
    let sum = 0;
    for (let slice = first; slice < end; slice++)
      sum += this.#slices[(slice % this.#buffers.slices) * sliceCell.LENGTH + sliceCell.SUMS + cell]!;
    return sum;
  }

  /** A tick begins where the one before ended; the first one, when it is closed. */
  #beginOf(slice: number, endMs: number): number {
    if (slice === 0) return endMs;
    const before = ((slice - 1) % this.#buffers.slices) * sliceCell.LENGTH;
    return Math.min(endMs, this.#slices[before + sliceCell.END_MS]!);
  }

  /** Gives up the oldest ticks whose room is needed up to these places. */
  #makeRoom(entriesEnd: number, rowsEnd: number, slicesEnd: number): void {
    let oldest = this.#totals[eventTotal.OLDEST_SLICE]!;
    const slices = this.#totals[eventTotal.SLICES]!;
    for (; oldest < slices; oldest++) {
      const at = (oldest % this.#buffers.slices) * sliceCell.LENGTH;
      const keeps =
        this.#slices[at + sliceCell.FIRST_ENTRY]! + mostEntries >= entriesEnd &&
        this.#slices[at + sliceCell.FIRST_ROW]! + mostRows >= rowsEnd &&
        oldest + this.#buffers.slices >= slicesEnd;
      if (keeps) break;
    }
    this.#totals[eventTotal.OLDEST_SLICE] = oldest;
    // Readers that see a new tick see first which old ones it took the room of.
    Atomics.add(this.#control, eventControl.SEQUENCE, 2);
  }

  #putRows(series: readonly number[], tick: CurrentTick, firstRow: number, sumsAt: number): void {
    let row = firstRow % mostRows;
    for (const one of series) {
      const from = one * rowCells;
      const to = row * rowCells;
      this.#rows[to + seriesCell.COUNT] = tick.countOf(one);
      for (let cell = seriesCell.ERRORS; cell <= seriesCell.MAX_US; cell++)
        this.#rows[to + cell] = tick.cells[from + cell]!;
      this.#rows[to + seriesCell.SERIES] = one;
      const sums = sumsAt + Math.floor(one / seriesEach) * 8;
      for (let cell = 0; cell < seriesCell.MAX_US; cell++)
        this.#slices[sums + cell]! += this.#rows[to + cell]!;
      row = (row + 1) % mostRows;
    }
  }

  #putEntries(series: readonly number[], durations: GroupedDurations, firstEntry: number): void {
    const { starts, ends, buckets, counts } = durations;
    const entries = this.#entries;
    let entry = firstEntry % mostEntries;
    for (const one of series) {
      const end = ends[one]!;
      for (let i = starts[one]!; i < end; i++) {
        entries[entry << 1] = (one << bucketBits) | buckets[i]!;
        entries[(entry << 1) | 1] = counts[i]!;
        entry = entry + 1 === mostEntries ? 0 : entry + 1;
      }
    }
  }

  #addTotals(series: readonly number[], tick: CurrentTick, endMs: number): void {
    for (const one of series) {
      const total = one * totalCell.LENGTH;
      const from = one * rowCells;
      this.#seriesTotals[total + totalCell.COUNT]! += tick.countOf(one);
      this.#seriesTotals[total + totalCell.ERRORS]! += tick.cells[from + seriesCell.ERRORS]!;
      this.#seriesTotals[total + totalCell.SLOW]! += tick.cells[from + seriesCell.SLOW]!;
      this.#seriesTotals[total + totalCell.LAST_MS] = endMs;
    }
  }
}

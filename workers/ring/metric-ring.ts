import { type RingBuffers, ringControl } from '../contract/ring-cells.ts';
import type { SampleSeries } from '../promql/evaluation.ts';
import type { Matcher } from '../promql/nodes.ts';
import { MetricIndex, metricLabels } from './metric-index.ts';
import { RingRows } from './ring-rows.ts';
import { type RingMetric, RingWindow, WindowScratch } from './ring-window.ts';

/** Ranges of time that are kept for those who ask the same again before the next row. */
const mostWindows = 8;
/** How often a read is tried again before the ring counts as unreadable: a writer that was ended in mid-row. */
const maxTries = 2000;
/** Tries without a pause of a millisecond: a row is written within them unless its thread is kept from running. */
const busyTries = 1900;

/** The ring cannot be read, because its writer was ended inside a row and has no successor yet. */
export class RingError extends Error {
  constructor() {
    super('the series ring cannot be read now');
    this.name = 'RingError';
  }
}

/**
 * The series ring as PromQL sees it: the field `f` of the measurement `m` is the metric `m_f` with the tags as labels,
 * the field `recorded` the metric `m`. It may be read beside the ring's writer. What a method gave for one row is kept
 * until the next, and shared: it must not be changed.
 *
 * Each method throws `RingError` when the ring cannot be read.
 */
export class MetricRing {
  readonly #buffers: RingBuffers;
  readonly #control: Int32Array;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  readonly #scratch: WindowScratch;
  #metrics = new Map<string, RingMetric>();
  #index = new MetricIndex<RingMetric>([]);
  #version = -1;
  #columns = 0;
  /** Value of the sequence counter that rows and windows belong to; odd is none. */
  #sequence = -1;
  /** The odd value at which the ring was given up; −1 when it was not. */
  #givenUpAt = -1;
  #rows: RingRows;
  #windows: RingWindow[] = [];

  constructor(buffers: RingBuffers) {
    this.#buffers = buffers;
    this.#control = new Int32Array(buffers.control);
    this.#times = new Float64Array(buffers.times);
    this.#values = new Float64Array(buffers.values);
    this.#scratch = new WindowScratch(buffers.slots);
    this.#rows = new RingRows(buffers, new Int32Array(ringControl.LENGTH), this.#times);
  }

  /**
   * Series that all matchers fit, with samples from `startMs` to `endMs`, both included; without samples, none. A
   * series that more than `staleAfterRows` rows of the range went on without ended at the first of them.
   */
  select(
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    staleAfterRows = Number.POSITIVE_INFINITY,
  ): SampleSeries[] {
    return this.#read(() =>
      this.#window(startMs, endMs, staleAfterRows).seriesOf(this.#index.find(matchers)),
    );
  }

  /** From here on the ring has every sample; NaN while it is empty. */
  oldestMs(): number {
    return this.#read(() => this.#rows.completeFromMs);
  }

  /** Time of the first row ever written while no row left the ring and the clock went forward; else NaN. */
  beganMs(): number {
    return this.#read(() => this.#rows.beganMs);
  }

  /** Times of the rows from `startMs` to `endMs`, both included, ascending. */
  rowTimes(startMs: number, endMs: number): Float64Array {
    return this.#read(() => {
      const { from, to } = this.#rows.range(startMs, endMs);
      return this.#rows.timesMs.subarray(from, to);
    });
  }

  /** Time of the newest row; NaN while there is none. */
  newestMs(): number {
    return this.#read(() => {
      const row = this.#control[ringControl.ROWS]! - 1;
      return row < 0 ? Number.NaN : this.#times[row % this.#buffers.slots]!;
    });
  }

  /** Whether any series has this name. */
  hasName(name: string): boolean {
    return this.#read(() => this.#index.hasName(name));
  }

  /** The names of all metrics. */
  names(): string[] {
    return this.#read(() => this.#index.names());
  }

  #window(startMs: number, endMs: number, staleAfterRows: number): RingWindow {
    for (const window of this.#windows) {
      if (window.startMs === startMs && window.endMs === endMs && window.staleAfterRows === staleAfterRows)
        return window;
    }
    const range = { startMs, endMs, staleAfterRows };
    const made = new RingWindow(this.#rows, this.#values, this.#buffers.slots, this.#scratch, range);
    if (this.#windows.length >= mostWindows) this.#windows.shift();
    this.#windows.push(made);
    return made;
  }

  /** Reads until no writer came between. */
  #read<T>(read: () => T): T {
    for (let tries = 0; tries < maxTries; tries++) {
      const sequence = Atomics.load(this.#control, ringControl.SEQUENCE);
      if (sequence & 1) {
        if (sequence === this.#givenUpAt) break;
        if (tries > busyTries) Atomics.wait(this.#control, ringControl.SEQUENCE, sequence, 1);
        continue;
      }
      if (sequence !== this.#sequence && !this.#takeOver(sequence)) continue;
      const result = read();
      if (Atomics.load(this.#control, ringControl.SEQUENCE) === sequence) return result;
      this.#sequence = -1;
    }
    const left = Atomics.load(this.#control, ringControl.SEQUENCE);
    this.#givenUpAt = left & 1 ? left : -1;
    throw new RingError();
  }

  /** Looks at rows and names again; false when a writer came between. */
  #takeOver(sequence: number): boolean {
    const rows = new RingRows(this.#buffers, this.#control, this.#times);
    const version = this.#control[ringControl.DIRECTORY_VERSION]!;
    const columns = this.#control[ringControl.COLUMNS]!;
    const isMoved = version !== this.#version;
    const first = isMoved ? 0 : this.#columns;
    const names = this.#names(first, columns);
    if (Atomics.load(this.#control, ringControl.SEQUENCE) !== sequence) return false;
    if (isMoved || names.length > 0) this.#name(names, first, isMoved);
    this.#version = version;
    this.#columns = columns;
    this.#rows = rows;
    this.#windows = [];
    this.#sequence = sequence;
    return true;
  }

  #names(first: number, columns: number): string[] {
    const directory = new Uint32Array(this.#buffers.directory);
    const bytes = Buffer.from(this.#buffers.names);
    const names: string[] = [];
    for (let column = first; column < columns; column++) {
      const offset = directory[column * 2]!;
      names.push(bytes.toString('utf8', offset, offset + directory[column * 2 + 1]!));
    }
    return names;
  }

  /** A series that moved keeps its labels. */
  #name(names: readonly string[], first: number, isMoved: boolean): void {
    const metrics = isMoved ? new Map<string, RingMetric>() : this.#metrics;
    names.forEach((name, i) => {
      if (name === '') return;
      const metric = this.#metrics.get(name) ?? { labels: labelsOf(name), column: 0 };
      metric.column = first + i;
      metrics.set(name, metric);
    });
    this.#metrics = metrics;
    this.#index = new MetricIndex(metrics.values());
  }
}

/** Of a name as `seriesKey` writes it. */
function labelsOf(name: string): Record<string, string> {
  const [measurement, tags, field] = JSON.parse(name) as [string, [string, string][], string];
  return metricLabels(measurement, field, Object.fromEntries(tags));
}

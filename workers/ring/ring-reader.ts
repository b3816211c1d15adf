import { type RingBuffers, ringControl } from '../contract/ring-cells.ts';

/** Name of a series of the ring. */
export interface RingSeries {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly field: string;
  readonly column: number;
}

export interface RingSamples {
  /** Milliseconds since 1970, in the order of writing. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** Rows of a span of time, for reading many columns of them. */
export interface ColumnRows {
  /** Milliseconds since 1970, in the order of writing. */
  readonly timestampsMs: Float64Array;
  /** Number of the first row since the ring was made. */
  readonly first: number;
}

/** How often a read is tried again before the ring counts as unreadable: a writer that was ended in mid-row. */
const maxTries = 10_000;

/** Reads the series ring beside its writer. Every method gives undefined when the ring cannot be read now. */
export class RingReader {
  readonly #buffers: RingBuffers;
  readonly #control: Int32Array;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  #series: RingSeries[] = [];
  #seriesVersion = -1;
  #byMeasurement = new Map<string, RingSeries[]>();

  constructor(buffers: RingBuffers) {
    this.#buffers = buffers;
    this.#control = new Int32Array(buffers.control);
    this.#times = new Float64Array(buffers.times);
    this.#values = new Float64Array(buffers.values);
  }

  /** Every series of a measurement, in the order in which they came. The list changes only when names do. */
  seriesOf(measurement: string): readonly RingSeries[] {
    this.#refresh();
    return this.#byMeasurement.get(measurement) ?? [];
  }

  /** Time of the newest row, milliseconds since 1970. */
  newestTimeMs(): number | undefined {
    return this.#guarded(() => this.#timeOf(this.#control[ringControl.ROWS]! - 1));
  }

  /** Values of the given columns in the newest row; NaN where there was none. */
  newest(columns: ArrayLike<number>): { timeMs: number; values: Float64Array } | undefined {
    return this.#guarded(() => {
      const row = this.#control[ringControl.ROWS]! - 1;
      if (row < 0) return undefined;
      const slot = row % this.#buffers.slots;
      const values = new Float64Array(columns.length);
      for (let i = 0; i < columns.length; i++)
        values[i] = this.#values[columns[i]! * this.#buffers.slots + slot]!;
      return { timeMs: this.#times[slot]!, values };
    });
  }

  /** The samples of a column from `startMs` to `endMs`, both included, gaps left out. */
  samples(column: number, startMs: number, endMs: number): RingSamples | undefined {
    return this.#guarded(() => {
      const { slots } = this.#buffers;
      const rows = this.#control[ringControl.ROWS]!;
      const timestampsMs = new Float64Array(slots);
      const values = new Float64Array(slots);
      let count = 0;
      for (let row = Math.max(0, rows - slots); row < rows; row++) {
        const time = this.#times[row % slots]!;
        const value = this.#values[column * slots + (row % slots)]!;
        if (time < startMs || time > endMs || Number.isNaN(value)) continue;
        timestampsMs[count] = time;
        values[count++] = value;
      }
      return { timestampsMs: timestampsMs.slice(0, count), values: values.slice(0, count) };
    });
  }

  /** The rows from the first one at or after `startMs` to the last one at or before `endMs`. */
  rowsBetween(startMs: number, endMs: number): ColumnRows | undefined {
    return this.#guarded(() => {
      const { slots } = this.#buffers;
      const rows = this.#control[ringControl.ROWS]!;
      let first = Math.max(0, rows - slots);
      let end = rows;
      while (first < end && this.#times[first % slots]! < startMs) first++;
      while (end > first && this.#times[(end - 1) % slots]! > endMs) end--;
      const timestampsMs = new Float64Array(end - first);
      for (let row = first; row < end; row++) timestampsMs[row - first] = this.#times[row % slots]!;
      return { timestampsMs, first };
    });
  }

  /** Copies the values of a column at some rows, NaN where it had none. False when they are no longer there. */
  copyRows(column: number, { timestampsMs, first }: ColumnRows, into: Float64Array): boolean {
    const { slots } = this.#buffers;
    const start = column * slots;
    const head = Math.min(timestampsMs.length, slots - (first % slots));
    const copied = this.#guarded(() => {
      if (this.#control[ringControl.ROWS]! - slots > first) return false;
      const from = start + (first % slots);
      into.set(this.#values.subarray(from, from + head));
      if (head < timestampsMs.length)
        into.set(this.#values.subarray(start, start + timestampsMs.length - head), head);
      return true;
    });
    return copied ?? false;
  }

  #timeOf(row: number): number | undefined {
    return row < 0 ? undefined : this.#times[row % this.#buffers.slots];
  }

  /** Reads names again when there are new ones or some moved. */
  #refresh(): void {
    const names = this.#guarded(() => {
      const version = this.#control[ringControl.DIRECTORY_VERSION]!;
      const count = this.#control[ringControl.COLUMNS]!;
      if (version === this.#seriesVersion && count === this.#series.length) return undefined;
      const directory = new Uint32Array(this.#buffers.directory);
      const bytes = new Uint8Array(this.#buffers.names);
      const texts: string[] = [];
      for (let column = 0; column < count; column++) {
        const offset = directory[column * 2]!;
        texts.push(new TextDecoder().decode(bytes.slice(offset, offset + directory[column * 2 + 1]!)));
      }
      return { version, texts };
    });
    if (!names) return;
    this.#seriesVersion = names.version;
    this.#series = names.texts.map((text, column) => ringSeries(text, column));
    this.#byMeasurement = new Map();
    for (const series of this.#series) {
      const list = this.#byMeasurement.get(series.measurement);
      if (list) list.push(series);
      else this.#byMeasurement.set(series.measurement, [series]);
    }
  }

  #guarded<T>(read: () => T): T | undefined {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const before = Atomics.load(this.#control, ringControl.SEQUENCE);
      if (before & 1) continue;
      const result = read();
      if (Atomics.load(this.#control, ringControl.SEQUENCE) === before) return result;
    }
    return undefined;
  }
}

function ringSeries(text: string, column: number): RingSeries {
  if (text === '') return { measurement: '', tags: {}, field: '', column };
  const [measurement, tags, field] = JSON.parse(text) as [string, [string, string][], string];
  return { measurement, tags: Object.fromEntries(tags), field, column };
}

import { type RingBuffers, ringControl, ringLimits } from '../contract/ring-cells.ts';
import { buildLayout, type Layout, type PointKey, type Section, seriesKey } from '../point/point.ts';

/** A layout that has its columns: what of it there was room for, and where its values go. */
export interface AdmittedLayout {
  /** The points that were let in. */
  readonly layout: Layout;
  /** Ring column of each value of `layout`; −1 where the ring is full: such a value is only stored. */
  readonly columns: Int32Array;
  /** How many values of `layout` have no column. */
  readonly withoutColumn: number;
  /** Where each value of `layout` lies in the values of the layout that asked; null when all were let in. */
  readonly pick: Int32Array | null;
  /** The points that were turned away, as `[first value, end]` of the layout that asked, flattened. */
  readonly refused: Int32Array;
}

/**
 * The one writer of the series ring. It also keeps the bounds: a measurement may have `seriesPerMeasurement` tag
 * sets at once; when the ring is full further points are only stored, without columns. A column whose series is in no
 * admitted layout and had no value for a whole window is given away.
 */
export class RingWriter {
  readonly #buffers: RingBuffers;
  readonly #control: Int32Array;
  readonly #times: Float64Array;
  readonly #values: Float64Array;
  readonly #directory: Uint32Array;
  readonly #names: Uint8Array;
  readonly #columnOf = new Map<string, number>();
  readonly #keyOf: string[] = [];
  /** Row of the newest value of each column, and the number of admitted layouts that have it. */
  readonly #lastRow: Int32Array;
  readonly #references: Uint16Array;
  /** Tag sets of each measurement: `measurement` → `tags` → columns. */
  readonly #tagSets = new Map<string, Map<string, number[]>>();

  /** Takes over buffers as they are: columns named by the worker before keep their history. */
  constructor(buffers: RingBuffers) {
    this.#buffers = buffers;
    this.#control = new Int32Array(buffers.control);
    this.#times = new Float64Array(buffers.times);
    this.#values = new Float64Array(buffers.values);
    this.#directory = new Uint32Array(buffers.directory);
    this.#names = new Uint8Array(buffers.names);
    this.#lastRow = new Int32Array(buffers.columns).fill(this.#control[ringControl.ROWS]!);
    this.#references = new Uint16Array(buffers.columns);
    if (this.#control[ringControl.SEQUENCE]! & 1) Atomics.add(this.#control, ringControl.SEQUENCE, 1);
    for (let column = 0; column < this.#control[ringControl.COLUMNS]!; column++)
      this.#remember(column, this.#nameAt(column));
  }

  /** Finds a column for every value of the layout; points without room are refused. Pair it with `release`. */
  admit(layout: Layout): AdmittedLayout {
    const points: PointKey[] = [];
    const columns: number[] = [];
    const pick: number[] = [];
    const refused: number[] = [];
    layout.points.forEach((point, i) => {
      const first = layout.offsets[i]!;
      const found = this.#columnsFor(point);
      if (!found) {
        refused.push(first, layout.offsets[i + 1]!);
        return;
      }
      points.push(point);
      found.forEach((column, f) => {
        columns.push(column);
        pick.push(first + f);
        if (column >= 0) this.#references[column]!++;
      });
    });
    return {
      layout: refused.length === 0 ? layout : buildLayout(points),
      columns: Int32Array.from(columns),
      withoutColumn: columns.reduce((count, column) => count + (column < 0 ? 1 : 0), 0),
      pick: refused.length === 0 ? null : Int32Array.from(pick),
      refused: Int32Array.from(refused),
    };
  }

  /** Gives back what `admit` gave; its columns keep their history until others need the room. */
  release(admitted: AdmittedLayout): void {
    for (const column of admitted.columns) if (column >= 0) this.#references[column]!--;
  }

  /** Writes one row: the values of the sections at `timeMs`, NaN everywhere else. */
  write(timeMs: number, rows: readonly { readonly columns: Int32Array; readonly section: Section }[]): void {
    const { slots } = this.#buffers;
    const row = this.#control[ringControl.ROWS]!;
    const slot = row % slots;
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
    const used = this.#control[ringControl.COLUMNS]!;
    for (let column = 0; column < used; column++) this.#values[column * slots + slot] = Number.NaN;
    for (const { columns, section } of rows) {
      for (let i = 0; i < columns.length; i++) {
        const value = section.values[i]!;
        if (!Number.isFinite(value)) continue;
        const column = columns[i]!;
        if (column < 0) continue;
        this.#values[column * slots + slot] = value;
        this.#lastRow[column] = row;
      }
    }
    this.#times[slot] = timeMs;
    Atomics.store(this.#control, ringControl.ROWS, row + 1);
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
  }

  #columnsFor(point: PointKey): number[] | undefined {
    const keys = point.fields.map((field) => seriesKey(point.measurement, point.tags, field));
    const missing = keys.filter((key) => !this.#columnOf.has(key));
    if (missing.length === 0) return keys.map((key) => this.#columnOf.get(key)!);
    if (!this.#mayCome(point)) return undefined;
    const fits = this.#makeRoom(missing);
    return keys.map((key) => this.#columnOf.get(key) ?? (fits ? this.#name(key) : -1));
  }

  /** True when the measurement has the tag set or room for it; it is then taken up. */
  #mayCome(point: PointKey): boolean {
    const sets = this.#tagSets.get(point.measurement) ?? new Map<string, number[]>();
    const tags = tagsText(point);
    if (sets.has(tags)) return true;
    if (sets.size >= ringLimits.seriesPerMeasurement && !this.#expire(point.measurement)) return false;
    sets.set(tags, []);
    this.#tagSets.set(point.measurement, sets);
    return true;
  }

  /** True when there are columns and name bytes for these new series. */
  #makeRoom(keys: readonly string[]): boolean {
    const bytes = keys.reduce((sum, key) => sum + Buffer.byteLength(key), 0);
    const fits = () =>
      this.#freeColumns() >= keys.length &&
      this.#control[ringControl.NAME_BYTES]! + bytes <= this.#names.length;
    if (fits()) return true;
    for (const measurement of this.#tagSets.keys()) this.#expire(measurement);
    if (this.#hasGaps) this.#packNames();
    return fits();
  }

  readonly #spare: number[] = [];
  /** Names that are not in use may lie between the others. */
  #hasGaps = true;

  #freeColumns(): number {
    return this.#buffers.columns - this.#control[ringControl.COLUMNS]! + this.#spare.length;
  }

  /** Gives away the columns of tag sets that are gone for a window; true when there were any. */
  #expire(measurement: string): boolean {
    const oldest = this.#control[ringControl.ROWS]! - this.#buffers.slots;
    let any = false;
    for (const [tags, columns] of this.#tagSets.get(measurement) ?? []) {
      // Without columns it came when the ring was full: when it was last seen is not known.
      if (columns.length === 0) continue;
      if (columns.some((column) => this.#references[column]! > 0 || this.#lastRow[column]! >= oldest))
        continue;
      this.#unname(columns);
      this.#tagSets.get(measurement)!.delete(tags);
      any = true;
      this.#hasGaps = true;
    }
    return any;
  }

  /** A series that comes back may get another column: this one must not go by its name. */
  #unname(columns: readonly number[]): void {
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
    for (const column of columns) {
      this.#columnOf.delete(this.#keyOf[column]!);
      this.#keyOf[column] = '';
      this.#directory[column * 2 + 1] = 0;
      this.#spare.push(column);
    }
    this.#control[ringControl.DIRECTORY_VERSION]!++;
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
  }

  /** Writes the name of a series into the directory; the caller has seen to the room. */
  #name(key: string): number {
    const reused = this.#spare.pop();
    const column = reused ?? this.#control[ringControl.COLUMNS]!;
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
    const offset = this.#control[ringControl.NAME_BYTES]!;
    const { written } = new TextEncoder().encodeInto(key, this.#names.subarray(offset));
    this.#directory[column * 2] = offset;
    this.#directory[column * 2 + 1] = written;
    const { slots } = this.#buffers;
    this.#values.fill(Number.NaN, column * slots, (column + 1) * slots);
    this.#lastRow[column] = this.#control[ringControl.ROWS]!;
    this.#control[ringControl.NAME_BYTES]! += written;
    if (reused === undefined) this.#control[ringControl.COLUMNS]!++;
    else this.#control[ringControl.DIRECTORY_VERSION]!++;
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
    this.#remember(column, key);
    return column;
  }

  #remember(column: number, key: string): void {
    this.#keyOf[column] = key;
    if (key === '') {
      this.#spare.push(column);
      return;
    }
    this.#columnOf.set(key, column);
    const [measurement, tags] = JSON.parse(key) as [string, unknown];
    const sets = this.#tagSets.get(measurement) ?? new Map<string, number[]>();
    this.#tagSets.set(measurement, sets);
    const text = JSON.stringify(tags);
    const columns = sets.get(text);
    if (columns) columns.push(column);
    else sets.set(text, [column]);
  }

  /** Writes the names that are in use one behind the other again. */
  #packNames(): void {
    this.#hasGaps = false;
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
    let offset = 0;
    this.#keyOf.forEach((key, column) => {
      const { written } = new TextEncoder().encodeInto(key, this.#names.subarray(offset));
      this.#directory[column * 2] = offset;
      this.#directory[column * 2 + 1] = written;
      offset += written;
    });
    this.#control[ringControl.NAME_BYTES] = offset;
    this.#control[ringControl.DIRECTORY_VERSION]!++;
    Atomics.add(this.#control, ringControl.SEQUENCE, 1);
  }

  #nameAt(column: number): string {
    const offset = this.#directory[column * 2]!;
    return new TextDecoder().decode(this.#names.slice(offset, offset + this.#directory[column * 2 + 1]!));
  }
}

function tagsText(point: PointKey): string {
  const [, tags] = JSON.parse(seriesKey(point.measurement, point.tags, '')) as [string, unknown];
  return JSON.stringify(tags);
}

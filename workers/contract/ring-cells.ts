/**
 * Names of the shared cells of the series ring: the last 15 minutes of every series.
 *
 * One writer (the tick worker), any number of readers. The writer makes `SEQUENCE` odd, writes, and makes it even
 * again; a reader that saw it odd or changed reads again. Values lie series by series, so that series which do not
 * exist cost no memory; the time column is shared by all.
 */

export const ringControl = {
  /** Odd while the writer writes. */
  SEQUENCE: 0,
  /** Rows written since the ring was made; the newest lies in slot (ROWS - 1) % slots. */
  ROWS: 1,
  /** Columns that have a name, expired ones included. */
  COLUMNS: 2,
  /** Bytes in use of the names. */
  NAME_BYTES: 3,
  /** Grows when a column gets another name or names move: readers drop what they looked up. */
  DIRECTORY_VERSION: 4,
  LENGTH: 5,
} as const;

export interface RingBuffers {
  /** Rows that the ring holds. */
  readonly slots: number;
  /** Series that it can hold. */
  readonly columns: number;
  /** Int32Array[ringControl.LENGTH] */
  readonly control: SharedArrayBuffer;
  /** Float64Array[slots]: milliseconds since 1970. */
  readonly times: SharedArrayBuffer;
  /** Float64Array[columns × slots], series-major; NaN where a series had no value. */
  readonly values: SharedArrayBuffer;
  /** Uint32Array[columns × 2]: offset and length of each column's name in `names`. */
  readonly directory: SharedArrayBuffer;
  /** UTF-8 JSON `[measurement, [[tag, value]…], field]`, as `seriesKey` writes it. */
  readonly names: SharedArrayBuffer;
}

export const ringLimits = {
  windowMs: 15 * 60_000,
  /** All buffers together. */
  maxBytes: 64 * 1024 * 1024,
  /** Of that, for names. */
  nameBytes: 4 * 1024 * 1024,
  /** Tag sets a measurement may have at once; further ones are left out and counted. */
  seriesPerMeasurement: 2000,
} as const;

/** Makes the buffers of a ring for one row every `intervalMs`. Untouched pages cost no memory. */
export function createRingBuffers(intervalMs: number): RingBuffers {
  const slots = Math.ceil(ringLimits.windowMs / intervalMs) + 1;
  const fixed = ringControl.LENGTH * 4 + slots * 8 + ringLimits.nameBytes;
  const columns = Math.floor((ringLimits.maxBytes - fixed) / (slots * 8 + 8));
  return {
    slots,
    columns,
    control: new SharedArrayBuffer(ringControl.LENGTH * 4),
    times: new SharedArrayBuffer(slots * 8),
    values: new SharedArrayBuffer(columns * slots * 8),
    directory: new SharedArrayBuffer(columns * 8),
    names: new SharedArrayBuffer(ringLimits.nameBytes),
  };
}

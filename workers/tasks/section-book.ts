import type { Reading } from '../contract/tasks.ts';
import { countPoints, type Layout, parseLayout, type Section, type Tags } from '../point/point.ts';
import type { AdmittedLayout, RingWriter } from '../ring/ring-writer.ts';

/** The readings of a tick with their names resolved. */
export interface Folded {
  readonly sections: readonly Section[];
  /** For the ring: the columns of each section. */
  readonly rows: readonly { readonly columns: Int32Array; readonly section: Section }[];
  /** Points that have a value. */
  readonly points: number;
  /** Points with a value for which there was no room: their measurement has too many tag sets. */
  readonly overflowPoints: number;
  /** Series without a column of the ring. */
  readonly seriesBeyondRing: number;
  /** Values that were infinite; they count as not known. */
  readonly refusedValues: number;
}

interface Entry {
  readonly text: string;
  readonly asked: Layout;
  readonly admitted: AdmittedLayout;
}

/** Remembers the layout of each source while its text stays the same, so that a tick only moves numbers. */
export class SectionBook {
  readonly #ring: RingWriter;
  readonly #entries = new Map<string, Entry>();

  constructor(ring: RingWriter) {
    this.#ring = ring;
  }

  fold(readings: readonly Reading[], commonTags: Tags): Folded {
    const sections: Section[] = [];
    const rows: { columns: Int32Array; section: Section }[] = [];
    let points = 0;
    let overflowPoints = 0;
    let seriesBeyondRing = 0;
    let refusedValues = 0;
    for (const reading of readings) {
      const { admitted } = this.#entryOf(reading, commonTags);
      for (const value of reading.values) if (value === Infinity || value === -Infinity) refusedValues++;
      const section = { layout: admitted.layout, values: picked(reading.values, admitted.pick) };
      sections.push(section);
      rows.push({ columns: admitted.columns, section });
      points += countPoints(section);
      overflowPoints += countRefused(reading.values, admitted.refused);
      seriesBeyondRing += admitted.withoutColumn;
    }
    return { sections, rows, points, overflowPoints, seriesBeyondRing, refusedValues };
  }

  /** Forgets every layout: the settings that they were made with changed. */
  clear(): void {
    for (const { admitted } of this.#entries.values()) this.#ring.release(admitted);
    this.#entries.clear();
  }

  #entryOf(reading: Reading, commonTags: Tags): Entry {
    const known = this.#entries.get(reading.source);
    if (known?.text === reading.layout) return known;
    const asked = parseLayout(reading.layout, commonTags);
    if (asked.width !== reading.values.length) {
      throw new Error(`${reading.source}: ${reading.values.length} values for a layout of ${asked.width}`);
    }
    const entry = { text: reading.layout, asked, admitted: this.#ring.admit(asked) };
    if (known) this.#ring.release(known.admitted);
    this.#entries.set(reading.source, entry);
    return entry;
  }
}

function picked(values: Float64Array, pick: Int32Array | null): Float64Array {
  return pick ? Float64Array.from(pick, (i) => values[i]!) : values;
}

function countRefused(values: Float64Array, refused: Int32Array): number {
  let count = 0;
  for (let i = 0; i < refused.length; i += 2) {
    if (values.subarray(refused[i], refused[i + 1]).some(Number.isFinite)) count++;
  }
  return count;
}

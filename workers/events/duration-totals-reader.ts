import {
  durationTotalCell,
  type EventBuffers,
  eventControl,
  seriesInAll,
  totalCell,
  type WindowMeasurement,
} from '../contract/window-cells.ts';
import type { Tags } from '../point/point.ts';
import { readName } from './series-directory.ts';
import { seriesTags } from './series-name.ts';

const { SUM_US, LENGTH } = durationTotalCell;

/** Durations of a series since the start. */
export interface TotalDurations {
  readonly measurement: WindowMeasurement;
  readonly tags: Tags;
  /** As `durationTotalCell` has them. */
  readonly cells: Float64Array;
}

const maxTries = 1000;

/** Reads the durations since the start beside their writer. */
export class DurationTotalsReader {
  readonly #control: Int32Array;
  readonly #seriesTotals: Float64Array;
  readonly #cells: Float64Array;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;

  constructor(buffers: EventBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#seriesTotals = new Float64Array(buffers.seriesTotals);
    this.#cells = new Float64Array(buffers.durationTotals);
    this.#words = new Uint32Array(buffers.directory);
    this.#bytes = Buffer.from(buffers.directory);
  }

  /**
   * Those that had events at or after `sinceMs` of the monotonic clock, and any duration at all; of sockets one a process,
   * as the measurement has them. Empty while they cannot be read.
   */
  read(sinceMs: number): TotalDurations[] {
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const sequence = Atomics.load(this.#control, eventControl.SEQUENCE);
      const version = Atomics.load(this.#control, eventControl.DIRECTORY_VERSION);
      if ((sequence | version) & 1) {
        Atomics.wait(this.#control, eventControl.SEQUENCE, sequence, 1);
        continue;
      }
      const found = this.#copy(sinceMs);
      const isWhole =
        Atomics.load(this.#control, eventControl.SEQUENCE) === sequence &&
        Atomics.load(this.#control, eventControl.DIRECTORY_VERSION) === version;
      if (isWhole) return withMergedSockets(found);
    }
    return [];
  }

  #copy(sinceMs: number): TotalDurations[] {
    const found: TotalDurations[] = [];
    for (let series = 0; series < seriesInAll; series++) {
      if (!(this.#seriesTotals[series * totalCell.LENGTH + totalCell.LAST_MS]! >= sinceMs)) continue;
      const cells = this.#cells.slice(series * LENGTH, (series + 1) * LENGTH);
      if (cells[SUM_US] === 0) continue;
      const name = readName(series, this.#words, this.#bytes);
      if (name) found.push({ measurement: name.measurement, tags: seriesTags(name), cells });
    }
    return found;
  }
}

function withMergedSockets(found: readonly TotalDurations[]): TotalDurations[] {
  const sockets = new Map<string, TotalDurations>();
  return found.flatMap((one) => {
    if (one.measurement !== 'socket') return [one];
    const { process = '' } = one.tags;
    const known = sockets.get(process);
    if (known) {
      one.cells.forEach((value, cell) => {
        known.cells[cell]! += value;
      });
      return [];
    }
    const first = { measurement: one.measurement, tags: { process }, cells: one.cells };
    sockets.set(process, first);
    return [first];
  });
}

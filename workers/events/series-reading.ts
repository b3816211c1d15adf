import type { Reading } from '../contract/tasks.ts';
import { currentCell, type EventBuffers, totalCell, windowMeasurements } from '../contract/window-cells.ts';
import { fieldsOf } from '../point/catalogue.ts';
import { layoutText, type PointKey } from '../point/point.ts';
import type { CurrentTick, GroupedDurations } from './current-tick.ts';
import { meanMs, toldQuantiles, writeQuantiles } from './quantiles.ts';
import type { SeriesDirectory } from './series-directory.ts';
import { seriesTags } from './series-name.ts';

/** A series has points until so long after its last event. */
export const toldForMs = 5 * 60_000;
/** Series leave the layout together, at most so often: a layout that changes costs more than a row of unknowns. */
const leaveEveryMs = 60_000;

/** Which measurements have a point for each series. */
export type SeriesMeasurement = 'http' | 'db' | 'job';

/**
 * The points of one measurement of series: counts of the tick, totals, durations. A series has them from its first
 * event until 5 minutes after its last: zero where nothing happened, not known while its process is not connected.
 */
export class SeriesReading {
  readonly #measurement: number;
  readonly #name: SeriesMeasurement;
  readonly #fields: readonly string[];
  readonly #hasSlow: boolean;
  readonly #directory: SeriesDirectory;
  readonly #seriesTotals: Float64Array;
  #members: number[] = [];
  readonly #isMember: Uint8Array;
  #layout = '';
  #leftMs = Number.NEGATIVE_INFINITY;

  constructor(name: SeriesMeasurement, directory: SeriesDirectory, buffers: EventBuffers) {
    this.#measurement = windowMeasurements.indexOf(name);
    this.#name = name;
    this.#fields = fieldsOf(name);
    this.#hasSlow = this.#fields.includes('slow');
    this.#directory = directory;
    this.#seriesTotals = new Float64Array(buffers.seriesTotals);
    this.#isMember = new Uint8Array(directory.names.length);
  }

  /** The points of the tick that was appended to the log at `nowMs`, monotonic; null when there are none. */
  read(
    tick: CurrentTick,
    durations: GroupedDurations,
    nowMs: number,
    isConnected: (process: string) => boolean,
  ): Reading | null {
    this.#useMembers(nowMs);
    if (this.#members.length === 0) return null;
    const width = this.#fields.length;
    const values = new Float64Array(this.#members.length * width).fill(Number.NaN);
    this.#members.forEach((series, i) => {
      const name = this.#directory.names[series];
      if (!name || this.#silentMs(series, nowMs) > toldForMs) return;
      if (tick.countOf(series) > 0 || isConnected(name.process))
        this.#fill(values, i * width, series, tick, durations);
    });
    return { source: this.#name, layout: this.#layout, values };
  }

  #fill(
    values: Float64Array,
    at: number,
    series: number,
    tick: CurrentTick,
    durations: GroupedDurations,
  ): void {
    const row = series * currentCell.LENGTH;
    const total = series * totalCell.LENGTH;
    let field = at;
    values[field++] = tick.countOf(series);
    values[field++] = this.#seriesTotals[total + totalCell.COUNT]!;
    values[field++] = tick.cells[row + currentCell.ERRORS]!;
    values[field++] = this.#seriesTotals[total + totalCell.ERRORS]!;
    if (this.#hasSlow) {
      values[field++] = tick.cells[row + currentCell.SLOW]!;
      values[field++] = this.#seriesTotals[total + totalCell.SLOW]!;
    }
    const timed = tick.cells[row + currentCell.TIMED]!;
    if (timed === 0) return;
    const { starts, ends, buckets, counts } = durations;
    const maxUs = tick.cells[row + currentCell.MAX_US]!;
    values[field++] = meanMs(tick.cells[row + currentCell.SUM_US]!, timed);
    writeQuantiles(buckets, counts, starts[series]!, ends[series]!, maxUs, values, field);
    values[field + toldQuantiles.length] = maxUs / 1000;
  }

  #silentMs(series: number, nowMs: number): number {
    return nowMs - this.#seriesTotals[series * totalCell.LENGTH + totalCell.LAST_MS]!;
  }

  #useMembers(nowMs: number): void {
    const isTold = (series: number) => this.#silentMs(series, nowMs) <= toldForMs;
    let changed = false;
    if (nowMs - this.#leftMs >= leaveEveryMs) {
      this.#leftMs = nowMs;
      const staying = this.#members.filter(isTold);
      changed = staying.length < this.#members.length;
      this.#members = staying;
      this.#isMember.fill(0);
      for (const series of staying) this.#isMember[series] = 1;
    }
    for (const series of this.#directory.known[this.#measurement]!) {
      if (this.#isMember[series] === 1 || !isTold(series)) continue;
      this.#isMember[series] = 1;
      this.#members.push(series);
      changed = true;
    }
    if (changed) this.#layout = layoutText(this.#members.map((series) => this.#pointOf(series)));
  }

  #pointOf(series: number): PointKey {
    return {
      measurement: this.#name,
      tags: seriesTags(this.#directory.names[series]!),
      fields: this.#fields,
    };
  }
}

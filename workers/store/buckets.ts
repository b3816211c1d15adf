import { Sketch } from '../sketch/sketch.ts';
import { cutSamples, type Samples, SamplesScratch } from './chunk.ts';
import type { Database, Statement } from './database.ts';
import { readDay, readMinutes, type SketchOf } from './rollup.ts';
import { readableSamples, type SamplesReader } from './samples-reader.ts';
import { hourMs, hoursPerDay, minuteMs, rowKey } from './schema.ts';

/** A series in equal steps: one entry a step. */
export interface Buckets {
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  /** NaN where there is no value. */
  readonly minima: Float64Array;
  readonly maxima: Float64Array;
  /** null unless asked for; an entry is undefined where there is no value. */
  readonly sketches: (Sketch | undefined)[] | null;
}

/** Steps from `startMs` up to and without `endMs`, the last one maybe shorter. */
export interface StepRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

interface RollupRow {
  readonly data: Uint8Array;
  readonly read: typeof readDay;
  readonly baseMs: number;
  readonly slotMs: number;
  readonly wanted: (slot: number) => boolean;
}

const maxSteps = 1_000_000;

/** Adds samples and rollups to the steps that they fall in. */
class StepSums implements Buckets {
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  readonly minima: Float64Array;
  readonly maxima: Float64Array;
  readonly sketches: (Sketch | undefined)[] | null;
  readonly #range: StepRange;

  constructor(range: StepRange, steps: number, withSketches: boolean) {
    this.#range = range;
    this.counts = new Float64Array(steps);
    this.sums = new Float64Array(steps);
    this.minima = new Float64Array(steps).fill(Number.NaN);
    this.maxima = new Float64Array(steps).fill(Number.NaN);
    this.sketches = withSketches ? new Array<Sketch | undefined>(steps).fill(undefined) : null;
  }

  addSamples({ timesMs, values }: Samples): void {
    const { startMs, stepMs } = this.#range;
    for (let from = 0; from < values.length; ) {
      const step = Math.floor((timesMs[from]! - startMs) / stepMs);
      const stepEndMs = startMs + (step + 1) * stepMs;
      let to = from;
      let sum = 0;
      let minimum = Number.POSITIVE_INFINITY;
      let maximum = Number.NEGATIVE_INFINITY;
      do {
        const value = values[to]!;
        sum += value;
        if (value < minimum) minimum = value;
        if (value > maximum) maximum = value;
        to++;
      } while (to < values.length && timesMs[to]! < stepEndMs);
      this.#add(step, to - from, sum, minimum, maximum);
      this.#sketch(step)?.addAll(values, from, to);
      from = to;
    }
  }

  /** Adds the wanted rollups of a row; its slots are `slotMs` long and counted from `baseMs`. */
  addRollups({ data, read, baseMs, slotMs, wanted }: RollupRow): void {
    const stepOf = (slot: number) => (wanted(slot) ? this.#stepAt(baseMs + slot * slotMs) : -1);
    const sketchOf: SketchOf = (slot) => this.#sketch(stepOf(slot));
    const { slots, counts, sums, minima, maxima } = read(data, this.sketches ? sketchOf : null);
    slots.forEach((slot, i) => {
      this.#add(stepOf(slot), counts[i]!, sums[i]!, minima[i]!, maxima[i]!);
    });
  }

  /** −1 outside of the range. */
  #stepAt(timeMs: number): number {
    const { startMs, endMs, stepMs } = this.#range;
    return timeMs < startMs || timeMs >= endMs ? -1 : Math.floor((timeMs - startMs) / stepMs);
  }

  #add(step: number, count: number, sum: number, minimum: number, maximum: number): void {
    if (step < 0) return;
    this.counts[step]! += count;
    this.sums[step]! += sum;
    if (!(this.minima[step]! <= minimum)) this.minima[step] = minimum;
    if (!(this.maxima[step]! >= maximum)) this.maxima[step] = maximum;
  }

  #sketch(step: number): Sketch | null {
    if (step < 0 || !this.sketches) return null;
    this.sketches[step] ??= new Sketch();
    return this.sketches[step];
  }
}

/**
 * Reads series in steps from the coarsest rows that give the exact result: hours when steps and start lie on whole
 * hours or there is but one step, minutes likewise, else samples. Where finer rows are gone, coarser ones stand in,
 * each in the step that its start falls in. Use it within one snapshot of the database.
 */
export class BucketReader {
  readonly #samples: SamplesReader;
  readonly #scratch = new SamplesScratch();
  readonly #selectMinutes: Statement<{ data: Uint8Array }>;
  readonly #selectDay: Statement<{ data: Uint8Array }>;

  constructor(database: Database, samples: SamplesReader) {
    this.#samples = samples;
    this.#selectMinutes = database.prepare('select data from minute where key = ?');
    this.#selectDay = database.prepare('select data from day where key = ?');
  }

  /** One entry for each series asked. Throws RangeError for an empty range or more than a million steps. */
  read(seriesIds: readonly number[], range: StepRange, withSketches: boolean): Buckets[] {
    const { startMs, endMs, stepMs } = range;
    const steps = Math.ceil((endMs - startMs) / stepMs);
    if (!(steps >= 1 && steps <= maxSteps && stepMs >= 1)) {
      throw new RangeError(`${steps} steps of ${stepMs} ms`);
    }
    const sums = seriesIds.map(() => new StepSums(range, steps, withSketches));
    const fits = (ms: number) => steps === 1 || (stepMs % ms === 0 && startMs % ms === 0);
    const finestMs = [hourMs, minuteMs].find(fits) ?? 1;
    for (const [day, hours] of byDay(this.#samples.hours(startMs, endMs))) {
      const fromDay = new Set<number>();
      const fromMinutes: number[] = [];
      const fromSamples: number[] = [];
      for (const { hour, pending } of hours) {
        const whole = hour * hourMs >= startMs && (hour + 1) * hourMs <= endMs;
        if (pending) {
          for (const [i, part] of this.#samples.pending(seriesIds, hour, startMs, endMs).entries()) {
            sums[i]!.addSamples(part);
          }
        } else if (whole && finestMs === hourMs) fromDay.add(hour % hoursPerDay);
        // The histograms of minutes cost more to unpack than the samples do.
        else if (whole && finestMs === minuteMs && !withSketches) fromMinutes.push(hour);
        else fromSamples.push(hour);
      }
      for (const [i, id] of seriesIds.entries()) {
        const into = sums[i]!;
        if (fromDay.size > 0) this.#addDay(into, id, day, (slot) => fromDay.has(slot));
        for (const hour of fromMinutes) this.#addMinutes(into, id, hour);
        if (fromSamples.length > 0) this.#addChunks(into, id, fromSamples, range);
      }
    }
    return sums;
  }

  #addChunks(into: StepSums, id: number, hours: readonly number[], range: StepRange): void {
    const chunks = this.#samples.chunks(id, hours);
    for (const hour of hours) {
      const data = chunks.get(hour);
      const samples = data ? readableSamples(data, hour, this.#scratch) : null;
      if (samples) into.addSamples(cutSamples(samples, range.startMs, range.endMs));
      else this.#addMinutes(into, id, hour);
    }
  }

  #addMinutes(into: StepSums, id: number, hour: number): void {
    const data = this.#selectMinutes.get(rowKey(hour, id))?.data;
    const minutes = { read: readMinutes, baseMs: hour * hourMs, slotMs: minuteMs, wanted: () => true };
    if (data && addReadable(into, { ...minutes, data })) return;
    this.#addDay(into, id, Math.floor(hour / hoursPerDay), (slot) => slot === hour % hoursPerDay);
  }

  #addDay(into: StepSums, id: number, day: number, wanted: (slot: number) => boolean): void {
    const data = this.#selectDay.get(rowKey(day, id))?.data;
    const baseMs = day * hoursPerDay * hourMs;
    if (data) addReadable(into, { data, read: readDay, baseMs, slotMs: hourMs, wanted });
  }
}

/** False when the row is damaged; its values are then not known. */
function addReadable(into: StepSums, row: RollupRow): boolean {
  try {
    into.addRollups(row);
    return true;
  } catch {
    return false;
  }
}

type DataHour = ReturnType<SamplesReader['hours']>[number];

function byDay(hours: readonly DataHour[]): Map<number, DataHour[]> {
  const days = new Map<number, DataHour[]>();
  for (const hour of hours) {
    const day = Math.floor(hour.hour / hoursPerDay);
    const known = days.get(day);
    if (known) known.push(hour);
    else days.set(day, [hour]);
  }
  return days;
}

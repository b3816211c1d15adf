import type { LabelSet } from '../contract/alerts.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import { type Movement, mostScore, movementOf } from './movement.ts';
import { binMs, TimeBins } from './time-bins.ts';
import { type WatchedMetric, watchedMetrics } from './watched-metrics.ts';

export interface MovedMetric {
  readonly metric: WatchedMetric;
  readonly tags: LabelSet;
  readonly movement: Movement;
}

/** Of those that moved the furthest are kept: most alerts leave out only their own. */
const mostMoved = 100;
/** Windows that one search looks at; alerts of one evaluation mostly began together. */
const mostWindows = 4;
/** A restart so long before the recent minutes may still be why. */
const restartBeforeMs = 240_000;

const restartMetric: WatchedMetric = {
  measurement: 'process',
  field: 'restarts_total',
  kind: 'counter',
  unit: 'count',
  floor: 0,
  noun: 'restarts',
};

/** What moved around a moment, of everything in the ring of the last 15 minutes. */
export class MovedSearch {
  readonly #ring: RingReader;
  readonly #intervalMs: number;
  readonly #found = new Map<number, readonly MovedMetric[]>();

  constructor(ring: RingReader, intervalMs: number) {
    this.#ring = ring;
    this.#intervalMs = intervalMs;
  }

  /**
   * Restarts first, then what is furthest from usual, at most 100. Undefined when the ring cannot be read, or more
   * moments were asked for than there is time to look at.
   */
  around(activeAtMs: number): readonly MovedMetric[] | undefined {
    const key = Math.floor(activeAtMs / binMs);
    const known = this.#found.get(key);
    if (known || this.#found.size >= mostWindows) return known;
    const times = TimeBins.around(this.#ring, activeAtMs, this.#intervalMs);
    if (!times) return undefined;
    const moved = [...this.#restarts(times), ...this.#moved(times)];
    moved.sort((a, b) => Math.abs(b.movement.score) - Math.abs(a.movement.score));
    const kept = moved.slice(0, mostMoved);
    this.#found.set(key, kept);
    return kept;
  }

  #moved(times: TimeBins): MovedMetric[] {
    const moved: MovedMetric[] = [];
    const bins = new Float64Array(times.count);
    const reporting = this.#reportingProcesses(times);
    for (const [measurement, metrics] of byMeasurement) {
      for (const { field, tags, column } of this.#ring.seriesOf(measurement)) {
        const metric = metrics.get(field);
        if (!metric || !times.fill(bins, column, metric.kind)) continue;
        if (metric.kind === 'tally') fillSilence(bins, reporting.get(tags.process ?? ''));
        const movement = movementOf(bins, metric);
        if (movement) moved.push({ metric, tags, movement });
      }
    }
    return moved;
  }

  /** In which bins each process told of its insides: where it did, what is absent did not happen. */
  #reportingProcesses(times: TimeBins): ReadonlyMap<string, Uint8Array> {
    const reporting = new Map<string, Uint8Array>();
    for (const { field, tags, column } of this.#ring.seriesOf('runtime')) {
      if (field !== 'heap_used_bytes') continue;
      const process = tags.process ?? '';
      const bins = reporting.get(process) ?? new Uint8Array(times.count);
      reporting.set(process, bins);
      times.mark(column, bins);
    }
    return reporting;
  }

  #restarts(times: TimeBins): MovedMetric[] {
    const restarts: MovedMetric[] = [];
    for (const { field, tags, column } of this.#ring.seriesOf('process')) {
      if (field !== restartMetric.field) continue;
      const ends = times.ends(column, times.recentStartMs - restartBeforeMs);
      if (!ends || ends.last <= ends.first) continue;
      const movement = { now: ends.last, usual: ends.first, score: mostScore };
      restarts.push({ metric: restartMetric, tags, movement });
    }
    return restarts;
  }
}

function fillSilence(bins: Float64Array, reporting: Uint8Array | undefined): void {
  if (!reporting) return;
  for (let i = 0; i < bins.length; i++) if (Number.isNaN(bins[i]!) && reporting[i] === 1) bins[i] = 0;
}

const byMeasurement = new Map<string, Map<string, WatchedMetric>>();
for (const metric of watchedMetrics) {
  const fields = byMeasurement.get(metric.measurement) ?? new Map<string, WatchedMetric>();
  fields.set(metric.field, metric);
  byMeasurement.set(metric.measurement, fields);
}

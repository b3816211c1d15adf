import type { DurationHistograms, StoredErrorGroup, TickExtras } from '../../../workers/contract/events.ts';
import { seriesKey, type Tags } from '../../../workers/point/point.ts';
import { bucketKey, type Sketch } from '../../../workers/sketch/sketch.ts';
import type { MergedDurations } from '../../../workers/store/reader.ts';

/** Durations of one series in one tick, in whole microseconds. */
export interface Timed {
  readonly measurement?: string;
  readonly tags: Tags;
  readonly durationsUs: readonly number[];
}

export function histogramsOf(series: readonly Timed[]): DurationHistograms {
  const starts = [0];
  const buckets: number[] = [];
  const counts: number[] = [];
  for (const { durationsUs } of series) {
    // In the order in which they first came: no order is promised.
    for (const [key, count] of bucketsOf(durationsUs)) {
      buckets.push(key);
      counts.push(count);
    }
    starts.push(buckets.length);
  }
  return {
    keys: series.map(({ measurement = 'http', tags }) => seriesKey(measurement, tags, 'duration_us')),
    starts: Uint32Array.from(starts),
    buckets: Uint32Array.from(buckets),
    counts: Uint32Array.from(counts),
    sums: Float64Array.from(series, ({ durationsUs }) => sumOf(durationsUs)),
    maxima: Float64Array.from(series, ({ durationsUs }) => Math.max(...durationsUs)),
  };
}

export function timed(...series: readonly Timed[]): TickExtras {
  return { histograms: histogramsOf(series), errorGroups: [], kept: [] };
}

export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

function bucketsOf(values: readonly number[]): Map<number, number> {
  const buckets = new Map<number, number>();
  for (const value of values) buckets.set(bucketKey(value), (buckets.get(bucketKey(value)) ?? 0) + 1);
  return buckets;
}

/** What durations look like when they are merged, in a form that can be compared. */
export function mergedForm(tags: Tags, durationsUs: readonly number[]) {
  const buckets = [...bucketsOf(durationsUs)].sort(([a], [b]) => a - b);
  const maxUs = durationsUs.reduce((max, each) => Math.max(max, each), 0);
  return { tags: { ...tags }, count: durationsUs.length, sumUs: sumOf(durationsUs), maxUs, buckets };
}

export function readForm({ tags, count, sumUs, maxUs, sketch }: MergedDurations) {
  return { tags: { ...tags }, count, sumUs, maxUs, buckets: bucketList(sketch) };
}

function bucketList(sketch: Sketch): [number, number][] {
  const buckets: [number, number][] = [];
  sketch.eachBucket((key, count) => buckets.push([key, count]));
  return buckets;
}

/** An error group with `changed` in it. */
export function errorGroup(changed: Partial<StoredErrorGroup> = {}): StoredErrorGroup {
  return {
    fingerprint: '00112233445566ff',
    process: 'crm',
    type: 'TypeError',
    message: 'no \0 such "thing"',
    firstSeenMs: 1000,
    lastSeenMs: 2000,
    returnedMs: null,
    count: 3,
    routes: [{ route: 'GET /a', count: 2 }],
    users: 1,
    samples: [{ timeMs: 2000, message: 'm', stack: 'at a\nat b', route: 'GET /a', user: 'u' }],
    userState: 'AAECAw==',
    ...changed,
  };
}

export function extrasOf(...errorGroups: readonly StoredErrorGroup[]): TickExtras {
  return { histograms: null, errorGroups, kept: [] };
}

import type { SeriesStats, SeriesStatsTask } from '../contract/events.ts';
import type { BucketReader } from './buckets.ts';
import type { DurationReader, MergedDurations } from './duration-reader.ts';
import { figuresOf } from './percentiles.ts';
import { groupSeries, type SeriesGroup, type SeriesList, type StoredSeries } from './series-list.ts';

/** The field that counts what a measurement is about. */
const countFields = { http: 'requests', db: 'queries', socket: 'events', job: 'runs' } as const;

/** Readers of one snapshot of the database. */
interface Readers {
  readonly series: SeriesList;
  readonly buckets: BucketReader;
  /** null: the store is of a version that had none. */
  readonly durations: DurationReader | null;
}

interface Counts {
  readonly tags: Readonly<Record<string, string>>;
  readonly count: number;
  readonly errors: number;
  readonly slow: number;
}

/**
 * Counts from the fields of the points, durations from the merged histograms; percentiles are within 0.8 %. A row
 * that only has durations counts those. Throws RangeError for an empty range.
 */
export function readSeriesStats(readers: Readers, task: SeriesStatsTask): SeriesStats[] {
  const { measurement, by, startMs, endMs } = task;
  const rows = new Map<string, { counts?: Counts; durations?: MergedDurations }>();
  for (const [key, counts] of readCounts(readers, task)) rows.set(key, { counts });
  for (const durations of readers.durations?.read({ filter: { measurement }, by, startMs, endMs }) ?? []) {
    rows.set(durations.key, { ...rows.get(durations.key), durations });
  }
  return [...rows.values()].map(({ counts, durations }) => ({
    tags: counts?.tags ?? durations?.tags ?? {},
    count: counts?.count ?? durations?.count ?? 0,
    errors: counts?.errors ?? 0,
    slow: counts?.slow ?? 0,
    ...millisecondsOf(durations),
  }));
}

/** Groups that have any count in the range, by their key. */
function readCounts({ series, buckets }: Readers, task: SeriesStatsTask): Map<string, Counts> {
  const { measurement, by, startMs, endMs } = task;
  const countField = countFields[measurement];
  const fields: readonly string[] = [countField, 'errors', 'slow'];
  const found = series.find({ measurement }).filter(({ field }) => fields.includes(field));
  const read = buckets.read(
    found.map(({ id }) => id),
    { startMs, endMs, stepMs: endMs - startMs },
    false,
  );
  const sums = new Map(found.map(({ id }, i) => [id, read[i]!.counts[0]! > 0 ? read[i]!.sums[0]! : null]));
  const sumOf = (group: SeriesGroup, wanted: string) => sumKnown(group.series, wanted, sums);
  const counts = new Map<string, Counts>();
  for (const group of groupSeries(found, by)) {
    const count = sumOf(group, countField);
    if (count === null) continue;
    const [errors, slow] = [sumOf(group, 'errors') ?? 0, sumOf(group, 'slow') ?? 0];
    counts.set(group.key, { tags: group.tags, count, errors, slow });
  }
  return counts;
}

/** Sum of a field over some series; null when none of them has a value. */
function sumKnown(
  series: readonly StoredSeries[],
  wanted: string,
  sums: ReadonlyMap<number, number | null>,
): number | null {
  let total: number | null = null;
  for (const { id, field } of series) {
    const sum = field === wanted ? (sums.get(id) ?? null) : null;
    if (sum !== null) total = (total ?? 0) + sum;
  }
  return total;
}

function millisecondsOf(
  durations: MergedDurations | undefined,
): Pick<SeriesStats, 'avgMs' | 'p50Ms' | 'p95Ms' | 'p99Ms' | 'maxMs'> {
  if (!durations) return { avgMs: null, p50Ms: null, p95Ms: null, p99Ms: null, maxMs: null };
  return figuresOf(durations);
}

import type { ErrorTrend, ErrorTrendsTask } from '../contract/events.ts';
import type { BucketReader } from './buckets.ts';
import { groupSeries, type SeriesList } from './series-list.ts';

/** Readers of one snapshot of the database. */
interface Readers {
  readonly series: SeriesList;
  readonly buckets: BucketReader;
}

/** Sums of `errors` `count` by fingerprint and process. Throws RangeError for an empty range or too many steps. */
export function readErrorTrends({ series, buckets }: Readers, task: ErrorTrendsTask): ErrorTrend[] {
  const wanted = new Set(task.fingerprints);
  const found = series
    .find({ measurement: 'errors', field: 'count' })
    .filter(({ tags }) => wanted.has(tags.fingerprint ?? ''));
  const groups = groupSeries(found, ['fingerprint', 'process']);
  const range = { startMs: task.startMs, endMs: task.endMs, stepMs: task.stepMs };
  return groups.flatMap(({ tags, series }) => {
    const ids = series.map(({ id }) => id);
    const sums = buckets.read(ids, range, false).map((one) => one.sums);
    const counts = sums[0]!.map((_, step) => sums.reduce((sum, one) => sum + one[step]!, 0));
    const { fingerprint = '', process = '' } = tags;
    return counts.some((count) => count > 0) ? [{ fingerprint, process, counts }] : [];
  });
}

import type { Select } from '../promql/index.ts';
import { type MetricRing, RingError } from '../ring/metric-ring.ts';
import type { MetricReader } from '../store/metric-reader.ts';
import { StoreError } from '../store/store-error.ts';
import { RecentPast } from './recent-past.ts';

const recentPasts = new WeakMap<MetricRing, RecentPast>();

/**
 * Samples of now and of the past: from the ring where it has all of the range, from both while the ring began lately,
 * else from the store, which has the newest committed tick too. A store that cannot be read leaves what the ring has.
 * A series that more than `staleAfterRows` ticks in a row came without has ended.
 */
export function liveSelect(ring: MetricRing, reader: () => MetricReader, staleAfterRows: number): Select {
  const recent = recentPasts.get(ring) ?? new RecentPast(ring);
  recentPasts.set(ring, recent);
  return (matchers, startMs, endMs) => {
    try {
      if (startMs >= ring.oldestMs()) return ring.select(matchers, startMs, endMs, staleAfterRows);
      const joined = recent.select(reader, matchers, startMs, endMs, staleAfterRows);
      if (joined) return joined;
    } catch (error) {
      if (!isTrouble(error)) throw error;
    }
    try {
      return reader().select(matchers, startMs, endMs, staleAfterRows);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return ring.select(matchers, startMs, endMs, staleAfterRows);
    }
  };
}

function isTrouble(error: unknown): boolean {
  return error instanceof RingError || error instanceof StoreError;
}

import { isOwnMetric } from '../point/own-names.ts';
import type { Matcher, SampleSeries, Select } from '../promql/index.ts';
import { type MetricRing, RingError } from '../ring/metric-ring.ts';
import type { MetricReader } from '../store/metric-reader.ts';
import { StoreError } from '../store/store-error.ts';
import { RecentPast } from './recent-past.ts';

const recentPasts = new WeakMap<MetricRing, RecentPast>();

/**
 * Samples of now and of the past: from the ring where it has all of the range, from both while the ring began lately,
 * else from the store, which has the newest committed tick too. A store that cannot be read leaves what the ring has.
 * A series that more than `staleAfterRows` ticks in a row came without has ended. What others write is in the store alone.
 */
export function liveSelect(ring: MetricRing, reader: () => MetricReader, staleAfterRows: number): Select {
  const recent = recentPasts.get(ring) ?? new RecentPast(ring);
  recentPasts.set(ring, recent);
  return (matchers, startMs, endMs) => {
    try {
      const isOwn = !mayBeWritten(ring, matchers);
      if (startMs >= ring.oldestMs()) {
        const own = ring.select(matchers, startMs, endMs, staleAfterRows);
        return isOwn ? own : withWritten(own, () => reader().selectWritten(matchers, startMs, endMs));
      }
      const joined = isOwn ? recent.select(reader, matchers, startMs, endMs, staleAfterRows) : undefined;
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

/** False for a name that the agent itself emits: those that others write are refused where they are the same. */
function mayBeWritten(ring: MetricRing, matchers: readonly Matcher[]): boolean {
  const name = matchers.find((one) => one.name === '__name__' && one.op === '=')?.value;
  return name === undefined || !(isOwnMetric(name) || ring.hasName(name));
}

function withWritten(own: SampleSeries[], written: () => SampleSeries[]): SampleSeries[] {
  try {
    const others = written();
    return others.length === 0 ? own : [...own, ...others];
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return own;
  }
}

function isTrouble(error: unknown): boolean {
  return error instanceof RingError || error instanceof StoreError;
}

import { indexAfter } from '../promql/window.ts';
import { markStale } from '../ring/stale-marker.ts';
import type { Samples } from './chunk.ts';

/** Slow readings come every 10 s: a series has ended after three of them. */
const staleAfterMs = 30_000;
const leastStaleTicks = 5;

/** After how many ticks in a row without it a series has ended; dear readings come `slowFactor` times less often. */
export function ticksUntilStale(intervalMs: number, slowFactor = 1): number {
  return Math.max(leastStaleTicks, Math.ceil((staleAfterMs * slowFactor) / intervalMs));
}

/**
 * A series with a marker of its end at the first tick of each time in which more than `staleAfterTicks` ticks in a row
 * came without a sample of it. `ticksMs` are those of the range asked, ascending.
 */
export function withStaleMarkers(samples: Samples, ticksMs: Float64Array, staleAfterTicks: number): Samples {
  const { timesMs } = samples;
  const count = timesMs.length;
  if (count === 0) return samples;
  let tick = indexAfter(ticksMs, timesMs[0]!);
  const hasEachTick = ticksMs.length - tick === count - 1;
  if (hasEachTick) return samples;
  const ends: { readonly before: number; readonly timeMs: number }[] = [];
  for (let next = 1; next <= count; next++) {
    const nextMs = next < count ? timesMs[next]! : Number.POSITIVE_INFINITY;
    const first = tick;
    while (tick < ticksMs.length && ticksMs[tick]! < nextMs) tick++;
    if (tick - first > staleAfterTicks) ends.push({ before: next, timeMs: ticksMs[first]! });
    if (ticksMs[tick] === nextMs) tick++;
  }
  return ends.length === 0 ? samples : withEnds(samples, ends);
}

function withEnds(
  { timesMs, values }: Samples,
  ends: readonly { readonly before: number; readonly timeMs: number }[],
): Samples {
  const marked = {
    timesMs: new Float64Array(timesMs.length + ends.length),
    values: new Float64Array(timesMs.length + ends.length),
  };
  let from = 0;
  ends.forEach(({ before, timeMs }, i) => {
    marked.timesMs.set(timesMs.subarray(from, before), from + i);
    marked.values.set(values.subarray(from, before), from + i);
    marked.timesMs[before + i] = timeMs;
    markStale(marked.values, before + i);
    from = before;
  });
  marked.timesMs.set(timesMs.subarray(from), from + ends.length);
  marked.values.set(values.subarray(from), from + ends.length);
  return marked;
}

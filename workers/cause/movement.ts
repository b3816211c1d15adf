import { binMs, usualBins } from './time-bins.ts';
import type { WatchedMetric } from './watched-metrics.ts';

/** How far a metric is from what it usually is. */
export interface Movement {
  readonly now: number;
  readonly usual: number;
  /** In standard deviations, with its sign; at most `mostScore`. */
  readonly score: number;
}

/** Nothing is further from usual than this. */
export const mostScore = 1000;
/** Nearer to usual is no movement. */
export const leastScore = 4;
/** Of its usual value: less is no deviation of a level, however quiet it was. */
const relativeFloor = 0.1;
/** Fewer bins with a value say nothing of what is usual. */
const leastUsualBins = 3;
/** Where the middle bin has fewer events, the mean tells what is usual. */
const fewEvents = 3;
/** What holds at the end counts too, when it began only lately. */
const lastBins = 2;

/**
 * Compares the recent bins with the usual ones before them; null when it did not move, or too little is known. The
 * score is of all recent bins or of the last two, whichever is further from usual; `now` of the last two where they are
 * away from usual in the same direction.
 *
 * A standard deviation is 1.4826 × the median absolute deviation of the usual bins (Rousseeuw and Croux, 1993), at
 * least a tenth of the usual value and the metric's floor; and for events, whose numbers are known, at least that of
 * counting them: √(n + 1) where n are expected (Poisson).
 */
export function movementOf(bins: Float64Array, { kind, floor }: WatchedMetric): Movement | null {
  const isRate = kind !== 'level';
  const known = copyKnown(bins, 0, usualBins);
  if (known < leastUsualBins) return null;
  const middle = medianOf(known);
  const usual = isRate && middle * (binMs / 1000) < fewEvents ? mean(known) : middle;
  const least = Math.max(relativeFloor * Math.abs(usual), floor);
  const all = distance(bins, usualBins, usual, least, isRate);
  const last = distance(bins, Math.max(usualBins, bins.length - lastBins), usual, least, isRate);
  const furthest = Math.abs(last.score) >= Math.abs(all.score) ? last : all;
  // The spread can only bring it nearer: most series are done here.
  if (!(Math.abs(furthest.score) >= leastScore && Number.isFinite(furthest.now))) return null;
  const score = (furthest.now - usual) / Math.max(robustDeviation(bins, middle), furthest.deviation);
  if (!(Math.abs(score) >= leastScore)) return null;
  const now = last.score * score > leastScore ** 2 ? last.now : furthest.now;
  const cut = Math.max(-mostScore, Math.min(mostScore, score));
  return { now: rounded(now), usual: rounded(usual), score: Math.round(cut * 10) / 10 };
}

/** Of the known bins from `from` on, in deviations that are at least `least`; score 0 when there are none. */
function distance(bins: Float64Array, from: number, usual: number, least: number, isRate: boolean) {
  const count = copyKnown(bins, from, bins.length);
  if (count === 0) return { now: usual, deviation: least, score: 0 };
  const now = isRate ? mean(count) : medianOf(count);
  const seconds = (count * binMs) / 1000;
  const counting = isRate ? Math.sqrt(Math.max(0, usual) * seconds + 1) / seconds : 0;
  const deviation = Math.max(least, counting);
  return { now, deviation, score: (now - usual) / deviation };
}

const scratch = new Float64Array(64);

/** Puts the known values of some bins into the scratch; gives how many. */
function copyKnown(bins: Float64Array, from: number, end: number): number {
  let count = 0;
  for (let i = from; i < end; i++) {
    const value = bins[i]!;
    if (!Number.isNaN(value)) scratch[count++] = value;
  }
  return count;
}

function mean(count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += scratch[i]!;
  return sum / count;
}

/** Of the first numbers of the scratch, which it sorts: by insertion, as they are few. */
function medianOf(count: number): number {
  for (let i = 1; i < count; i++) {
    const value = scratch[i]!;
    let at = i - 1;
    for (; at >= 0 && scratch[at]! > value; at--) scratch[at + 1] = scratch[at]!;
    scratch[at + 1] = value;
  }
  const half = count >> 1;
  return count % 2 === 1 ? scratch[half]! : (scratch[half - 1]! + scratch[half]!) / 2;
}

function robustDeviation(bins: Float64Array, middle: number): number {
  const count = copyKnown(bins, 0, usualBins);
  for (let i = 0; i < count; i++) scratch[i] = Math.abs(scratch[i]! - middle);
  return 1.4826 * medianOf(count);
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

import { openMetricsText, parsedFloat } from '../floats.ts';
import { type Frame, frameOf } from '../frame.ts';
import { Labels } from '../labels.ts';
import { type FunctionCall, frameArg, relabelled, scalarArg, textArg } from './function.ts';

/** The buckets of one classic histogram: rows of the frame by ascending bound. */
interface Histogram {
  readonly labels: Labels;
  readonly buckets: { readonly bound: number; readonly row: number }[];
}

function histogramsOf(frame: Frame): Histogram[] {
  const histograms = new Map<string, Histogram>();
  frame.labels.forEach((own, row) => {
    const bound = parsedFloat(own.get('le'));
    if (bound === undefined) return;
    const labels = own.with('le', '');
    const known = histograms.get(labels.key) ?? { labels, buckets: [] };
    known.buckets.push({ bound, row });
    histograms.set(labels.key, known);
  });
  for (const { buckets } of histograms.values())
    buckets.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
  return [...histograms.values()];
}

/** The cumulative counts of a histogram at one step, equal bounds added up; none where it has no bucket. */
class Buckets {
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
  length = 0;

  constructor(capacity: number) {
    this.bounds = new Float64Array(capacity);
    this.counts = new Float64Array(capacity);
  }

  read({ buckets }: Histogram, frame: Frame, step: number): void {
    this.length = 0;
    for (const { bound, row } of buckets) {
      const at = row * frame.steps + step;
      if (frame.present[at] !== 1) continue;
      if (this.length > 0 && this.bounds[this.length - 1] === bound) {
        this.counts[this.length - 1]! += frame.values[at]!;
        continue;
      }
      this.bounds[this.length] = bound;
      this.counts[this.length++] = frame.values[at]!;
    }
  }

  /** What the last bucket counts is everything only when it has no bound. */
  get isComplete(): boolean {
    return this.bounds[this.length - 1] === Number.POSITIVE_INFINITY;
  }

  /** Counts never fall, and differences of 1e-12 of them are rounding (promql/quantile.go). */
  makeMonotonic(): void {
    let previous = this.counts[0]!;
    for (let index = 1; index < this.length; index++) {
      const count = this.counts[index]!;
      if (count < previous || isAlmostEqual(previous, count)) this.counts[index] = previous;
      else previous = count;
    }
  }
}

const minNormal = 2 ** -1022;

function isAlmostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < minNormal) return difference < 1e-12 * minNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-12;
}

/** Linear within the bucket that holds the rank (promql/quantile.go, BucketQuantile). */
function bucketQuantile(q: number, buckets: Buckets): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  if (!buckets.isComplete) return Number.NaN;
  buckets.makeMonotonic();
  const { bounds, counts, length } = buckets;
  const observations = counts[length - 1]!;
  if (length < 2 || observations === 0) return Number.NaN;
  let rank = q * observations;
  let index = 0;
  let high = length - 1;
  while (index < high) {
    const middle = (index + high) >>> 1;
    if (counts[middle]! >= rank) high = middle;
    else index = middle + 1;
  }
  if (index === length - 1) return bounds[length - 2]!;
  if (index === 0 && bounds[0]! <= 0) return bounds[0]!;
  const start = index > 0 ? bounds[index - 1]! : 0;
  const below = index > 0 ? counts[index - 1]! : 0;
  rank -= below;
  return start + (bounds[index]! - start) * (rank / (counts[index]! - below));
}

/** The share of observations between two values (promql/quantile.go, BucketFraction). */
function bucketFraction(lower: number, upper: number, buckets: Buckets): number {
  const total = buckets.counts[buckets.length - 1]!;
  if (!buckets.isComplete || total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  return (rankAt(upper, buckets, total) - rankAt(lower, buckets, total)) / total;
}

function rankAt(value: number, { bounds, counts, length }: Buckets, total: number): number {
  let rank = 0;
  let low = bounds[0]! <= 0 ? Number.NEGATIVE_INFINITY : 0;
  for (let index = 0; index < length; index++) {
    const high = bounds[index]!;
    const count = counts[index]!;
    if (low >= value) return Math.min(rank, total);
    if (high > value) {
      const within =
        low === Number.NEGATIVE_INFINITY ? count : rank + ((count - rank) * (value - low)) / (high - low);
      return Math.min(within, total);
    }
    rank = count;
    low = high;
  }
  return total;
}

/** A row a histogram and a calculation. */
function calculated(
  call: FunctionCall,
  frame: Frame,
  columns: readonly {
    label: (own: Labels) => Labels;
    calculate: (buckets: Buckets, step: number) => number;
  }[],
): Frame {
  const histograms = histogramsOf(frame);
  const { steps } = frame;
  const result = frameOf(new Array<Labels>(histograms.length * columns.length).fill(Labels.none), steps);
  const labels: Labels[] = [];
  for (const { label, calculate } of columns) {
    for (const histogram of histograms) {
      const at = labels.length * steps;
      const buckets = new Buckets(histogram.buckets.length);
      labels.push(label(call.evaluation.withoutName(histogram.labels)));
      for (let step = 0; step < steps; step++) {
        buckets.read(histogram, frame, step);
        if (buckets.length === 0) continue;
        result.values[at + step] = calculate(buckets, step);
        result.present[at + step] = 1;
      }
    }
  }
  return relabelled(call, result, labels);
}

const unchanged = (own: Labels) => own;

export function histogramQuantile(call: FunctionCall): Frame {
  const q = scalarArg(call, 0);
  const calculate = (buckets: Buckets, step: number) => bucketQuantile(q[step]!, buckets);
  return calculated(call, frameArg(call, 1), [{ label: unchanged, calculate }]);
}

export function histogramFraction(call: FunctionCall): Frame {
  const lower = scalarArg(call, 0);
  const upper = scalarArg(call, 1);
  const calculate = (buckets: Buckets, step: number) => bucketFraction(lower[step]!, upper[step]!, buckets);
  return calculated(call, frameArg(call, 2), [{ label: unchanged, calculate }]);
}

/** Several quantiles at once, each under its own value of the label. */
export function histogramQuantiles(call: FunctionCall): Frame {
  const name = textArg(call, 1);
  const quantiles = call.values.slice(2) as Float64Array[];
  const columns = quantiles.map((q) => ({
    label: (own: Labels) => own.with(name, openMetricsText(q[0]!)),
    calculate: (buckets: Buckets, step: number) => bucketQuantile(q[step]!, buckets),
  }));
  return calculated(call, frameArg(call, 0), columns);
}

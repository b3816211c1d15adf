import { KahanSum, lostIn, meanOf, quantileOf } from '../floats.ts';
import type { Window } from '../window.ts';
import type { WindowFunction } from './function.ts';

export const sumOverTime: WindowFunction = ({ values, from, to }) => {
  let sum = 0;
  let compensation = 0;
  for (let index = from; index < to; index++) {
    const value = values[index]!;
    const total = sum + value;
    if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY) compensation = 0;
    else compensation += lostIn(sum, value, total);
    sum = total;
  }
  return Math.abs(sum) === Number.POSITIVE_INFINITY ? sum : sum + compensation;
};

export const avgOverTime: WindowFunction = ({ values, from, to }) => meanOf(values, from, to);
export const countOverTime: WindowFunction = (window) => window.count;
export const presentOverTime: WindowFunction = () => 1;
export const firstOverTime: WindowFunction = ({ values, from }) => values[from]!;
export const lastOverTime: WindowFunction = ({ values, to }) => values[to - 1]!;
export const tsOfFirstOverTime: WindowFunction = ({ timestampsMs, from }) => timestampsMs[from]! / 1000;
export const tsOfLastOverTime: WindowFunction = ({ timestampsMs, to }) => timestampsMs[to - 1]! / 1000;

export const maxOverTime: WindowFunction = ({ values, from, to }) => {
  let max = values[from]!;
  for (let index = from + 1; index < to; index++) {
    const value = values[index]!;
    if (value > max || Number.isNaN(max)) max = value;
  }
  return max;
};

export const minOverTime: WindowFunction = ({ values, from, to }) => {
  let min = values[from]!;
  for (let index = from + 1; index < to; index++) {
    const value = values[index]!;
    if (value < min || Number.isNaN(min)) min = value;
  }
  return min;
};

/** The time of the last of the extremes. */
function timeOfExtreme({ values, timestampsMs, from, to }: Window, sign: 1 | -1): number {
  let extreme = values[from]!;
  let best = from;
  for (let index = from; index < to; index++) {
    const value = values[index]!;
    if (sign * value >= sign * extreme || Number.isNaN(extreme)) {
      extreme = value;
      best = index;
    }
  }
  return timestampsMs[best]! / 1000;
}

export const tsOfMaxOverTime: WindowFunction = (window) => timeOfExtreme(window, 1);
export const tsOfMinOverTime: WindowFunction = (window) => timeOfExtreme(window, -1);

/** Welford's algorithm with compensated sums. */
function varianceOf({ values, from, to }: Window): number {
  const mean = new KahanSum();
  const squares = new KahanSum();
  for (let index = from; index < to; index++) {
    const value = values[index]!;
    const difference = value - mean.total;
    mean.add(difference / (index - from + 1));
    squares.add(difference * (value - mean.total));
  }
  return squares.total / (to - from);
}

export const stdvarOverTime: WindowFunction = (window) => varianceOf(window);
export const stddevOverTime: WindowFunction = (window) => Math.sqrt(varianceOf(window));

export const quantileOverTime: WindowFunction = ({ values, from, to }, step, [q]) =>
  quantileOf(q![step]!, values.slice(from, to));

/** The median of the distances from the median; NaN where there is a NaN. */
export const madOverTime: WindowFunction = ({ values, from, to }) => {
  const sorted = values.slice(from, to);
  if (sorted.some(Number.isNaN)) return Number.NaN;
  const median = quantileOf(0.5, sorted);
  return quantileOf(
    0.5,
    sorted.map((value) => Math.abs(value - median)),
  );
};

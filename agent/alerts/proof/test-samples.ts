import { type Labels, labelTest, type Matcher, type SampleSeries } from '../../../workers/promql/index.ts';
import { type SeriesValue, staleValue } from './series-notation.ts';

interface Series {
  readonly labels: Labels;
  readonly record: Record<string, string>;
  timestampsMs: Float64Array;
  values: Float64Array;
  length: number;
}

/** A series of a test's input: one value an interval. */
export interface InputSeries {
  readonly labels: Labels;
  readonly values: readonly SeriesValue[];
}

/** The samples of one test: its input, which comes with time, and what rules make of it. */
export class TestSamples {
  readonly #series = new Map<string, Series>();
  readonly #input: readonly InputSeries[];
  readonly #startMs: number;
  readonly #intervalMs: number;
  /** How many values of each input series have come. */
  #come = 0;

  constructor(input: readonly InputSeries[], startMs: number, intervalMs: number) {
    this.#input = input;
    this.#startMs = startMs;
    this.#intervalMs = intervalMs;
  }

  /** Lets the input come up to this time. */
  moveTo(timeMs: number): void {
    const end = Math.floor((timeMs - this.#startMs) / this.#intervalMs) + 1;
    for (const { labels, values } of this.#input) {
      for (let i = this.#come; i < Math.min(end, values.length); i++) {
        const value = values[i];
        if (value !== undefined) this.append(labels, this.#startMs + i * this.#intervalMs, value);
      }
    }
    this.#come = Math.max(this.#come, end);
  }

  /** A sample that is not newer than the newest of its series is left out, as in Prometheus. */
  append(labels: Labels, timeMs: number, value: number | 'stale'): void {
    const series = this.#seriesOf(labels);
    const { length } = series;
    if (length > 0 && series.timestampsMs[length - 1]! >= timeMs) return;
    if (length === series.values.length) {
      series.timestampsMs = grown(series.timestampsMs);
      series.values = grown(series.values);
    }
    series.timestampsMs[length] = timeMs;
    if (value === 'stale') series.values.set(staleValue, length);
    else series.values[length] = value;
    series.length++;
  }

  readonly select = (matchers: readonly Matcher[], startMs: number, endMs: number): SampleSeries[] => {
    const tests = matchers.map((matcher) => ({ name: matcher.name, fits: labelTest(matcher) }));
    const found: SampleSeries[] = [];
    for (const { labels, record, timestampsMs, values, length } of this.#series.values()) {
      if (!tests.every(({ name, fits }) => fits(labels.get(name)))) continue;
      const from = firstAtOrAfter(timestampsMs, length, startMs);
      const to = firstAtOrAfter(timestampsMs, length, endMs + 1);
      if (from >= to) continue;
      found.push({
        labels: record,
        timestampsMs: timestampsMs.subarray(from, to),
        values: values.subarray(from, to),
      });
    }
    return found;
  };

  #seriesOf(labels: Labels): Series {
    let series = this.#series.get(labels.key);
    if (series === undefined) {
      series = {
        ...{ labels, record: labels.toRecord(), length: 0 },
        ...{ timestampsMs: new Float64Array(16), values: new Float64Array(16) },
      };
      this.#series.set(labels.key, series);
    }
    return series;
  }
}

function grown(array: Float64Array): Float64Array {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

function firstAtOrAfter(timestampsMs: Float64Array, length: number, timeMs: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timestampsMs[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

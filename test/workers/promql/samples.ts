import assert from 'node:assert/strict';
import {
  evaluateInstant,
  evaluateRange,
  labelTest,
  PromqlError,
  type SampleSeries,
  type Select,
} from '../../../workers/promql/index.ts';

/** A sample that is missing, and the marker of a series that ended. */
export const gap = Symbol('gap');
export const stale = Symbol('stale');

type Sample = number | typeof gap | typeof stale;

/** A series with a sample every `stepMs` from 0 on. */
export function series(
  name: string,
  labels: Record<string, string>,
  samples: readonly Sample[],
  stepMs = 60_000,
): SampleSeries {
  const kept = samples.map((sample, index) => ({ sample, index })).filter(({ sample }) => sample !== gap);
  const values = new Float64Array(kept.length);
  const bits = new BigUint64Array(values.buffer);
  kept.forEach(({ sample }, index) => {
    if (sample === stale) bits[index] = 0x7ff0000000000002n;
    else values[index] = sample as number;
  });
  return {
    labels: { __name__: name, ...labels },
    timestampsMs: Float64Array.from(kept, ({ index }) => index * stepMs),
    values,
  };
}

/** Answers from series in memory, no sample too many. */
export function selectFrom(all: readonly SampleSeries[]): Select {
  return (matchers, startMs, endMs) => {
    const tests = matchers.map((matcher) => ({ name: matcher.name, test: labelTest(matcher) }));
    return all
      .filter(({ labels }) =>
        tests.every(({ name, test }) => test(Object.hasOwn(labels, name) ? labels[name]! : '')),
      )
      .map(({ labels, timestampsMs, values }) => {
        const inside = [...timestampsMs.keys()].filter(
          (index) => timestampsMs[index]! >= startMs && timestampsMs[index]! <= endMs,
        );
        const from = inside[0] ?? 0;
        const to = from + inside.length;
        return { labels, timestampsMs: timestampsMs.slice(from, to), values: values.slice(from, to) };
      })
      .filter(({ values }) => values.length > 0);
  };
}

/** Labels in the order of their names, the metric's name before the braces. */
export function nameOf(labels: Record<string, string>): string {
  const inside = Object.keys(labels)
    .filter((name) => name !== '__name__')
    .sort()
    .map((name) => `${name}="${labels[name]}"`);
  return `${labels.__name__ ?? ''}{${inside.join(',')}}`;
}

/** The samples of an instant vector by their series, in order. */
export function instant(all: readonly SampleSeries[], expr: string, timeMs: number): [string, number][] {
  const result = evaluateInstant(expr, timeMs, selectFrom(all));
  assert.equal(result.type, 'vector');
  return result.samples.map(({ labels, value }) => [nameOf(labels), value]);
}

/** The values of a vector that has no labels. */
export function onlyValue(all: readonly SampleSeries[], expr: string, timeMs: number): number | undefined {
  const samples = instant(all, expr, timeMs);
  assert.ok(samples.length < 2, `${samples.length} samples`);
  return samples[0]?.[1];
}

export function scalarOf(expr: string, timeMs = 0, all: readonly SampleSeries[] = []): number {
  const result = evaluateInstant(expr, timeMs, selectFrom(all));
  assert.equal(result.type, 'scalar');
  return result.value;
}

/** The series of a range query: times in seconds and values. */
export function range(
  all: readonly SampleSeries[],
  expr: string,
  startMs: number,
  endMs: number,
  stepMs: number,
): Record<string, [number, number][]> {
  const result = evaluateRange(expr, startMs, endMs, stepMs, selectFrom(all));
  return Object.fromEntries(
    result.series.map(({ labels, timestampsMs, values }) => [
      nameOf(labels),
      Array.from(values, (value, index): [number, number] => [timestampsMs[index]! / 1000, value]),
    ]),
  );
}

/** The error that an expression ends with. */
export function errorOf(evaluate: () => unknown): PromqlError {
  try {
    evaluate();
  } catch (error) {
    assert.ok(error instanceof PromqlError, String(error));
    return error;
  }
  assert.fail('no error');
}

export function assertClose(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined, 'no value');
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${actual} is not ${expected}`,
  );
}

import type { SampleSeries } from '../../../workers/promql/index.ts';

export interface ModelRow {
  readonly timeMs: number;
  /** By the name of the metric and the value of its one label. */
  readonly values: ReadonlyMap<string, number>;
}

/** A series in a form that can be compared; markers are 'end'. */
export type PlainSamples = readonly (readonly [timeMs: number, value: number | 'end'])[];

/** The samples of a series as the ring should give them, slowly: `rows` in the order of writing. */
export function modelSamples(
  rows: readonly ModelRow[],
  series: string,
  startMs: number,
  endMs: number,
  staleAfterRows: number,
): PlainSamples {
  const byTime = new Map(rows.map((row) => [row.timeMs, row]));
  const inRange = [...byTime.values()]
    .filter(({ timeMs }) => timeMs >= startMs && timeMs <= endMs)
    .sort((a, b) => a.timeMs - b.timeMs);
  const samples: [number, number | 'end'][] = [];
  let missing: number[] = [];
  const endGap = () => {
    if (missing.length > staleAfterRows && samples.length > 0) samples.push([missing[0]!, 'end']);
    missing = [];
  };
  for (const { timeMs, values } of inRange) {
    const value = values.get(series);
    if (value === undefined) {
      missing.push(timeMs);
      continue;
    }
    endGap();
    samples.push([timeMs, value]);
  }
  endGap();
  return samples;
}

export function plainSamples({ timestampsMs, values }: SampleSeries): PlainSamples {
  const words = new Uint32Array(values.slice().buffer);
  return Array.from(timestampsMs, (timeMs, i) => {
    const isEnd = words[i * 2] === 2 && words[i * 2 + 1] === 0x7ff00000;
    return [timeMs, isEnd ? 'end' : values[i]!] as const;
  });
}

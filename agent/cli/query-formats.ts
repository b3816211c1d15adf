import type { QueryResult } from '../../workers/promql/index.ts';
import { csvCell } from './point-formats.ts';

export type ResultFormat = 'table' | 'json' | 'csv';

interface Row {
  readonly time: string;
  readonly value: string;
  readonly series: string;
}

/** A result as of `timeMs` for a person, for scripts that know Prometheus, or for a spreadsheet. Ends with a line break. */
export function resultText(result: QueryResult, format: ResultFormat, timeMs: number): string {
  if (format === 'json') return `${JSON.stringify(prometheusData(result, timeMs))}\n`;
  const rows = rowsOf(result, timeMs);
  if (format === 'csv') {
    const lines = rows.map(({ time, series, value }) => `${time},${csvCell(series)},${csvCell(value)}\n`);
    return `time,series,value\n${lines.join('')}`;
  }
  if (rows.length === 0) return 'no series matches\n';
  const width = Math.max(5, ...rows.map(({ value }) => value.length));
  const line = ({ time, value, series }: Row) =>
    `${time.padEnd(24)}  ${value.padStart(width)}  ${series}`.trimEnd();
  return [{ time: 'TIME', value: 'VALUE', series: 'SERIES' }, ...rows]
    .map((row) => `${line(row)}\n`)
    .join('');
}

function rowsOf(result: QueryResult, timeMs: number): Row[] {
  switch (result.type) {
    case 'scalar':
    case 'string':
      return [{ time: new Date(timeMs).toISOString(), value: numberText(result.value), series: '' }];
    case 'vector':
      return result.samples.map(({ labels, timeMs, value }) => row(labels, timeMs, value));
    case 'matrix':
      return result.series.flatMap(({ labels, timestampsMs, values }) =>
        Array.from(timestampsMs, (timeMs, i) => row(labels, timeMs, values[i]!)),
      );
  }
}

function row(labels: Readonly<Record<string, string>>, timeMs: number, value: number): Row {
  return { time: new Date(timeMs).toISOString(), value: numberText(value), series: seriesText(labels) };
}

/** As PromQL writes it: `name{label="value"}`. */
function seriesText(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.keys(rest)
    .sort()
    .map((label) => `${label}=${JSON.stringify(rest[label])}`);
  return pairs.length === 0 && name !== '' ? name : `${name}{${pairs.join(', ')}}`;
}

/** The `data` that the HTTP API of Prometheus answers: times in seconds, values as text. */
function prometheusData(result: QueryResult, timeMs: number) {
  switch (result.type) {
    case 'scalar':
    case 'string':
      return { resultType: result.type, result: [timeMs / 1000, numberText(result.value)] };
    case 'vector':
      return {
        resultType: 'vector',
        result: result.samples.map(({ labels, timeMs, value }) => ({
          metric: labels,
          value: [timeMs / 1000, numberText(value)],
        })),
      };
    case 'matrix':
      return {
        resultType: 'matrix',
        result: result.series.map(({ labels, timestampsMs, values }) => ({
          metric: labels,
          values: Array.from(timestampsMs, (timeMs, i) => [timeMs / 1000, numberText(values[i]!)]),
        })),
      };
  }
}

function numberText(value: number | string): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

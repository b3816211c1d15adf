import type { Tags } from './point.ts';

/** A series of InfluxDB's answer to a query in equal steps. */
export interface InfluxSeries {
  readonly measurement: string;
  /** Those without a value are left out. */
  readonly tags: Tags;
  /** Starts of the steps, milliseconds since 1970. */
  readonly timesMs: Float64Array;
  /** One array for each selected field; NaN where a step has none. */
  readonly columns: readonly Float64Array[];
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly name: string;
      readonly tags?: Tags;
      readonly columns: readonly string[];
      readonly values: readonly (readonly (number | null)[])[];
    }[];
  }[];
}

/**
 * Reads the JSON that `/query` answers with `epoch=ms`, https://docs.influxdata.com/influxdb/v1/tools/api/#query-http-endpoint .
 * Throws Error with the server's words, or when it is something else or was cut off.
 */
export function parseInfluxSeries(text: string): InfluxSeries[] {
  const answer = JSON.parse(text) as Answer;
  const error = answer.error ?? answer.results?.find((one) => one.error !== undefined)?.error;
  if (error !== undefined) throw new Error(error);
  return (answer.results ?? []).flatMap(({ series = [] }) =>
    series.map(({ name, tags = {}, columns, values }) => ({
      measurement: name,
      tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== '')),
      timesMs: Float64Array.from(values, (row) => Number(row[0])),
      columns: columns
        .slice(1)
        .map((_, column) => Float64Array.from(values, (row) => row[column + 1] ?? Number.NaN)),
    })),
  );
}

import type { ComponentChildren } from 'preact';
import { formatCount } from '../format.ts';
import { type Column, Name, Status, Value } from '../parts/index.ts';
import type { Statistics } from './statistics-rows.ts';

type DurationName = 'avg' | 'p50' | 'p95' | 'p99' | 'max';

const hints: Readonly<Record<DurationName, string>> = {
  avg: 'mean time',
  p50: 'median: half took no longer',
  p95: '95 % took no longer',
  p99: '99 % took no longer',
  max: 'the longest',
};

/** A number of milliseconds. */
export function durationColumn<Row extends Statistics>(key: DurationName): Column<Row> {
  const isMinor = key === 'avg' || key === 'p50' || key === 'max';
  return {
    key,
    title: key,
    hint: hints[key],
    isNumber: true,
    value: (row) => row[key],
    cell: (row) => <Value value={row[key]} unit="ms" />,
    ...(isMinor && { room: 'less' as const }),
  };
}

export function countColumn<Row>(
  key: string,
  title: string,
  count: (row: Row) => number | null,
  room?: 'less',
): Column<Row> {
  return {
    key,
    title,
    isNumber: true,
    value: count,
    cell: (row) => formatCount(count(row)),
    ...(room && { room }),
  };
}

export function perMinuteColumn<Row>(perMinute: (row: Row) => number | null): Column<Row> {
  return {
    key: 'rate',
    title: 'per min',
    hint: 'a minute, on average',
    isNumber: true,
    value: perMinute,
    cell: (row) => <Value value={perMinute(row)} unit="count" />,
    room: 'less',
  };
}

/** Failures in percent; said louder from 5 % on. */
export function errorRateColumn<Row extends Statistics>(): Column<Row> {
  return {
    key: 'errors',
    title: 'Errors',
    hint: 'share that failed, in percent',
    isNumber: true,
    value: ({ errorRate }) => errorRate,
    cell: ({ errors, errorRate }) => <ErrorRate errors={errors} errorRate={errorRate} />,
  };
}

function ErrorRate({ errors, errorRate }: Pick<Statistics, 'errors' | 'errorRate'>) {
  const text = <Value value={errorRate} unit="percent" />;
  const title = `${formatCount(errors)} failed`;
  if (errorRate === null || errorRate === 0) return <span title={title}>{text}</span>;
  return (
    <Status tone={errorRate >= 5 ? 'critical' : 'warning'} title={title}>
      {text}
    </Status>
  );
}

export function serviceColumn<Row extends Pick<Statistics, 'process'>>(): Column<Row> {
  return {
    key: 'service',
    title: 'Service',
    value: ({ process }) => process,
    cell: ({ process }) => <Name text={process ?? ''} />,
    room: 'less',
  };
}

/** A name from the service, or words for that there is none. */
export function nameOr(text: string | null, otherwise: string): ComponentChildren {
  return text === null || text === '' ? <span class="muted">{otherwise}</span> : <Name text={text} mono />;
}

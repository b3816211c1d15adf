import { useMemo } from 'preact/hooks';
import { href, useAddress } from '../address.ts';
import { formatCount } from '../format.ts';
import { useSnapshot } from '../live.ts';
import { Chart, type Column, Stat, Status, Value } from '../parts/index.ts';
import { InstrumentHint } from './instrument-hint.tsx';
import { metric } from './metric-selector.ts';
import { Opened } from './opened.tsx';
import { AlertsAbout } from './opened-alerts.tsx';
import { percentileSeries } from './percentile-series.ts';
import {
  countColumn,
  durationColumn,
  errorRateColumn,
  nameOr,
  perMinuteColumn,
  serviceColumn,
} from './statistics-columns.tsx';
import { StatisticsPanel, useStatistics } from './statistics-panel.tsx';
import { hasServices, keyOfQuery, type QueryRow } from './statistics-rows.ts';
import { rangeWords } from './view-range.ts';

const columns: readonly Column<QueryRow>[] = [
  {
    key: 'query',
    title: 'Query',
    value: ({ model, operation }) => `${model ?? 'raw'}.${operation ?? ''}`,
    cell: (row) => <QueryName query={row} />,
    room: 'wide',
  },
  countColumn('queries', 'Queries', ({ queries }) => queries),
  perMinuteColumn(({ queriesPerMinute }) => queriesPerMinute),
  {
    key: 'slow',
    title: 'Slow',
    hint: 'took longer than intake.slowQuery, 500 ms unless configured',
    isNumber: true,
    value: ({ slow }) => slow,
    cell: ({ slow }) => (slow > 0 ? <Status tone="warning">{formatCount(slow)}</Status> : '0'),
  },
  errorRateColumn(),
  ...(['avg', 'p50', 'p95', 'p99', 'max'] as const).map((name) => durationColumn<QueryRow>(name)),
];

/** Database operations of the services over the range; one of them opened. */
export function QueriesView() {
  const { params, range } = useAddress();
  const from = useStatistics<QueryRow>('queries', range);
  const rows = from.data?.data ?? [];
  const { process, model = '', operation } = params;
  const opened = rows.find(
    (row) =>
      (row.model ?? '') === model && row.operation === operation && (!process || row.process === process),
  );
  return (
    <>
      {operation !== undefined && (
        <QueryDetail
          name={{ process: process ?? null, model, operation }}
          row={opened}
          isLoaded={from.data !== undefined}
        />
      )}
      <StatisticsPanel
        title="Queries"
        filterLabel="Filter queries"
        from={from}
        columns={hasServices(rows) ? [columns[0]!, serviceColumn<QueryRow>(), ...columns.slice(1)] : columns}
        defaultSort="-queries"
        keyOf={keyOfQuery}
        hrefOf={(row) =>
          href({ params: { process: row.process, model: row.model, operation: row.operation } })
        }
        openKey={opened && keyOfQuery(opened)}
        empty={<NoQueries words={rangeWords(range)} />}
      />
    </>
  );
}

/** `Contact.findMany`; raw queries have no model. */
function QueryName({
  query,
}: {
  query: { readonly model: string | null; readonly operation: string | null };
}) {
  return (
    <span class="query-name long-name">
      {nameOr(query.model, 'raw')}
      <span class="muted">.</span>
      {nameOr(query.operation, 'unknown')}
    </span>
  );
}

interface QueryDetailProps {
  /** The service null: any; the model '': a raw query. */
  readonly name: { readonly process: string | null; readonly model: string; readonly operation: string };
  readonly row: QueryRow | undefined;
  readonly isLoaded: boolean;
}

/** One operation: how it went over the range. */
function QueryDetail({ name, row, isLoaded }: QueryDetailProps) {
  const { process, model, operation } = name;
  const key = JSON.stringify(name);
  const service = process !== null && { process };
  const labels = { model, operation, ...service };
  // A parameter without a text is one that is not given: raw queries are told apart by their operation.
  const durations = useMemo(
    () => percentileSeries('db', { operation, ...(model !== '' && { model }), ...service }),
    [key],
  );
  const rateOf = (field: string) => `60 * sum($rate(${metric(`db_${field}_total`, labels)}))`;
  return (
    <Opened
      openKey={key}
      title={<QueryName query={{ model, operation }} />}
      params={['process', 'model', 'operation']}
    >
      <AlertsAbout labels={labels} />
      {row ? <Numbers row={row} /> : isLoaded && <p class="note">It has no query in this range.</p>}
      <div class="charts">
        <Chart title="Queries" unit="perMinute" series={[{ label: 'queries', expr: rateOf('queries') }]} />
        <Chart title="Time" unit="ms" series={durations} />
        <Chart
          title="Slow and failed"
          unit="perMinute"
          series={[
            { label: 'slow', expr: rateOf('slow'), colour: 3 },
            { label: 'failed', expr: rateOf('errors'), colour: 6 },
          ]}
        />
      </div>
    </Opened>
  );
}

function Numbers({ row }: { row: QueryRow }) {
  return (
    <div class="stats">
      <Stat
        label="Queries"
        value={row.queries}
        unit="count"
        note={<Value value={row.queriesPerMinute} unit="perMinute" />}
      />
      <Stat label="Slow" value={row.slow} unit="count" />
      <Stat label="Errors" value={row.errorRate} unit="percent" note={`${formatCount(row.errors)} failed`} />
      <Stat label="p50" value={row.p50} unit="ms" />
      <Stat label="p95" value={row.p95} unit="ms" />
      <Stat label="p99" value={row.p99} unit="ms" />
      <Stat label="Longest" value={row.max} unit="ms" />
    </div>
  );
}

function NoQueries({ words }: { words: string }) {
  const snapshot = useSnapshot();
  if (snapshot?.database) return <p>No query was made in {words}. Choose another time range above.</p>;
  return (
    <>
      <p>No query is known of in {words}.</p>
      <InstrumentHint what="database queries" line="db" />
    </>
  );
}

import { useMemo } from 'preact/hooks';
import { useAddress } from '../address.ts';
import { getJson } from '../api.ts';
import { type Loaded, useData } from '../data.ts';
import { formatCount } from '../format.ts';
import { Chart, type Column, Name, Panel, Stat, Status, Table, Time, Value } from '../parts/index.ts';
import { type ErrorGroup, useErrors } from './errors-data.ts';
import { ErrorsTable } from './errors-table.tsx';
import { metric } from './metric-selector.ts';
import { Opened } from './opened.tsx';
import { AlertsAbout } from './opened-alerts.tsx';
import { statusColours } from './overview-charts.ts';
import { percentileSeries } from './percentile-series.ts';
import { RouteName } from './routes-names.tsx';
import type { RouteRow } from './statistics-rows.ts';

interface RouteNames {
  /** null: any. */
  readonly process: string | null;
  readonly method: string;
  readonly endpoint: string;
}

/** One route: how it went over the range, its newest requests, its errors. */
export function RouteDetail({
  name,
  row,
  from,
}: {
  readonly name: RouteNames;
  readonly row: RouteRow | undefined;
  readonly from: Loaded<unknown>;
}) {
  const { process, method, endpoint } = name;
  const key = JSON.stringify(name);
  const labels = { route: endpoint, method, ...(process !== null && { process }) };
  const durations = useMemo(() => percentileSeries('http', labels), [key]);
  const requests = metric('http_requests_total', labels);
  const errors = metric('http_errors_total', labels);
  return (
    <Opened openKey={key} title={<RouteName route={name} />} params={['process', 'method', 'endpoint']}>
      <AlertsAbout labels={labels} />
      {row ? (
        <Numbers row={row} />
      ) : (
        from.data !== undefined && <p class="note">It has no request in this range.</p>
      )}
      <div class="charts">
        <Chart
          title="Requests"
          unit="perMinute"
          series={[
            {
              label: '{{status}}',
              expr: `60 * sum by (status) ($rate(${requests}))`,
              colours: statusColours,
            },
          ]}
        />
        <Chart title="Response time" unit="ms" series={durations} />
        <Chart
          title="Errors"
          unit="percent"
          leastTop={1}
          series={[
            {
              label: 'failed',
              expr: `100 * sum($rate(${errors})) / sum($rate(${requests}))`,
              colour: 6,
            },
          ]}
        />
      </div>
      <NewestRequests name={name} />
      <RouteErrors name={name} />
    </Opened>
  );
}

function Numbers({ row }: { row: RouteRow }) {
  return (
    <div class="stats">
      <Stat label="Requests" value={row.requests} unit="count" />
      <Stat label="Rate" value={row.requestsPerMinute} unit="perMinute" />
      <Stat label="Errors" value={row.errorRate} unit="percent" note={`${formatCount(row.errors)} failed`} />
      <Stat label="p50" value={row.p50} unit="ms" />
      <Stat label="p95" value={row.p95} unit="ms" />
      <Stat label="p99" value={row.p99} unit="ms" />
      <Stat label="Longest" value={row.max} unit="ms" />
    </div>
  );
}

interface ApiRequest {
  readonly timestamp: string;
  readonly process: string;
  readonly endpoint: string;
  readonly method: string;
  readonly statusCode: number;
  readonly responseTime: number;
  readonly userId?: string;
  readonly error?: string;
}

const requestColumns: readonly Column<ApiRequest>[] = [
  {
    key: 'time',
    title: 'Time',
    value: ({ timestamp }) => timestamp,
    cell: ({ timestamp }) => <Time at={timestamp} />,
  },
  {
    key: 'status',
    title: 'Status',
    isNumber: true,
    value: ({ statusCode }) => statusCode,
    cell: ({ statusCode }) =>
      statusCode >= 400 ? (
        <Status tone={statusCode >= 500 ? 'critical' : 'warning'}>{statusCode}</Status>
      ) : (
        statusCode
      ),
  },
  {
    key: 'duration',
    title: 'Took',
    isNumber: true,
    value: ({ responseTime }) => responseTime,
    cell: ({ responseTime }) => <Value value={responseTime} unit="ms" />,
  },
  {
    key: 'user',
    title: 'User',
    value: ({ userId }) => userId ?? null,
    cell: ({ userId }) => (userId ? <Name text={userId} mono /> : '–'),
    room: 'less',
  },
  {
    key: 'error',
    title: 'Error',
    value: ({ error }) => error ?? null,
    cell: ({ error }) => (error ? <Name text={error} /> : ''),
    room: 'wide',
  },
];

function NewestRequests({ name }: { name: RouteNames }) {
  const { process, method, endpoint } = name;
  const from = useData(
    (signal) =>
      getJson<{ data: readonly ApiRequest[] }>(
        '/api/monitoring/api-metrics',
        { process: process ?? undefined, method, endpoint, limit: 50 },
        signal,
      ),
    [process, method, endpoint],
    { everyMs: 5000 },
  );
  const rows = from.data?.data ?? [];
  return (
    <Panel
      title="Newest requests"
      from={from}
      note="As of now, whatever the range: the agent keeps the newest 1,000 requests of all routes."
      empty={
        from.data !== undefined &&
        rows.length === 0 && <p>None of the newest 1,000 requests of all routes went here.</p>
      }
    >
      <Table
        caption="Requests, the newest first"
        columns={requestColumns}
        rows={rows}
        keyOf={({ timestamp, userId, responseTime }) => `${timestamp} ${userId} ${responseTime}`}
        pageSize={10}
      />
    </Panel>
  );
}

function RouteErrors({ name }: { name: RouteNames }) {
  const { range } = useAddress();
  const route = `${name.method} ${name.endpoint}`;
  const errors = useErrors(range, 200);
  const cameHere = ({ routes }: ErrorGroup) => routes.some((one) => one.route === route);
  const rows = errors.groups.filter(cameHere);
  return (
    <Panel
      title="Its errors"
      from={errors.from}
      note="Counts are of all routes that the error came up in."
      empty={
        errors.from.data !== undefined && rows.length === 0 && <p>No error came up here in this range.</p>
      }
    >
      <ErrorsTable rows={rows} pageSize={10} />
    </Panel>
  );
}

import { href, useAddress } from '../address.ts';
import { useSnapshot } from '../live.ts';
import type { Column } from '../parts/index.ts';
import { InstrumentHint } from './instrument-hint.tsx';
import { RouteDetail } from './routes-detail.tsx';
import { RouteName, Statuses } from './routes-names.tsx';
import {
  countColumn,
  durationColumn,
  errorRateColumn,
  perMinuteColumn,
  serviceColumn,
} from './statistics-columns.tsx';
import { StatisticsPanel, useStatistics } from './statistics-panel.tsx';
import { hasServices, keyOfRoute, type RouteRow } from './statistics-rows.ts';
import { rangeWords } from './view-range.ts';

const columns: readonly Column<RouteRow>[] = [
  {
    key: 'route',
    title: 'Route',
    value: ({ method, endpoint }) => `${endpoint ?? ''} ${method ?? ''}`,
    cell: (row) => <RouteName route={row} />,
    room: 'wide',
  },
  countColumn('requests', 'Requests', ({ requests }) => requests),
  perMinuteColumn(({ requestsPerMinute }) => requestsPerMinute),
  errorRateColumn(),
  ...(['avg', 'p50', 'p95', 'p99', 'max'] as const).map((name) => durationColumn<RouteRow>(name)),
  {
    key: 'statuses',
    title: 'Statuses',
    hint: 'share of each class of status',
    value: ({ statuses }) =>
      Object.keys(statuses ?? {})
        .sort()
        .join(' '),
    cell: ({ statuses }) => <Statuses statuses={statuses ?? {}} />,
    room: 'less',
  },
];

/** Routes of the services over the range; one of them opened. */
export function RoutesView() {
  const { params, range } = useAddress();
  const from = useStatistics<RouteRow>('routes', range);
  const rows = from.data?.data ?? [];
  const { process, method, endpoint } = params;
  const isOpen = endpoint !== undefined && method !== undefined;
  const opened = rows.find(
    (row) => row.endpoint === endpoint && row.method === method && (!process || row.process === process),
  );
  return (
    <>
      {isOpen && (
        <RouteDetail name={{ process: process ?? null, method, endpoint }} row={opened} from={from} />
      )}
      <StatisticsPanel
        title="Routes"
        filterLabel="Filter routes"
        from={from}
        columns={hasServices(rows) ? [columns[0]!, serviceColumn<RouteRow>(), ...columns.slice(1)] : columns}
        defaultSort="-requests"
        keyOf={keyOfRoute}
        hrefOf={(row) =>
          href({ params: { process: row.process, method: row.method, endpoint: row.endpoint } })
        }
        openKey={opened && keyOfRoute(opened)}
        empty={<NoRoutes words={rangeWords(range)} />}
      />
    </>
  );
}

function NoRoutes({ words }: { words: string }) {
  const snapshot = useSnapshot();
  if (snapshot?.api) return <p>No request was answered in {words}. Choose another time range above.</p>;
  return (
    <>
      <p>No request is known of in {words}.</p>
      <InstrumentHint what="requests" line="http" />
    </>
  );
}

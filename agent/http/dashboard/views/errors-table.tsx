import { href } from '../address.ts';
import { formatCount } from '../format.ts';
import { Age, type Column, Name, Spark, Status, Table } from '../parts/index.ts';
import { type ErrorGroup, keyOfError } from './errors-data.ts';

const columns: readonly Column<ErrorGroup>[] = [
  {
    key: 'error',
    title: 'Error',
    value: (group) => `${group.type} ${group.message} ${newsOf(group) ?? ''}`,
    cell: (group) => <ErrorName group={group} />,
    room: 'wide',
  },
  {
    key: 'count',
    title: 'Count',
    hint: 'in the time range; in all in the title',
    isNumber: true,
    value: (group) => countOf(group),
    cell: (group) => (
      <span title={`${formatCount(group.count)} since it was first seen`}>{formatCount(countOf(group))}</span>
    ),
  },
  {
    key: 'trend',
    title: 'Trend',
    value: (group) => countOf(group),
    cell: ({ trend }) =>
      trend && (
        <span class="trend">
          <Spark values={trend.counts} />
        </span>
      ),
    room: 'less',
  },
  {
    key: 'last',
    title: 'Last seen',
    hint: 'whatever the range',
    isNumber: true,
    value: ({ lastSeen }) => Date.parse(lastSeen),
    cell: ({ lastSeen }) => <Age at={lastSeen} />,
  },
  {
    key: 'first',
    title: 'First seen',
    isNumber: true,
    value: ({ firstSeen }) => Date.parse(firstSeen),
    cell: ({ firstSeen }) => <Age at={firstSeen} />,
    room: 'less',
  },
  {
    key: 'route',
    title: 'Where',
    hint: 'where it came up most often',
    value: ({ routes, route }) => routes[0]?.route ?? route,
    cell: ({ routes, route }) => <Where routes={routes} route={route} />,
    room: 'less',
  },
  {
    key: 'users',
    title: 'Users',
    hint: 'distinct users that met it, estimated',
    isNumber: true,
    value: ({ users }) => (users === 0 ? null : users),
    cell: ({ users }) => (users === 0 ? '–' : formatCount(users)),
  },
];

export interface ErrorsTableProps {
  readonly rows: readonly ErrorGroup[];
  readonly filter?: string;
  readonly pageSize?: number;
  readonly openKey?: string | undefined;
}

/** Groups of errors; the first cell opens one in the errors view. */
export function ErrorsTable({ rows, filter, pageSize, openKey }: ErrorsTableProps) {
  return (
    <Table
      caption="Groups of errors"
      columns={columns}
      rows={rows}
      keyOf={keyOfError}
      order={{ key: 'last', isDescending: true }}
      filter={filter ?? ''}
      pageSize={pageSize ?? 50}
      hrefOf={({ fingerprint, process }) => href({ view: 'errors', params: { error: fingerprint, process } })}
      selectedKey={openKey}
    />
  );
}

function ErrorName({ group }: { group: ErrorGroup }) {
  return (
    <span class="error-name long-name">
      <Name text={group.message === '' ? group.type : group.message} />
      <span class="error-type">
        <Name text={group.type} mono />
        <News group={group} />
      </span>
    </span>
  );
}

/** First seen within the last hour, or back after a day of silence or more. */
export function News({ group }: { group: ErrorGroup }) {
  const news = newsOf(group);
  return news && <Status tone={news === 'new' ? 'critical' : 'warning'}>{news}</Status>;
}

function newsOf({ isNew, isReturned }: ErrorGroup): 'new' | 'returned' | null {
  if (isReturned) return 'returned';
  return isNew ? 'new' : null;
}

function countOf({ countInRange, count }: ErrorGroup): number {
  return countInRange ?? count;
}

function Where({ routes, route }: Pick<ErrorGroup, 'routes' | 'route'>) {
  const first = routes[0]?.route ?? route;
  if (first === '') return <>–</>;
  return (
    <span class="where">
      <Name text={first} mono />
      {routes.length > 1 && <span class="muted">+{routes.length - 1}</span>}
    </span>
  );
}

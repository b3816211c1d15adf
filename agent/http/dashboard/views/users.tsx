import { href, useAddress } from '../address.ts';
import { getJson, promInstant } from '../api.ts';
import { useData } from '../data.ts';
import { formatCount } from '../format.ts';
import { Chart, type Column, Name, Panel, Stat, Table, Time } from '../parts/index.ts';
import type { TimeRange } from '../time-range.ts';
import { FilterBox } from './filter-box.tsx';
import { InstrumentHint } from './instrument-hint.tsx';

interface Top {
  readonly name: string;
  readonly count: number;
  /** The most by which `count` may be too high. */
  readonly over: number;
}

interface Activity {
  readonly timestamp: string;
  readonly process: string;
  readonly active5m: number | null;
  readonly active1h: number | null;
  readonly active24h: number | null;
  readonly sessions: number | null;
  readonly topUsers: readonly Top[];
  readonly topRoutes: readonly Top[];
}

const mostTops = 100;
const everyMs = 10_000;

/** Who is active, and what they use. */
export function UsersView() {
  const { range } = useAddress();
  const from = useData(
    (signal) => getJson<{ data: readonly Activity[] }>('/api/monitoring/users', { limit: mostTops }, signal),
    [],
    { everyMs },
  );
  const services = from.data?.data ?? [];
  return (
    <>
      {range.kind === 'fixed' && <ActiveThen range={range} />}
      <Panel
        title={range.kind === 'fixed' ? 'Active now' : 'Active'}
        from={from}
        note={services[0] && <UpTo at={services[0].timestamp} />}
        empty={from.data !== undefined && services.length === 0 && <NoUsers />}
      >
        {services.map((service) => (
          <Numbers key={service.process} service={service} isNamed={services.length > 1} />
        ))}
      </Panel>
      <Charts />
      {services.length > 0 && <FilterBox label="Filter users and routes" />}
      {services.map((service) => (
        <Tops key={service.process} service={service} isNamed={services.length > 1} />
      ))}
    </>
  );
}

function UpTo({ at }: { at: string }) {
  return (
    <>
      As of <Time at={at} />, renewed every 10 s, or every minute while the agent is over its budget. Distinct
      users are estimated within 2 %.
    </>
  );
}

type Counts = Pick<Activity, 'process' | 'active5m' | 'active1h' | 'active24h' | 'sessions'>;

function Numbers({ service, isNamed }: { service: Counts; isNamed: boolean }) {
  return (
    <>
      {isNamed && (
        <h3>
          <Name text={service.process} />
        </h3>
      )}
      <div class="stats">
        <Stat label="Last 5 minutes" value={service.active5m} unit="count" note="users" />
        <Stat label="Last hour" value={service.active1h} unit="count" note="users" />
        <Stat label="Last 24 hours" value={service.active24h} unit="count" note="users" />
        <Stat label="Sessions" value={service.sessions} unit="count" note="not silent for too long" />
      </div>
    </>
  );
}

const countNames = {
  active_5m: 'active5m',
  active_1h: 'active1h',
  active_24h: 'active24h',
  sessions: 'sessions',
};

/** As it was at the end of a stretch of the past. */
function ActiveThen({ range }: { range: Extract<TimeRange, { kind: 'fixed' }> }) {
  const from = useData(
    (signal) => promInstant(`{__name__=~"users_(${Object.keys(countNames).join('|')})"}`, range.toMs, signal),
    [range.toMs],
  );
  const services = new Map<string, Record<string, string | number | null>>();
  for (const { labels, value } of from.data ?? []) {
    const process = labels.process ?? '';
    const field = countNames[(labels.__name__ ?? '').slice('users_'.length) as keyof typeof countNames];
    services.set(process, { ...services.get(process), process, [field]: value });
  }
  return (
    <Panel
      title="Active then"
      from={from}
      note={
        <>
          At the end of the range, <Time at={range.toMs} />.
        </>
      }
      empty={from.data !== undefined && services.size === 0 && <p>Nothing is known of users at that time.</p>}
    >
      {[...services.values()].map((counts) => (
        <Numbers
          key={String(counts.process)}
          service={counts as unknown as Counts}
          isNamed={services.size > 1}
        />
      ))}
    </Panel>
  );
}

function Charts() {
  const line = (label: string, field: string, colour: number) => ({
    label: `${label} {{process}}`,
    expr: `max by (process) ($slowMean(users_${field}))`,
    colour,
  });
  return (
    <div class="charts">
      <Chart title="Users of 5 minutes" unit="count" series={[line('5 min', 'active_5m', 1)]} leastTop={1} />
      <Chart title="Users of an hour" unit="count" series={[line('1 h', 'active_1h', 2)]} leastTop={1} />
      <Chart title="Users of 24 hours" unit="count" series={[line('24 h', 'active_24h', 3)]} leastTop={1} />
      <Chart title="Sessions" unit="count" series={[line('sessions', 'sessions', 5)]} leastTop={1} />
    </div>
  );
}

const topColumns = (title: string, isRoute: boolean): readonly Column<Top>[] => [
  {
    key: 'name',
    title,
    value: ({ name }) => name,
    cell: ({ name }) => (
      <span class="long-name">{isRoute ? <RouteLink text={name} /> : <Name text={name} mono />}</span>
    ),
    room: 'wide',
  },
  {
    key: 'count',
    title: 'Requests and events',
    hint: 'of the last 24 hours',
    isNumber: true,
    value: ({ count }) => count,
    cell: ({ count, over }) => (
      <span title={over > 0 ? `at most ${formatCount(over)} too many` : undefined}>
        {formatCount(count)}
        {over > 0 && ' ≈'}
      </span>
    ),
  },
];

const userColumns = topColumns('User', false);
const routeColumns = topColumns('Route', true);

/** Top lists are kept for the last 24 hours only. */
function Tops({ service, isNamed }: { service: Activity; isNamed: boolean }) {
  const ofService = isNamed ? ` (${service.process})` : '';
  return (
    <div class="panels">
      <TopPanel title={`Most active users${ofService}`} columns={userColumns} rows={service.topUsers} />
      <TopPanel title={`Routes they use${ofService}`} columns={routeColumns} rows={service.topRoutes} />
    </div>
  );
}

interface TopPanelProps {
  readonly title: string;
  readonly columns: readonly Column<Top>[];
  readonly rows: readonly Top[];
}

function TopPanel({ title, columns, rows }: TopPanelProps) {
  const { params } = useAddress();
  return (
    <Panel
      title={title}
      note="Of the last 24 hours, whatever the range; the 100 most active."
      empty={rows.length === 0 && <p>No request has named its user yet.</p>}
    >
      <Table
        caption={`${title}, by activity`}
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        order={{ key: 'count', isDescending: true }}
        filter={params.filter ?? ''}
        pageSize={20}
      />
    </Panel>
  );
}

/** `GET /api/deals` leads to that route. */
function RouteLink({ text }: { text: string }) {
  const [, method, endpoint] = /^([A-Z]{1,20}) (.+)$/s.exec(text) ?? [];
  const name = <Name text={text} mono />;
  if (method === undefined || endpoint === undefined) return name;
  return <a href={href({ view: 'routes', params: { method, endpoint } })}>{name}</a>;
}

function NoUsers() {
  return (
    <>
      <InstrumentHint what="users" line="http" />
      <p>
        The user of a request is what the service puts into <code>req.user.id</code>, or tells by{' '}
        <code>monitor.trackUser</code>. Ids are hashed with a key before they are kept.
      </p>
    </>
  );
}

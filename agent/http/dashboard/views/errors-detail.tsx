import { useState } from 'preact/hooks';
import { href } from '../address.ts';
import { getJson } from '../api.ts';
import { useData } from '../data.ts';
import { formatCount } from '../format.ts';
import { Age, Chart, type Column, Name, Panel, Stat, Table, Time } from '../parts/index.ts';
import type { ErrorGroup, ErrorSample } from './errors-data.ts';
import { News } from './errors-table.tsx';
import { metric } from './metric-selector.ts';
import { Opened } from './opened.tsx';
import { AlertsAbout } from './opened-alerts.tsx';

type Detail = ErrorGroup & { readonly samples: readonly ErrorSample[] };

interface ErrorDetailProps {
  readonly fingerprint: string;
  /** What the list says of it; undefined when it did not come in the range. */
  readonly inRange: ErrorGroup | undefined;
}

/** One group: when and where it came, whom it touched, and what it looked like. */
export function ErrorDetail({ fingerprint, inRange }: ErrorDetailProps) {
  const from = useData(
    (signal) =>
      getJson<{ data: Detail }>(`/api/monitoring/errors/${encodeURIComponent(fingerprint)}`, {}, signal),
    [fingerprint],
    { everyMs: 10_000 },
  );
  const group = from.data?.data ?? inRange;
  const isGone = from.error?.status === 404;
  return (
    <Opened openKey={fingerprint} title={<Title group={group} />} params={['error', 'process']}>
      {isGone && <p class="note">There is no such group of errors any more: it was not seen for too long.</p>}
      <AlertsAbout labels={{ fingerprint }} />
      {group && <Summary group={group} inRange={inRange} />}
      <div class="panels">
        <Chart
          title="Occurrences"
          unit="perMinute"
          series={[
            {
              label: '{{process}}',
              expr: `60 * sum by (process) ($rate(${metric('errors_count_total', { fingerprint })}))`,
              colour: 6,
            },
          ]}
          empty="It did not come in this range, or so seldom that there is no rate."
        />
        {group && <Routes group={group} />}
      </div>
      {!isGone && <Samples samples={from.data?.data.samples} from={from} />}
    </Opened>
  );
}

function Title({ group }: { group: ErrorGroup | undefined }) {
  if (!group) return <>Error</>;
  return (
    <span class="error-title">
      <Name text={group.type} mono />
      <News group={group} />
    </span>
  );
}

function Summary({ group, inRange }: { group: ErrorGroup; inRange: ErrorGroup | undefined }) {
  return (
    <>
      <p class="error-message">
        <bdi>{cut(group.message, 2000)}</bdi>
      </p>
      <div class="stats">
        <Stat
          label="In this range"
          value={inRange ? (inRange.countInRange ?? null) : 0}
          unit="count"
          note={inRange?.countInRange === undefined ? undefined : 'by the stored counts'}
        />
        <Stat label="In all" value={group.count} unit="count" note="since it was first seen" />
        <Stat
          label="Users"
          value={group.users === 0 ? null : group.users}
          unit="count"
          note={group.users === 0 ? 'no user was known' : 'distinct, estimated'}
        />
        <Seen label="Last seen" at={group.lastSeen} />
        <Seen label="First seen" at={group.firstSeen} />
        {group.returned !== null && <Seen label="Returned" at={group.returned} />}
      </div>
    </>
  );
}

function Seen({ label, at }: { label: string; at: string }) {
  return (
    <div class="stat">
      <span class="stat-label">{label}</span>
      <span class="stat-value">
        <Age at={at} />
      </span>
    </div>
  );
}

interface SamplesProps {
  readonly samples: readonly ErrorSample[] | undefined;
  readonly from: Parameters<typeof Panel>[0]['from'];
}

/** The newest occurrences, one at a time. */
function Samples({ samples = [], from }: SamplesProps) {
  const [at, setAt] = useState(0);
  const sample = samples[Math.min(at, samples.length - 1)];
  return (
    <Panel
      title="Newest occurrences"
      from={from}
      actions={
        samples.length > 1 && (
          <label>
            <span class="for-readers">Occurrence</span>
            <select value={at} onChange={(event) => setAt(Number(event.currentTarget.value))}>
              {samples.map(({ timestamp }, index) => (
                <option key={timestamp} value={index}>
                  {new Date(timestamp).toLocaleString()}
                </option>
              ))}
            </select>
          </label>
        )
      }
      empty={samples.length === 0 && <p>No occurrence was kept.</p>}
    >
      {sample && <Sample sample={sample} />}
    </Panel>
  );
}

function Sample({ sample }: { sample: ErrorSample }) {
  return (
    <>
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <Time at={sample.timestamp} />
        </dd>
        <dt>Where</dt>
        <dd>{sample.route === '' ? 'not known' : <Name text={sample.route} mono />}</dd>
        <dt>User</dt>
        <dd>{sample.user === '' ? 'not known' : <Name text={sample.user} mono />}</dd>
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="stack" tabIndex={0} aria-label="Message and stack">
        <pre>
          <bdi>{cut(sample.message, 4000)}</bdi>
          {'\n'}
          {sample.stack === '' ? 'There is no stack.' : <bdi>{sample.stack}</bdi>}
        </pre>
      </section>
    </>
  );
}

type RouteCount = ErrorGroup['routes'][number];

const routeColumns: readonly Column<RouteCount>[] = [
  {
    key: 'route',
    title: 'Where',
    value: ({ route }) => route,
    cell: ({ route }) => <Place route={route} />,
    room: 'wide',
  },
  {
    key: 'count',
    title: 'Count',
    isNumber: true,
    value: ({ count }) => count,
    cell: ({ count }) => formatCount(count),
  },
];

function Routes({ group }: { group: ErrorGroup }) {
  return (
    <Panel
      title="Where it came up"
      note="Since it was first seen."
      empty={group.routes.length === 0 && <p>It came up outside of requests and jobs.</p>}
    >
      <Table
        caption="Routes and jobs"
        columns={routeColumns}
        rows={group.routes}
        keyOf={({ route }) => route}
        order={{ key: 'count', isDescending: true }}
      />
    </Panel>
  );
}

/** A request leads to its route, a job to its queue. */
function Place({ route }: { route: string }) {
  const request = /^([A-Z]{1,20}) (.+)$/s.exec(route);
  const job = /^job ([^/]+)\//.exec(route);
  const target = request
    ? href({ view: 'routes', params: { method: request[1]!, endpoint: request[2]! } })
    : job && href({ view: 'queues', params: { queue: job[1]! } });
  const name = <Name text={route} mono />;
  return target ? <a href={target}>{name}</a> : name;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

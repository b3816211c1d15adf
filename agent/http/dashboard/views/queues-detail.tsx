import { useMemo } from 'preact/hooks';
import { useAddress } from '../address.ts';
import { formatCount } from '../format.ts';
import { Chart, type Column, Name, Panel, Stat, Table } from '../parts/index.ts';
import { metric } from './metric-selector.ts';
import { Opened } from './opened.tsx';
import { AlertsAbout } from './opened-alerts.tsx';
import { percentileSeries } from './percentile-series.ts';
import type { QueueName, QueueRow } from './queues-data.ts';
import { QueueState } from './queues-state.tsx';
import { countColumn, durationColumn, errorRateColumn, serviceColumn } from './statistics-columns.tsx';
import { useStatistics } from './statistics-panel.tsx';
import { hasServices, type Statistics } from './statistics-rows.ts';

interface QueueDetailProps {
  readonly name: QueueName;
  readonly row: QueueRow | undefined;
  readonly isLoaded: boolean;
}

/** One queue: what waits and why, how much goes through, how long it takes. */
export function QueueDetail({ name, row, isLoaded }: QueueDetailProps) {
  const { redis, prefix, queue } = name;
  // A link may name the queue alone.
  const labels = { queue, ...(redis !== '' && { redis }), ...(prefix !== '' && { prefix }) };
  const most = (one: string) => `sum($peak(${metric(`queue_${one}`, labels)}))`;
  const longest = (one: string) => `max($peak(${metric(`queue_${one}`, labels)}))`;
  const perMinute = (one: string) => `60 * sum($slowRate(${metric(`queue_${one}_total`, labels)}))`;
  return (
    <Opened
      openKey={JSON.stringify(labels)}
      title={<Name text={queue} mono />}
      params={['queue', 'redis', 'prefix']}
    >
      <AlertsAbout labels={labels} />
      {row ? <Standing row={row} /> : isLoaded && <p class="note">There is no such queue at this time.</p>}
      <div class="charts">
        <Chart
          title="Jobs"
          unit="count"
          series={[
            { label: 'waiting', expr: most('waiting') },
            { label: 'active', expr: most('active') },
            { label: 'delayed', expr: most('delayed') },
            { label: 'prioritized', expr: most('prioritized') },
          ]}
        />
        <Chart
          title="Throughput"
          unit="perMinute"
          series={[
            { label: 'completed', expr: perMinute('completed'), colour: 2 },
            { label: 'failed', expr: perMinute('failed'), colour: 6 },
          ]}
        />
        <Chart
          title="Oldest waiting job"
          unit="ms"
          series={[{ label: 'age', expr: longest('oldest_waiting_age_ms'), colour: 3 }]}
        />
        <Chart
          title="Time waited"
          unit="ms"
          series={[
            { label: 'p50', expr: longest('wait_p50_ms'), colour: 1 },
            { label: 'p95', expr: longest('wait_p95_ms'), colour: 2 },
          ]}
        />
        <Chart
          title="Time run"
          unit="ms"
          series={[
            { label: 'p50', expr: longest('run_p50_ms'), colour: 1 },
            { label: 'p95', expr: longest('run_p95_ms'), colour: 2 },
          ]}
        />
        <Chart
          title="Workers"
          unit="count"
          leastTop={1}
          series={[{ label: 'workers', expr: `sum($mean(${metric('queue_workers', labels)}))`, colour: 5 }]}
        />
      </div>
      <Jobs queue={queue} />
    </Opened>
  );
}

function Standing({ row }: { row: QueueRow }) {
  const { fields, state, text } = row;
  return (
    <>
      {state !== undefined && (
        <p class="queue-state">
          <QueueState state={state} /> <bdi>{text}</bdi>
        </p>
      )}
      <div class="stats">
        <Stat
          label="Waiting"
          value={fields.waiting}
          unit="count"
          note={`most ${formatCount(row.mostWaiting)}`}
        />
        <Stat label="Active" value={fields.active} unit="count" />
        <Stat label="Delayed" value={fields.delayed} unit="count" />
        <Stat label="Completed" value={row.completed} unit="count" note="in the range" />
        <Stat
          label="Failed"
          value={row.failed}
          unit="count"
          note={`${formatCount(fields.failed)} kept in Redis`}
        />
        <Stat label="Oldest waiting" value={fields.oldestWaitingAgeMs} unit="ms" note="at the last look" />
        <Stat label="Workers" value={fields.workers} unit="count" />
      </div>
    </>
  );
}

interface JobRow extends Statistics {
  readonly queue: string | null;
  readonly job: string | null;
  readonly runs: number;
}

const jobColumns: readonly Column<JobRow>[] = [
  {
    key: 'job',
    title: 'Job',
    value: ({ job }) => job,
    cell: ({ job }) => <Name text={job ?? ''} mono />,
    room: 'wide',
  },
  countColumn('runs', 'Runs', ({ runs }) => runs),
  errorRateColumn(),
  ...(['avg', 'p50', 'p95', 'p99', 'max'] as const).map((one) => durationColumn<JobRow>(one)),
];

/** Jobs by their names, as the service's own workers saw them. */
function Jobs({ queue }: { queue: string }) {
  const { range } = useAddress();
  const from = useStatistics<JobRow>('jobs', range);
  const rows = (from.data?.data ?? []).filter((row) => row.queue === queue);
  const durations = useMemo(() => percentileSeries('job', { queue }), [queue]);
  return (
    <Panel
      title="Jobs by name"
      from={from}
      note="As the workers in the service saw them, over the range."
      empty={
        from.data !== undefined &&
        rows.length === 0 && (
          <p>
            No service told of a job of this queue: its workers do not load the library, or it was idle. Start
            them with <code>node --import nova-agent/register</code>.
          </p>
        )
      }
    >
      <Table
        caption="Jobs of this queue"
        columns={
          hasServices(rows) ? [jobColumns[0]!, serviceColumn<JobRow>(), ...jobColumns.slice(1)] : jobColumns
        }
        rows={rows}
        keyOf={({ process, job }) => JSON.stringify([process, job])}
        order={{ key: 'runs', isDescending: true }}
        pageSize={20}
      />
      <Chart title="Time of a run" unit="ms" series={durations} />
    </Panel>
  );
}

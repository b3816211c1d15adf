import type { LedgerReport } from '../../../ledger-shape.ts';
import { useReady } from '../agent-state.ts';
import { type Answer, getJson } from '../api.ts';
import { useData } from '../data.ts';
import { formatCount, formatValue } from '../format.ts';
import { Chart, type Column, Name, Panel, Stat, Status, Table } from '../parts/index.ts';
import { budgetText } from './agent-data.ts';
import { Ledger } from './agent-ledger.tsx';
import { Quarantine } from './agent-quarantine.tsx';

/** What the agent costs, how its parts are, and what became of every point. */
export function AgentView() {
  const from = useData((signal) => getJson<Answer<LedgerReport>>('/api/monitoring/ledger', {}, signal), [], {
    everyMs: 4000,
  });
  const report = from.data?.data;
  return (
    <>
      {report && <Cost report={report} />}
      <h2 class="for-readers">What it costs over time</h2>
      <div class="charts">
        {costCharts.map((chart) => (
          <Chart key={chart.title} {...chart} />
        ))}
      </div>
      <Parts report={report} />
      <Ledger from={from} report={report} />
      <Quarantine onChange={from.reload} />
    </>
  );
}

function Cost({ report: { cost, budget } }: { readonly report: LedgerReport }) {
  const isOver = cost.cpuPercent !== null && cost.cpuPercent > budget.cpuPercent;
  const missed = cost.ticksMissedTotal ?? 0;
  return (
    <>
      <p class="note">
        <Status tone={budget.level === 0 ? 'ok' : 'warning'}>
          {budget.level === 0 ? 'within budget' : `budget level ${budget.level}`}
        </Status>{' '}
        {budgetText(budget.level, budget.intervalMs)}
        {budget.intervalMs !== budget.configuredIntervalMs &&
          ` instead of ${budget.configuredIntervalMs / 1000} s`}
        .
      </p>
      <div class="stats">
        <Stat
          label="CPU"
          value={cost.cpuPercent}
          unit="percent"
          {...(isOver && { tone: 'warning' as const })}
          note={`of one core; the budget is ${budget.cpuPercent} %`}
        />
        <Stat label="Memory" value={cost.rssBytes} unit="bytes" note="resident" />
        <Stat label="Loop delay" value={cost.eventloopDelayP99Ms} unit="ms" note="p99 of its own main loop" />
        <Stat label="Tick" value={cost.taskP99Ms} unit="ms" note="p99 of the last 100" />
        <Stat
          label="Redis commands"
          value={cost.redisCommandsTotal}
          unit="count"
          note="sent since it was started"
        />
        <Stat
          label="Store"
          value={cost.storeBytes}
          unit="bytes"
          note={`of ${formatValue(budget.storeQuotaBytes, 'bytes')}`}
        />
        <Stat
          label="Ticks missed"
          value={cost.ticksMissedTotal}
          unit="count"
          {...(missed > 0 && { tone: 'warning' as const })}
          note="since it was started"
        />
      </div>
    </>
  );
}

/** The agent's own readings have neither sink nor source. */
const own = '{sink="",source="",worker=""}';

const costCharts = [
  {
    title: 'CPU of one core',
    unit: 'percent',
    series: [{ label: 'agent', expr: `$mean(agent_cpu_usage_percent${own})` }],
  },
  {
    title: 'Memory',
    unit: 'bytes',
    series: [{ label: 'resident', expr: `$mean(agent_memory_rss_bytes${own})` }],
  },
  {
    title: 'Delays, p99',
    unit: 'ms',
    series: [
      { label: 'main loop', expr: `$peak(agent_eventloop_delay_p99_ms${own})` },
      { label: 'tick', expr: `$peak(agent_task_p99_ms${own})` },
    ],
  },
  {
    title: 'Redis commands',
    unit: 'perSecond',
    series: [{ label: 'sent', expr: `$rate(agent_redis_commands_total${own})` }],
    empty: 'No Redis is asked.',
  },
  {
    title: 'Points collected and delivered',
    unit: 'perSecond',
    series: [
      { label: 'collected', expr: `$rate(agent_points_collected_total${own})` },
      { label: 'to {{sink}}', expr: '$rate(agent_points_delivered_total)' },
    ],
  },
  {
    title: 'Points waiting',
    unit: 'count',
    series: [{ label: '{{sink}}', expr: '$peak(agent_points_waiting)' }],
    empty: 'No destination is configured: the embedded store keeps all points.',
  },
] as const;

interface Part {
  readonly part: string;
  readonly ok: boolean;
  readonly problem: string;
  readonly detail: string;
}

const partColumns: readonly Column<Part>[] = [
  { key: 'part', title: 'Part', value: ({ part }) => part, cell: ({ part }) => <Name text={part} mono /> },
  {
    key: 'ok',
    title: 'State',
    value: ({ ok }) => (ok ? 'well' : 'not well'),
    cell: ({ ok }) => <Status tone={ok ? 'ok' : 'critical'}>{ok ? 'well' : 'not well'}</Status>,
  },
  {
    key: 'problem',
    title: 'Detail',
    value: ({ problem, detail }) => problem || detail,
    cell: ({ problem, detail }) => <bdi class="wrapped">{problem || detail}</bdi>,
    room: 'wide',
  },
];

function Parts({ report }: { readonly report: LedgerReport | undefined }) {
  const { data, error } = useReady();
  const readMs = new Map(report?.sources.map((one) => [`source/${one.source}`, one.readMs]));
  const parts = (data?.parts ?? []).map(({ part, ok, problem }) => {
    const ms = readMs.get(part);
    return { part, ok, problem, detail: ok && ms !== undefined ? `read in ${formatValue(ms, 'ms')}` : '' };
  });
  return (
    <Panel
      title="Parts"
      note={
        data &&
        (data.ready ? 'Ready: ticks are sampled and kept.' : 'Not ready: ticks are not sampled and kept.')
      }
      empty={!data && (error ? <p>The agent does not say: {error.message}.</p> : <p>Asking…</p>)}
    >
      <Table
        caption="Parts of the agent"
        columns={partColumns}
        rows={parts}
        keyOf={({ part }) => part}
        empty={`${formatCount(0)} parts`}
      />
    </Panel>
  );
}

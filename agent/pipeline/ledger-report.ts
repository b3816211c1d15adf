import type { LedgerEntry } from '../../workers/contract/tasks.ts';
import type { RingReader } from '../../workers/ring/ring-reader.ts';
import type { BudgetView, LedgerReport, OwnCost, PointCounts, SinkAccount } from '../ledger-shape.ts';
import type { SelfStats } from '../selfstats.ts';
import type { SinkStatus } from '../sinks/sink.ts';
import type { PipelineState } from './pipeline.ts';

export interface LedgerParts {
  readonly state: PipelineState;
  readonly sinks: readonly SinkStatus[];
  readonly stats: SelfStats;
  readonly ring: RingReader;
  readonly limits: Omit<BudgetView, 'level' | 'intervalMs'>;
}

/** What became of every point, and what the agent costs. */
export function ledgerReport({ state, sinks, stats, ring, limits }: LedgerParts): LedgerReport {
  const { lastTickMs, collected, ledger, sources } = state;
  const { intervalMs, budgetLevel: level } = stats;
  return {
    timestamp: lastTickMs > 0 ? new Date(lastTickMs).toISOString() : null,
    collected,
    sinks: sinkAccounts(sinks, ledger),
    sources,
    cost: ownCost(ring, stats),
    budget: { ...limits, level, intervalMs },
  };
}

/** Destinations with their points; those that only the ledger still knows come last. */
function sinkAccounts(sinks: readonly SinkStatus[], ledger: readonly LedgerEntry[]): SinkAccount[] {
  const counts = new Map(ledger.map((entry) => [entry.sink, pointCounts(entry)]));
  const accounts = sinks.map(({ sink, up, problem }) => ({
    ...{ sink, up, problem },
    points: counts.get(sink) ?? null,
  }));
  const known = new Set(sinks.map(({ sink }) => sink));
  const left = [...counts].filter(([sink]) => !known.has(sink));
  const problem = 'it is not in the configuration any more';
  return [...accounts, ...left.map(([sink, points]) => ({ sink, up: false, problem, points }))];
}

function pointCounts({ collected, delivered, waiting, quarantined, dropped }: LedgerEntry): PointCounts {
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const difference = collected - delivered - waiting - quarantined - lost;
  return { collected, delivered, waiting, quarantined, dropped, difference };
}

/** From the point `agent` of the newest tick. */
function ownCost(ring: RingReader, stats: SelfStats): OwnCost {
  const series = ring
    .seriesOf('agent')
    .filter(({ tags }) => !('sink' in tags || 'source' in tags || 'worker' in tags));
  const values = ring.newest(series.map(({ column }) => column))?.values;
  const value = (field: string) => {
    const found = values?.[series.findIndex((one) => one.field === field)];
    return found === undefined || Number.isNaN(found) ? null : found;
  };
  return {
    cpuPercent: value('cpu_usage_percent'),
    rssBytes: value('memory_rss_bytes'),
    eventloopDelayP99Ms: value('eventloop_delay_p99_ms'),
    taskP99Ms: value('task_p99_ms'),
    redisCommandsTotal: value('redis_commands_total'),
    storeBytes: Number.isNaN(stats.storeBytes) ? null : stats.storeBytes,
    ticksMissedTotal: stats.ticksMissed,
    valuesRefusedTotal: stats.valuesRefused,
  };
}

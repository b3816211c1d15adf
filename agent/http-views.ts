import type { UserActivity } from '../workers/contract/events.ts';
import type { RingBuffers } from '../workers/contract/ring-cells.ts';
import type { EventBuffers } from '../workers/contract/window-cells.ts';
import { RequestReader } from '../workers/events/request-reader.ts';
import { RingReader } from '../workers/ring/ring-reader.ts';
import type { AlertParts } from './alerts/alert-parts.ts';
import { RuleViews } from './alerts/rule-views.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/schema.ts';
import type { HttpViews } from './http/views.ts';
import { type HistoryArchive, historicalRows } from './pipeline/history.ts';
import { ledgerReport } from './pipeline/ledger-report.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import { PromqlTurns } from './pipeline/promql-turns.ts';
import type { QueryPool } from './pipeline/query-pool.ts';
import type { SnapshotBuilder } from './pipeline/snapshot.ts';
import { replaySpool } from './pipeline/spool.ts';
import type { TickPool } from './pipeline/tick-pool.ts';
import { WriteDesk } from './pipeline/write-desk.ts';
import type { ReadyReport } from './ready-shape.ts';
import type { SelfStats } from './selfstats.ts';
import type { InfluxSink } from './sinks/influx/influx.ts';
import type { SinkStatus } from './sinks/sink.ts';

/** The parts of a running agent that HTTP looks on. */
export interface WatchedParts {
  readonly rings: RingBuffers;
  readonly events: EventBuffers;
  readonly pool: TickPool;
  readonly queries: QueryPool;
  readonly pipeline: Pipeline;
  readonly snapshots: SnapshotBuilder;
  readonly alerts: AlertParts;
  readonly influx: readonly InfluxSink[];
  /** What is older than the store; null where nothing keeps it. */
  readonly archive: HistoryArchive | null;
  readonly stats: SelfStats;
  readonly clock: Clock;
  ready(): ReadyReport;
  sinks(): readonly SinkStatus[];
}

/** All that the HTTP server sees of the agent. */
export function createViews(config: Config, parts: WatchedParts): HttpViews {
  const { rings, events, pool, queries, pipeline, snapshots, alerts, influx, archive, stats, clock } = parts;
  const { ready, sinks } = parts;
  const requests = new RequestReader(events);
  const rules = new RuleViews(alerts.groups, alerts.keeper);
  const writes = new WriteDesk(pool);
  let users: UserActivity | null = null;
  pipeline.onTick((result) => {
    users = result.users ?? users;
  });
  return {
    onTick: (listener) => pipeline.onTick(() => listener()),
    onEvaluation: (listener) => pipeline.onTick(() => void alerts.keeper.idle().then(listener)),
    snapshot: () => snapshots.build(),
    ready,
    historical: (range, signal) => historicalRows(queries, archive, range, signal),
    requests: (limit, before) => requests.newest(limit, before),
    errorGroups: (task, signal) => queries.errorGroups(task, signal),
    errorGroup: (fingerprint, signal) => queries.errorGroup(fingerprint, signal),
    errorTrends: (task, signal) => queries.errorTrends(task, signal),
    seriesStats: (task, signal) => queries.seriesStats(task, signal),
    users: () => users,
    processes: (signal) => queries.processes({ watched: config.processes.map(({ name }) => name) }, signal),
    queues: (task, signal) => queries.queues(task, signal),
    percentiles: (task, signal) => queries.percentiles(task, signal),
    marks: (task, signal) => queries.marks(task, signal),
    alerts: alerts.desk,
    written: (body, precision, nowMs) => writes.write(body, precision, nowMs),
    prometheus: new PromqlTurns({
      run: (task) => queries.promql(task),
      older: archive && ((needs, signal) => archive.reader.fetch(needs, signal)),
      clock,
      ...{
        retention: config.store.retention,
        intervalMs: config.agent.interval,
        commonTags: config.agent.tags,
      },
      slowFactor: () => stats.slowFactor,
    }),
    rules: () => rules.list(pipeline.downSources()),
    backtest: (wish, signal) => alerts.backtests.run(wish, signal),
    ledger: () =>
      ledgerReport({
        state: pipeline.state(),
        sinks: sinks(),
        ...{ stats, ring: new RingReader(rings) },
        limits: {
          cpuPercent: config.agent.budget.cpuPercent,
          configuredIntervalMs: config.agent.interval,
          storeQuotaBytes: config.store.quota,
        },
      }),
    spool: {
      list: (page, signal) => queries.quarantinePage(page, signal),
      replay: (wanted) => replaySpool(pool, influx, wanted),
      drop: async (ids) => (await pool.spool({ do: 'drop', ids })).changed,
    },
  };
}

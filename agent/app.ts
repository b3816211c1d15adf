import { createProcessCells } from '../workers/contract/process-cells.ts';
import { createRingBuffers } from '../workers/contract/ring-cells.ts';
import { createEventBuffers, type EventBuffers } from '../workers/contract/window-cells.ts';
import { readSummary } from '../workers/events/event-summary.ts';
import { RingReader } from '../workers/ring/ring-reader.ts';
import { alertCommands } from './alerts/alert-commands.ts';
import { createAlertParts } from './alerts/alert-parts.ts';
import type { Alerting } from './alerts/alerting.ts';
import { createNotificationsSource } from './alerts/notifications-source.ts';
import { createRulesSource } from './alerts/rules-source.ts';
import { type Clock, systemClock } from './clock.ts';
import { createSources, eventSettings, tickSettings, watchedName } from './collecting.ts';
import type { Config } from './config/schema.ts';
import { type ControlHandler, createControlServer } from './http/control.ts';
import { loginCommand } from './http/login-command.ts';
import { addressUrl, createHttpServer, type HttpAddress, type HttpServer } from './http/server.ts';
import { createViews } from './http-views.ts';
import { endWithin, flushMs, Lifecycle } from './lifecycle.ts';
import { type Log, TroubleLog } from './log.ts';
import { BudgetKeeper } from './pipeline/budget.ts';
import type { HistoryArchive } from './pipeline/history.ts';
import { OlderReader } from './pipeline/older.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { QueryPool } from './pipeline/query-pool.ts';
import { readyReport } from './pipeline/ready.ts';
import { RunningSource } from './pipeline/running-source.ts';
import { Scheduler } from './pipeline/scheduler.ts';
import { SnapshotBuilder } from './pipeline/snapshot.ts';
import { type ReplayReport, type ReplayRequest, replaySpool } from './pipeline/spool.ts';
import { storePathOf } from './pipeline/store-path.ts';
import { TickPool } from './pipeline/tick-pool.ts';
import type { ReadyReport } from './ready-shape.ts';
import { SelfStats } from './selfstats.ts';
import { createInfluxSink } from './sinks/influx/influx.ts';
import { createInfluxPast } from './sinks/influx/past.ts';
import { createSnapshotPublisher } from './sinks/redis/snapshot-publisher.ts';
import { createIntake } from './sources/intake/intake.ts';

/** A running agent. */
export interface App {
  /** Where HTTP listens; null when it is switched off. */
  readonly http: HttpAddress | null;
  ready(): ReadyReport;
  /** Goes on with other rules and routes while all else runs; false when that takes a new start. */
  useAlerting(alerting: Alerting): Promise<boolean>;
  /** Flushes and ends everything, in a bounded time; gives the troubles met, in words. */
  stop(): Promise<string[]>;
}

export interface AppParts {
  readonly log: Log;
  readonly clock?: Clock;
  /** Which process stood behind each name, kept over a reload so that restarts stay counted. */
  readonly processCells?: SharedArrayBuffer;
  /** Windows and totals of what services told, kept over a reload while the interval stays the same. */
  readonly eventsOf?: (intervalMs: number) => EventBuffers;
}

/** Wires everything and starts it. Who calls it owns the data directory. Rejects with nothing left running. */
export async function startApp(config: Config, alerting: Alerting, parts: AppParts): Promise<App> {
  const life = new Lifecycle();
  try {
    return await wire(config, alerting, parts, life);
  } catch (error) {
    await life.close(endWithin);
    throw error;
  }
}

async function wire(config: Config, alerting: Alerting, parts: AppParts, life: Lifecycle): Promise<App> {
  const { log, clock = systemClock, processCells = createProcessCells() } = parts;
  const { interval, dataDir, measurementPrefix } = config.agent;
  const troubles = new TroubleLog(log);
  const stats = new SelfStats();
  stats.intervalMs = interval;

  // Shared memory and the two pools.
  const storePath = storePathOf(dataDir);
  const rings = createRingBuffers(interval);
  const events = parts.eventsOf?.(interval) ?? createEventBuffers(interval);
  const pool = new TickPool({ rings, processes: processCells, events, store: { path: storePath } });
  life.defer('tick worker', () => pool.close());
  const settings = tickSettings(config, await eventSettings(config, log));
  const { notices } = await pool.open(settings);
  for (const notice of notices) log.warn(notice);
  const queries = new QueryPool({ storePath, rings, events });
  life.defer('query worker', () => queries.close());

  // Sources, read once a tick.
  const intake = config.intake
    ? createIntake(config.intake, {
        clock,
        log,
        dataDir,
        processOf: (pid) => watchedName(config, processCells, pid),
        nameWithinMs: config.processes.length === 0 ? 0 : 2 * interval + 1000,
        handOver: (batch) => pool.takeFrames(batch),
      })
    : undefined;
  const sources = createSources(config, stats, log, clock);
  if (intake) sources.push(new RunningSource(intake, clock));

  // Rules look on, and what they record comes with the next tick.
  const alerts = createAlertParts({
    alerting,
    ports: {
      evaluate: (task) => queries.evaluateRules(task),
      write: (task) => pool.alerts(task),
      kept: () => queries.keptAlerts(),
    },
    archive: queries,
    replays: queries,
    externalUrl: externalUrlOf(config),
    intervalMs: interval,
    rawRetentionMs: config.store.retention.raw,
    commonTags: config.agent.tags,
    clock,
    log,
    troubles,
  });
  if (alerting.groups.length > 0) sources.push(new RunningSource(createRulesSource(alerts.keeper), clock));
  if (alerts.outbox.counts().length > 0)
    sources.push(new RunningSource(createNotificationsSource(alerts.outbox), clock));
  life.defer('notifications', () => alerts.close(flushMs));
  life.defer('sources', () => Promise.all(sources.map((source) => source.close())));
  const pipeline = new Pipeline({ pool, settings, sources, frames: intake, stats, clock, log, troubles });

  // Who looks on.
  const snapshots = new SnapshotBuilder(
    new RingReader(rings),
    () => readSummary(events),
    config.processes[0]?.name,
  );
  const influx = config.influx.map((options) =>
    createInfluxSink(options, { port: pool, clock, log, measurementPrefix }),
  );
  const publisher = config.redis
    ? createSnapshotPublisher(config.redis, { log, clock, snapshot: () => snapshots.build() })
    : null;
  const sinks = publisher ? [...influx, publisher] : influx;
  for (const sink of sinks) sink.start();
  // Together, so that the sinks leave the notifications their time.
  life.defer('sinks and notifications', () =>
    Promise.all([...sinks.map((sink) => sink.close(flushMs)), alerts.close(flushMs)]),
  );
  if (publisher) {
    stats.countRedisCommandsOf(() => publisher.commandsSent());
    pipeline.onTick(({ texts }) => publisher.publish(texts));
  }
  pipeline.onTick(({ timeMs }) => {
    // Alerts of a source that is still to answer for the first time may neither end nor become unknown.
    if (!sources.every((source) => source.wasRead())) return;
    const downSources = pipeline.downSources();
    const { slowFactor } = stats;
    alerts.keeper.afterTick({ timeMs, slowFactor, downSources });
  });
  pipeline.onTick(() => pipeline.compact());
  const budget = new BudgetKeeper(config.agent.budget.cpuPercent, interval, { stats, clock, log });
  pipeline.onTick(() => budget.note());
  life.defer('pipeline', async () => {
    // What services sent until now is still counted and stored.
    await intake?.close();
    if (intake) await pipeline.lastTick(Math.round(clock.now()));
    await pipeline.end();
  });

  // HTTP and the control socket.
  const ready = () =>
    readyReport(
      pipeline.state(),
      sinks.map((sink) => sink.status()),
      clock.now(),
      stats,
    );
  let http: HttpAddress | null = null;
  let server: HttpServer | null = null;
  if (config.http) {
    const views = createViews(config, {
      ...{ rings, events, pool, queries, pipeline, snapshots, alerts, influx, stats, clock, ready },
      archive: createArchive(config, clock, life),
      sinks: () => sinks.map((sink) => sink.status()),
    });
    const listening = createHttpServer(config.http, { views, log, clock, dataDir });
    http = await listening.start();
    life.defer('http', () => listening.close());
    server = listening;
  }
  const handlers: Record<string, ControlHandler> = {
    status: async () => ({ pid: process.pid, http: http?.url ?? null }),
    login: async (body) => loginCommand(server, body),
    'spool-drop': (body) => pool.spool({ ...(body as { ids: number[] }), do: 'drop' }),
    ...alertCommands(alerts.desk, alerts.testNotify),
    'spool-replay': (body): Promise<ReplayReport> => replaySpool(pool, influx, body as ReplayRequest),
  };
  const control = createControlServer({ dataDir, handlers, log });
  await control.start();
  life.defer('control socket', () => control.close());

  // The clock starts last: all is in place.
  const scheduler = new Scheduler(
    () => stats.intervalMs,
    clock,
    (timeMs, missed) => {
      stats.ticksMissed += missed;
      void pipeline.tick(timeMs);
    },
  );
  life.defer('scheduler', () => scheduler.stop());
  await pipeline.tick(Math.round(clock.now()));
  scheduler.start();
  const useAlerting = async (next: Alerting) => {
    const isAlike = isAlikeForSources(next, alerting);
    if (isAlike) await alerts.use(next, flushMs);
    return isAlike;
  };
  return { http, ready, useAlerting, stop: () => life.close(endWithin) };
}

/** Whether the sources that tell of alerts are the same with both: with no rules and no receivers there are none. */
function isAlikeForSources(a: Alerting, b: Alerting): boolean {
  const hasWays = ({ notify }: Alerting) =>
    notify.receivers.some(({ integrations }) => integrations.length > 0);
  return a.groups.length > 0 === b.groups.length > 0 && hasWays(a) === hasWays(b);
}

/** What is older than the store is read back from the first InfluxDB; null where none is configured. */
function createArchive({ influx, agent }: Config, clock: Clock, life: Lifecycle): HistoryArchive | null {
  const [options] = influx;
  if (!options) return null;
  const past = createInfluxPast(options, clock, agent.measurementPrefix);
  life.defer('archive', () => past.close());
  const { host } = agent.tags;
  return { reader: new OlderReader(past, clock), tags: host === undefined ? {} : { host } };
}

/** Where the dashboard is, for links in notifications; '' when HTTP is off. */
function externalUrlOf({ http }: Config): string {
  return http ? addressUrl(http, http.port) : '';
}

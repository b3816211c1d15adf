import type { EventSettings } from '../workers/contract/events.ts';
import { processCell } from '../workers/contract/process-cells.ts';
import type { TickSettings } from '../workers/contract/tasks.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/schema.ts';
import type { Log } from './log.ts';
import { RunningSource, slowEveryMs } from './pipeline/running-source.ts';
import type { SelfStats } from './selfstats.ts';
import { readUserKey } from './sources/intake/user-key.ts';
import { processTargets } from './sources/process/options.ts';
import { createQueuesSource } from './sources/queues/queues.ts';
import { createSelfSource } from './sources/self/self.ts';

/** What a tick works by, as the text that goes with each one. */
export function tickSettings(
  config: Config,
  events: EventSettings | null,
  plan: Partial<TickSettings['plan']> = {},
): string {
  const { retention, quota } = config.store;
  const settings: TickSettings = {
    commonTags: config.agent.tags,
    measurementPrefix: config.agent.measurementPrefix,
    plan: {
      procRoot: '/proc',
      cgroupRoot: '/sys/fs/cgroup',
      processes: processTargets(config.processes),
      slowEveryMs,
      ...plan,
    },
    events,
    sinks: config.influx.map(({ name }) => name),
    quotaBytes: quota,
    retention: { rawMs: retention.raw, minuteMs: retention.minute, hourMs: retention.hour },
  };
  return JSON.stringify(settings);
}

/** How what comes from inside the services is counted; null when nothing is taken from there. */
export async function eventSettings(
  { agent, intake, redis }: Config,
  log: Log,
): Promise<EventSettings | null> {
  if (!intake) return null;
  const { hashUsers, slowQuery, sessionIdle } = intake;
  return {
    userKey: hashUsers ? await readUserKey(agent.dataDir, log) : '',
    slowQueryMs: slowQuery,
    sessionIdleMs: sessionIdle,
    wantTexts: redis !== false && redis.lists !== false,
  };
}

/** The configured name of the process with this pid, where it is one that is watched. */
export function watchedName(
  { processes }: Config,
  cells: SharedArrayBuffer,
  pid: number,
): string | undefined {
  const rows = new Float64Array(cells);
  return processes.find((_, i) => rows[i * processCell.LENGTH + processCell.PID] === pid)?.name;
}

/** Those that are there without anything else: the agent itself and the queues. */
export function createSources(config: Config, stats: SelfStats, log: Log, clock: Clock): RunningSource[] {
  const queues = (config.queues || []).map((options) => createQueuesSource(options, { clock, log }));
  for (const source of queues) stats.countRedisCommandsOf(() => source.commandsSent());
  return [createSelfSource(stats, clock), ...queues].map((source) => new RunningSource(source, clock));
}

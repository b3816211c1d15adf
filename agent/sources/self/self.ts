import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Reading } from '../../../workers/contract/tasks.ts';
import { layoutText } from '../../../workers/point/point.ts';
import type { Clock } from '../../clock.ts';
import type { SelfStats } from '../../selfstats.ts';
import type { Source } from '../source.ts';

const fields = [
  'cpu_usage_percent',
  'memory_rss_bytes',
  'eventloop_delay_p99_ms',
  'task_p99_ms',
  'redis_commands_total',
  'interval_ms',
  'budget_level',
  'ticks_missed_total',
  'values_refused_total',
  'store_bytes',
  'points_collected_total',
  'uptime_seconds',
  'pid',
];

/**
 * A delay histogram wakes the loop at its resolution, and waking is what an idle agent pays for: at 100 ms it was
 * 0.8 ms of CPU a second, a third of everything without queues and destinations.
 */
const mostResolutionMs = 500;

/** The agent as a source like any other: what it costs, and whether its own loop keeps up. */
export function createSelfSource(stats: SelfStats, clock: Clock): Source {
  const layout = layoutText([{ measurement: 'agent', tags: {}, fields }]);
  // Some periods must end within an interval.
  const resolutionMs = Math.min(mostResolutionMs, Math.max(10, Math.round(stats.intervalMs / 4)));
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let cpu = process.cpuUsage();
  let readAtMs = clock.monotonicMs();
  // What it costs to start is not what it costs to run.
  let isFirst = true;

  const read = async (): Promise<Reading> => {
    const elapsedMs = clock.monotonicMs() - readAtMs;
    const used = process.cpuUsage(cpu);
    const values = new Float64Array([
      elapsedMs > 0 && !isFirst ? round((used.user + used.system) / 10 / elapsedMs) : Number.NaN,
      process.memoryUsage.rss(),
      // The histogram holds whole periods, each of them the resolution and its delay.
      delay.count > 0 ? round(Math.max(0, delay.percentile(99) / 1e6 - resolutionMs)) : Number.NaN,
      round(stats.taskP99Ms()),
      stats.redisCommands(),
      stats.intervalMs,
      stats.budgetLevel,
      stats.ticksMissed,
      stats.valuesRefused,
      stats.storeBytes,
      stats.pointsCollected,
      Math.round(process.uptime()),
      process.pid,
    ]);
    delay.reset();
    isFirst = false;
    cpu = process.cpuUsage();
    readAtMs += elapsedMs;
    return { source: 'self', layout, values };
  };

  return {
    name: 'self',
    read,
    close: async () => {
      delay.disable();
    },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

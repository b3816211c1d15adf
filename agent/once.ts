import { createProcessCells } from '../workers/contract/process-cells.ts';
import { createRingBuffers } from '../workers/contract/ring-cells.ts';
import type { SourceStatus } from '../workers/contract/tasks.ts';
import { type Clock, systemClock } from './clock.ts';
import { createSources, tickSettings } from './collecting.ts';
import type { Config } from './config/schema.ts';
import { endWithin, Lifecycle } from './lifecycle.ts';
import { type Log, TroubleLog } from './log.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { TickPool } from './pipeline/tick-pool.ts';
import { SelfStats } from './selfstats.ts';

/** What one collection cycle gave. */
export interface Collected {
  /** Line protocol; '' when nothing could be collected. */
  readonly lines: string;
  readonly sources: readonly SourceStatus[];
}

/** One collection cycle without a store. CPU needs two readings, so it takes a second. */
export async function collectOnce(
  config: Config,
  { log, clock = systemClock }: { readonly log: Log; readonly clock?: Clock },
): Promise<Collected> {
  const life = new Lifecycle();
  try {
    const stats = new SelfStats();
    stats.intervalMs = config.agent.interval;
    const pool = new TickPool({
      rings: createRingBuffers(60_000),
      processes: createProcessCells(),
      events: null,
      store: null,
    });
    life.defer('tick worker', () => pool.close());
    const settings = tickSettings(config, null, { slowEveryMs: 0 });
    const sources = createSources(config, stats, log, clock);
    life.defer('sources', () => Promise.all(sources.map((source) => source.close())));
    await pool.open(settings);
    await pool.tick({
      timeMs: clock.now(),
      settings,
      readings: [],
      frames: null,
      lostPoints: 0,
      slowFactor: 1,
      wantLines: false,
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const troubles = new TroubleLog(log);
    const pipeline = new Pipeline({ pool, settings, sources, stats, clock, log, troubles });
    const result = await pipeline.tick(clock.now(), true);
    return { lines: result?.lines ?? '', sources: pipeline.state().sources };
  } finally {
    await life.close(endWithin);
  }
}

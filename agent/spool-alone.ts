import { createProcessCells } from '../workers/contract/process-cells.ts';
import { createRingBuffers } from '../workers/contract/ring-cells.ts';
import { type Clock, systemClock } from './clock.ts';
import { tickSettings } from './collecting.ts';
import type { Config } from './config/schema.ts';
import { endWithin, flushMs, Lifecycle } from './lifecycle.ts';
import type { Log } from './log.ts';
import { type ReplayRequest, replaySpool } from './pipeline/spool.ts';
import { storePathOf } from './pipeline/store-path.ts';
import { TickPool } from './pipeline/tick-pool.ts';
import { createInfluxSink } from './sinks/influx/influx.ts';

/** The quarantine of a store that no agent runs on: who calls it owns the data directory. */
export async function startSpool(
  config: Config,
  { log, clock = systemClock }: { readonly log: Log; readonly clock?: Clock },
) {
  const life = new Lifecycle();
  try {
    const store = { path: storePathOf(config.agent.dataDir) };
    const rings = createRingBuffers(60_000);
    const pool = new TickPool({ rings, processes: createProcessCells(), events: null, store });
    life.defer('tick worker', () => pool.close());
    const { notices } = await pool.open(tickSettings(config, null));
    for (const notice of notices) log.warn(notice);
    const { measurementPrefix } = config.agent;
    const sinks = config.influx.map((options) =>
      createInfluxSink(options, { port: pool, clock, log, measurementPrefix }),
    );
    life.defer('sinks', () => Promise.all(sinks.map((sink) => sink.close(flushMs))));
    return {
      replay: (request: ReplayRequest) => replaySpool(pool, sinks, request),
      drop: (ids: readonly number[]) => pool.spool({ do: 'drop', ids }),
      close: () => life.close(endWithin),
    };
  } catch (error) {
    await life.close(endWithin);
    throw error;
  }
}

import type { ReadyPart, ReadyReport } from '../ready-shape.ts';
import type { SelfStats } from '../selfstats.ts';
import type { SinkStatus } from '../sinks/sink.ts';
import type { PipelineState } from './pipeline.ts';

/**
 * Each part and why it is not well. Ready means that ticks are sampled and kept: a source or a destination that is
 * away is told, but the agent does its work without it.
 */
export function readyReport(
  state: PipelineState,
  sinks: readonly SinkStatus[],
  nowMs: number,
  { intervalMs, budgetLevel }: SelfStats,
): ReadyReport {
  const ageMs = nowMs - state.lastTickMs;
  const late = state.ticks > 0 && Math.abs(ageMs) > 5 * intervalMs;
  const ticking = state.ticks > 0 && !late;
  const tick: ReadyPart = {
    part: 'tick',
    ok: ticking,
    problem:
      state.ticks === 0 ? state.problem : late ? `the last tick was ${Math.round(ageMs / 1000)} s ago` : '',
    ticks: state.ticks,
    intervalMs,
    budgetLevel,
  };
  const store: ReadyPart = {
    part: 'store',
    ok: state.committed,
    problem: state.committed ? '' : state.problem,
    collected: state.collected,
  };
  const sources = state.sources.map(({ source, up, problem }) => ({
    part: `source/${source}`,
    ok: up,
    problem,
  }));
  const targets = sinks.map(({ sink, up, problem }) => ({ part: `sink/${sink}`, ok: up, problem }));
  return {
    ready: ticking && state.committed,
    parts: [tick, store, ...sources, ...targets],
    ledger: state.ledger,
  };
}

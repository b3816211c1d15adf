import type { BacktestPlan, BacktestReport, BacktestStep, BacktestTask } from '../contract/backtest.ts';
import { backtest } from '../replay/backtest.ts';
import { MetricReader } from '../store/metric-reader.ts';
import { useReader } from './query.ts';

/**
 * The task of the query worker that replays rules over the stored past, a part at a time: what else the worker has to do,
 * the rules of now first of all, comes between.
 */

/** A part takes about so long. */
const partMs = 150;
/** Most time of one rule for some hours of the past. */
const ruleLimitMs = 4000;
/** Most alerts of a rule that are told. */
const mostAlerts = 100;

let running: { readonly id: string; readonly steps: Generator<number, BacktestReport> } | undefined;

/** @throws Error when it is to go on with a replay that another one, or another worker, has taken the place of */
export function backtestStep({ id, plan }: BacktestTask): BacktestStep {
  if (plan !== null) running = { id, steps: begin(JSON.parse(plan) as BacktestPlan) };
  if (running?.id !== id) throw new Error('the replay was ended by something else; begin it again');
  const endMs = performance.now() + partMs;
  try {
    for (;;) {
      const step = running.steps.next();
      if (step.done) {
        running = undefined;
        return { done: 1, report: bounded(step.value) };
      }
      if (performance.now() >= endMs) return { done: step.value, report: null };
    }
  } catch (error) {
    running = undefined;
    throw error;
  }
}

/** Lets go of what a replay that nobody waits for any more holds. */
export function endBacktest(id: string): void {
  if (running?.id === id) running = undefined;
}

function begin(plan: BacktestPlan): Generator<number, BacktestReport> {
  const { groups, routing, sinceMs, untilMs, externalUrl, commonTags, rawFromMs, staleTicks } = plan;
  const metrics = new MetricReader(useReader(), rawFromMs);
  return backtest({
    ...{ groups, routing, sinceMs, untilMs, externalUrl, partLimitMs: ruleLimitMs },
    commonLabels: commonTags,
    past: {
      select: (matchers, startMs, endMs) => metrics.select(matchers, startMs, endMs, staleTicks),
      tickTimes: (startMs, endMs) => metrics.tickTimes(startMs, endMs),
      rawFromMs,
    },
  });
}

function bounded(report: BacktestReport): BacktestReport {
  const rules = report.rules.map((rule) => ({ ...rule, alerts: rule.alerts.slice(0, mostAlerts) }));
  return { ...report, rules };
}

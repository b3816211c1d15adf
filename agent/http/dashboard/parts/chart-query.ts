/** What the agent measures every 10 s it measures every 60 s while it saves: holds two values of it. */
const slowWindowMs = 150_000;

/** `$mean(queue_waiting{queue="a"})`: what a chart wants of a metric. A text in quotes may hold any sign. */
const calls = /\$(mean|peak|rate|slowMean|slowRate)\(((?:"(?:[^"\\]|\\.)*"|[^")])*)\)/g;

/**
 * The PromQL of a chart with points every `stepMs` of what is measured every `intervalMs`. Each point is of the step
 * that ends there, so that nothing between two points is left out:
 * - `$mean(x)` and `$peak(x)` are the mean and the maximum of a gauge;
 * - `$rate(x)` is how much a counter grew a second. `rate()` divides by the whole window, also by a part of it in which
 *   the agent measured nothing, such as before its first tick: the same rate of the host's uptime, a counter that grows
 *   by one a second, says how much of it was measured. Where no host is measured it stays undivided;
 * - `$slowMean(x)` and `$slowRate(x)` are for what is measured every 10 s, or every 60 s while the agent saves.
 */
export function chartQuery(expr: string, stepMs: number, intervalMs: number): string {
  return expr.replace(calls, (_, name: string, selector: string) => {
    switch (name) {
      case 'rate':
        return rate(selector, rateWindowMs(stepMs, intervalMs));
      case 'slowRate':
        return rate(selector, Math.max(stepMs, slowWindowMs));
      case 'slowMean':
        return stepMs > slowWindowMs
          ? `avg_over_time(${selector}[${stepMs}ms])`
          : `last_over_time(${selector}[${slowWindowMs}ms])`;
      default:
        return gauge(name === 'peak' ? 'max_over_time' : 'avg_over_time', selector, stepMs, intervalMs);
    }
  });
}

function gauge(take: string, selector: string, stepMs: number, intervalMs: number): string {
  if (stepMs <= intervalMs) return selector;
  const ofStep = `${take}(${selector}[${stepMs}ms])`;
  // Not every short step holds a value of what comes less often. The 0 takes the name away, as the function does.
  return stepMs > slowWindowMs ? ofStep : `(${ofStep} or ${selector} + 0)`;
}

function rate(selector: string, windowMs: number): string {
  const window = `[${windowMs}ms]`;
  return `(rate(${selector}${window}) / scalar(max(rate(system_uptime_seconds${window})) or vector(1)))`;
}

/**
 * Of `rate()` over points that far apart: a step, and room for a pair of values even where the agent saved its budget
 * and measured four times less often than it usually does.
 */
export function rateWindowMs(stepMs: number, intervalMs: number): number {
  return Math.max(stepMs, intervalMs * 4, 30_000);
}

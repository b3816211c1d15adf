import type { Alert, AlertingRule } from '../contract/alerts.ts';
import { parseExpression, type SampleSeries, type Select } from '../promql/index.ts';
import type { Maintenance } from '../routing/dispatcher.ts';
import { selectedMetrics } from '../rules/metric-sources.ts';

/** What grows while a queue is paused on purpose. */
const depthMetrics: ReadonlySet<string> = new Set([
  'queue_waiting',
  'queue_prioritized',
  'queue_delayed',
  'queue_oldest_waiting_age_ms',
  'queue_wait_p50_ms',
  'queue_wait_p95_ms',
]);

/** A queue that is paused says so at each reading; this far back the last one is looked for. */
const freshMs = 60_000;

/** A queue that is paused on purpose silences what is said of its depth; gives its name. */
export function pausedQueues(
  rules: ReadonlyMap<string, AlertingRule>,
  select: Select,
  timeMs: number,
): Maintenance {
  let paused: readonly SampleSeries[] | undefined;
  const readsDepth = new Map<string, boolean>();
  return ({ labels, rule: key }: Alert) => {
    if (labels.queue === undefined) return null;
    let isOfDepth = readsDepth.get(key);
    if (isOfDepth === undefined) {
      isOfDepth = readsDepths(rules.get(key)?.expr);
      readsDepth.set(key, isOfDepth);
    }
    if (!isOfDepth) return null;
    paused ??= select(
      [{ name: '__name__', op: '=', value: 'queue_paused' }],
      timeMs - freshMs,
      timeMs,
    ).filter(({ values }) => values.at(-1) === 1);
    const isPaused = paused.some((series) =>
      ['redis', 'prefix', 'queue'].every(
        (name) => labels[name] === undefined || labels[name] === series.labels[name],
      ),
    );
    return isPaused ? labels.queue : null;
  };
}

function readsDepths(expr: string | undefined): boolean {
  if (expr === undefined) return false;
  return selectedMetrics(parseExpression(expr)).some(
    ({ name }) => name !== undefined && depthMetrics.has(name),
  );
}

import type { Alert, LabelSet, Rule, RuleGroup } from '../contract/alerts.ts';
import { Labels, parseExpression } from '../promql/index.ts';
import { alertsForStateMetric, alertsMetric } from '../rules/alert-samples.ts';
import { selectedMetrics } from '../rules/metric-sources.ts';
import type { ReplayedSamples } from './replayed-samples.ts';

interface AlertTimes {
  readonly name: string;
  readonly labels: Labels;
  readonly timesMs: number[];
  readonly values: number[];
}

/** What a rule's alerts leave of themselves for other rules to see: the series `ALERTS` and `ALERTS_FOR_STATE`. */
export class ReplayedAlerts {
  /** By the alert's labels, then by the rest of what names a series. */
  readonly #times = new Map<LabelSet, Map<string, AlertTimes>>();

  /** Takes the alerts that are pending or fire at an evaluation. */
  take(active: Iterable<Alert>, timeMs: number): void {
    for (const { labels, state, activeAtMs } of active) {
      const series = this.#times.get(labels) ?? new Map<string, AlertTimes>();
      this.#times.set(labels, series);
      const own = series.get(state) ?? newTimes(alertsMetric, Labels.of(labels).with('alertstate', state));
      series.set(state, own);
      own.timesMs.push(timeMs);
      own.values.push(1);
      const since = series.get('') ?? newTimes(alertsForStateMetric, Labels.of(labels));
      series.set('', since);
      since.timesMs.push(timeMs);
      since.values.push(Math.floor(activeAtMs / 1000));
    }
  }

  /** Gives what was taken, and begins anew. */
  give(samples: ReplayedSamples, stepMs: number): void {
    for (const series of this.#times.values()) {
      for (const { name, labels, timesMs, values } of series.values())
        samples.record(name, labels, Float64Array.from(timesMs), Float64Array.from(values), stepMs);
    }
    this.#times.clear();
  }
}

function newTimes(name: string, labels: Labels): AlertTimes {
  return { name, labels, timesMs: [], values: [] };
}

/** The rules that see alerts of others, by `ALERTS` or by what was recorded of it: they come after the others. */
export function alertReaders(groups: readonly RuleGroup[]): ReadonlySet<Rule> {
  const names = new Set([alertsMetric, alertsForStateMetric]);
  const readers = new Set<Rule>();
  const rules = groups.flatMap((group) => group.rules);
  for (let before = -1; before < readers.size; ) {
    before = readers.size;
    for (const rule of rules) {
      if (!readsOne(rule, names)) continue;
      readers.add(rule);
      if (rule.kind === 'recording') names.add(rule.name);
    }
  }
  return readers;
}

function readsOne(rule: Rule, names: ReadonlySet<string>): boolean {
  const expressions = rule.kind === 'alerting' && rule.clear !== null ? [rule.expr, rule.clear] : [rule.expr];
  return expressions.some((expr) => {
    try {
      return selectedMetrics(parseExpression(expr)).some(({ name }) => name !== undefined && names.has(name));
    } catch {
      // It fails when it is evaluated, and says why.
      return false;
    }
  });
}

import type { LabelSet, Rule, RuleGroup } from '../contract/alerts.ts';
import { type Expr, PromqlError, parseExpression } from '../promql/index.ts';
import {
  dependenciesOf,
  metricsTaken,
  type SelectedMetrics,
  type SourceDependency,
  selectedMetrics,
} from './metric-sources.ts';

/** Which sources the alerts of rules depend on, through recording rules too. */
export class RuleSources {
  readonly #dependencies: readonly (readonly (readonly SourceDependency[])[])[];
  /** What each recorded metric is made of. */
  readonly #recorded = new Map<string, SelectedMetrics[]>();

  constructor(groups: readonly RuleGroup[]) {
    for (const rule of groups.flatMap(({ rules }) => rules)) {
      if (rule.kind !== 'recording') continue;
      const others = this.#recorded.get(rule.name) ?? [];
      this.#recorded.set(rule.name, [...others, ...selectedBy(rule)]);
    }
    this.#dependencies = groups.map(({ rules }) => rules.map((rule) => this.#through(selectedBy(rule))));
  }

  /**
   * The sources out of `downSources` that an alert with these labels depends on. Where sources have instances
   * (`queues/REDIS`, `process/NAME`) and the alert's labels name one, only that one counts.
   */
  of(groupIndex: number, ruleIndex: number, labels: LabelSet, downSources: readonly string[]): string[] {
    if (downSources.length === 0) return [];
    const dependencies = this.#dependencies[groupIndex]![ruleIndex]!;
    return downSources.filter((source) => dependencies.some((one) => dependsOn(one, labels, source)));
  }

  #through(selected: readonly SelectedMetrics[]): SourceDependency[] {
    const found: SourceDependency[] = [];
    const open = [...selected];
    const followed = new Set<string>();
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      found.push(...dependenciesOf(next));
      for (const metric of metricsTaken(next, this.#recorded.keys())) {
        if (followed.has(metric)) continue;
        followed.add(metric);
        open.push(...(this.#recorded.get(metric) ?? []));
      }
    }
    return found;
  }
}

function selectedBy(rule: Rule): SelectedMetrics[] {
  const clear = rule.kind === 'alerting' ? rule.clear : null;
  return [rule.expr, ...(clear === null ? [] : [clear])].flatMap((text) => {
    try {
      return selectedMetrics(parseExpression(text), asksForNothing);
    } catch (error) {
      // Its evaluation says what is wrong with it.
      if (error instanceof PromqlError) return [];
      throw error;
    }
  });
}

/** Whether there is nothing is known of a source that is down, too. */
function asksForNothing(expr: Expr): boolean {
  return expr.kind === 'call' && (expr.name === 'absent' || expr.name === 'absent_over_time');
}

function dependsOn(
  { source, instanceLabel, takes }: SourceDependency,
  labels: LabelSet,
  name: string,
): boolean {
  if (instanceLabel === '') return name === source;
  if (!name.startsWith(source)) return false;
  const instance = name.slice(source.length);
  const own = Object.hasOwn(labels, instanceLabel) ? labels[instanceLabel]! : '';
  return (own === '' || own === instance) && takes(instance);
}

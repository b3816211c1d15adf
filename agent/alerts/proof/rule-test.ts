import {
  type Alert,
  type AlertingRule,
  type LabelSet,
  type RuleGroup,
  ruleKey,
} from '../../../workers/contract/alerts.ts';
import { evaluateVector, Labels, parseExpression } from '../../../workers/promql/index.ts';
import { RuleBook } from '../../../workers/rules/rule-book.ts';
import { messageOf } from '../../errors.ts';
import { alertDifference, type ShownAlert, samplesDifference } from './difference.ts';
import { durationText } from './duration-text.ts';
import type { TestRouting } from './routing-test.ts';
import type { AlertCheck, ExpressionCheck, RuleTest } from './test-file.ts';
import { TestSamples } from './test-samples.ts';

/** Evaluations of one test; more are a mistake. */
const mostEvaluations = 1_000_000;

export interface RuleTestSetting {
  /** In the order in which they are evaluated. */
  readonly groups: readonly RuleGroup[];
  readonly evaluationIntervalMs: number;
  readonly fuzzyCompare: boolean;
  /** null: nothing is asked of routing. */
  readonly routing: TestRouting | null;
}

/**
 * Runs one test as promtool does (cmd/promtool/unittest.go): every group at each evaluation interval from the start to the
 * last time that is asked for, then the expressions. Gives what is other than expected, in words; nothing when all is well.
 */
export function runRuleTest(test: RuleTest, setting: RuleTestSetting): string[] {
  return new RuleTestRun(test, setting).run();
}

class RuleTestRun {
  readonly #test: RuleTest;
  readonly #setting: RuleTestSetting;
  readonly #samples: TestSamples;
  readonly #book: RuleBook;
  readonly #groups: readonly RuleGroup[];
  /** By `ruleKey`. */
  readonly #rules: ReadonlyMap<string, AlertingRule>;
  /** Series of alerts of the evaluation before, by rule. */
  readonly #alertSeries = new Map<string, ReadonlyMap<string, Labels>>();
  /** Alerts that ended and that somebody may have to be told of, by id. */
  readonly #ended = new Map<string, Alert>();
  readonly #differences: string[] = [];

  constructor(test: RuleTest, setting: RuleTestSetting) {
    this.#test = test;
    this.#setting = setting;
    this.#samples = new TestSamples(test.input, test.startMs, test.intervalMs);
    this.#groups = setting.groups.flatMap((group) => singleRules(group, setting.evaluationIntervalMs));
    this.#rules = new Map(
      this.#groups.flatMap((group) => {
        const rule = group.rules[0]!;
        return rule.kind === 'alerting' ? [[ruleKey(group, 0), rule] as const] : [];
      }),
    );
    this.#book = new RuleBook(this.#groups, [], 0, {
      ...{ externalUrl: test.externalUrl, externalLabels: test.externalLabels },
      ...{ subqueryStepMs: setting.evaluationIntervalMs, ruleLimitMs: 60_000 },
    });
  }

  run(): string[] {
    const { alertChecks, expressionChecks, routingChecks } = this.#test;
    const lastMs = Math.max(
      0,
      ...[...alertChecks, ...expressionChecks, ...routingChecks].map(({ evalTimeMs }) => evalTimeMs),
    );
    const stepMs = this.#setting.evaluationIntervalMs;
    if (lastMs / stepMs > mostEvaluations) return [`more than ${mostEvaluations} evaluations`];
    for (let elapsedMs = 0; elapsedMs <= lastMs; elapsedMs += stepMs) {
      const errors = this.#evaluate(elapsedMs);
      this.#differences.push(...errors);
      if (errors.length > 0) return this.#differences;
      // What is asked between two evaluations is answered by the one before it.
      const isNow = ({ evalTimeMs }: { readonly evalTimeMs: number }) =>
        elapsedMs <= evalTimeMs && evalTimeMs < elapsedMs + stepMs;
      for (const check of alertChecks.filter(isNow)) this.#checkAlerts(check);
      for (const check of routingChecks.filter(isNow))
        this.#tell(this.#setting.routing?.check(check, durationText(check.evalTimeMs)));
    }
    for (const check of expressionChecks) this.#checkExpression(check);
    return this.#differences;
  }

  #tell(difference: string | null | undefined): void {
    if (!difference) return;
    const { name } = this.#test;
    this.#differences.push(name === '' ? difference : `    name: ${name},\n${difference}`);
  }

  /** Gives what failed. */
  #evaluate(elapsedMs: number): string[] {
    const timeMs = this.#test.startMs + elapsedMs;
    this.#samples.moveTo(timeMs);
    const errors: string[] = [];
    for (const [index, group] of this.#groups.entries()) {
      const outcome = this.#book.evaluate(index, timeMs, this.#samples.select, [], Number.POSITIVE_INFINITY);
      const sampleMs = timeMs - group.queryOffsetMs;
      for (const { name, labels, value } of outcome.recorded) this.#append(name, labels, sampleMs, value);
      for (const { name, labels } of outcome.ended) this.#append(name, labels, sampleMs, 'stale');
      for (const alert of outcome.changed) if (alert.state === 'resolved') this.#ended.set(alert.id, alert);
      this.#storeAlerts(ruleKey(group, 0), sampleMs);
      const { error } = outcome.health[0]!;
      if (error !== '')
        errors.push(`    rule: ${group.rules[0]!.name}, time: ${durationText(elapsedMs)}, err: ${error}`);
    }
    const untold = this.#setting.routing?.step([...this.#book.active(), ...this.#ended.values()], timeMs);
    for (const id of this.#ended.keys()) if (!untold?.has(id)) this.#ended.delete(id);
    return errors;
  }

  #append(name: string, labels: LabelSet, timeMs: number, value: number | 'stale'): void {
    this.#samples.append(Labels.of({ ...labels, __name__: name }), timeMs, value);
  }

  /** The series that Prometheus writes of active alerts; those that are no longer there end. */
  #storeAlerts(key: string, timeMs: number): void {
    const series = new Map<string, Labels>();
    for (const alert of this.#book.active()) {
      if (alert.rule !== key) continue;
      const state = Labels.of({ ...alert.labels, __name__: 'ALERTS', alertstate: alert.state });
      const since = Labels.of({ ...alert.labels, __name__: 'ALERTS_FOR_STATE' });
      series.set(state.key, state).set(since.key, since);
      this.#samples.append(state, timeMs, 1);
      this.#samples.append(since, timeMs, Math.floor(alert.activeAtMs / 1000));
    }
    for (const [before, labels] of this.#alertSeries.get(key) ?? [])
      if (!series.has(before)) this.#samples.append(labels, timeMs, 'stale');
    this.#alertSeries.set(key, series);
  }

  #checkAlerts({ alertname, evalTimeMs, expected }: AlertCheck): void {
    const got = this.#book
      .active()
      .filter(({ state, rule }) => state === 'firing' && this.#rules.get(rule)!.name === alertname)
      .map((alert) => this.#shown(alert));
    const difference = alertDifference(expected, got);
    if (difference)
      this.#tell(`    alertname: ${alertname}, time: ${durationText(evalTimeMs)},\n${difference}`);
  }

  /** With the annotations that the rule file has for the agent: promtool takes them for annotations like any other. */
  #shown({ labels, annotations, rule }: Alert): ShownAlert {
    const { noData, clear } = this.#rules.get(rule)!;
    return {
      labels,
      annotations: {
        ...annotations,
        ...(noData !== null && { nova_no_data: noData }),
        ...(clear !== null && { nova_clear: clear }),
      },
    };
  }

  #checkExpression({ expr, evalTimeMs, expected }: ExpressionCheck): void {
    const where = `    expr: ${JSON.stringify(expr)}, time: ${durationText(evalTimeMs)},`;
    try {
      const options = { subqueryStepMs: this.#setting.evaluationIntervalMs, delayedNameRemoval: false };
      const timeMs = this.#test.startMs + evalTimeMs;
      const vector = evaluateVector(parseExpression(expr), expr, timeMs, this.#samples.select, options);
      const got = vector.labels.map((labels, i) => ({ labels, value: vector.values[i]! }));
      const difference = samplesDifference(expected, got, this.#setting.fuzzyCompare);
      if (difference) this.#tell(`${where}\n${difference}`);
    } catch (error) {
      this.#tell(`${where} err: ${messageOf(error)}`);
    }
  }
}

/**
 * A group for each rule: what a rule makes is stored before the next one is evaluated. All of them are due at each
 * evaluation, whatever interval the group has.
 */
function singleRules(group: RuleGroup, intervalMs: number): RuleGroup[] {
  return group.rules.map((rule, i) => ({ ...group, name: `${group.name};${i}`, intervalMs, rules: [rule] }));
}

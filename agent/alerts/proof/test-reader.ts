import { resolve } from 'node:path';
import { Labels } from '../../../workers/promql/index.ts';
import { parseMatchers } from '../../../workers/routing/matchers.ts';
import { messageOf } from '../../errors.ts';
import type { Node, RuleDocument } from '../rule-files/rule-document.ts';
import { type Fields, labelSet, RuleFields } from '../rule-files/rule-fields.ts';
import { shown } from '../rule-files/yaml-values.ts';
import { metricLabels, type SeriesValue, seriesValues } from './series-notation.ts';
import type {
  AlertCheck,
  ExpectedAlert,
  ExpressionCheck,
  RoutingCheck,
  RuleTest,
  TestFile,
  TestSilence,
} from './test-file.ts';
import type { InputSeries } from './test-samples.ts';

const fileKeys = [
  ...['rule_files', 'evaluation_interval', 'group_eval_order', 'fuzzy_compare', 'tests'],
  'notify_file',
];
const testKeys = [
  ...['name', 'interval', 'input_series', 'alert_rule_test', 'promql_expr_test'],
  ...['external_labels', 'external_url', 'start_timestamp', 'silences', 'routing_test'],
];
const usualIntervalMs = 60_000;
const mutedByWords = ['nobody', 'silence', 'inhibition', 'time'] as const;

/** Reads a file of rule tests, by the checks of promtool (cmd/promtool/unittest.go); what is wrong is noted in the document. */
export class TestReader {
  readonly #fields: RuleFields;

  constructor(document: RuleDocument) {
    this.#fields = new RuleFields(document);
  }

  /** @param folder of the test file: what globs are relative to */
  read(folder: string): TestFile {
    const top = this.#fields.fields(this.#fields.document.contents, 'a test file', fileKeys);
    const evaluationIntervalMs = this.#durationMs(top, 'evaluation_interval') || usualIntervalMs;
    const notify = this.#fields.text(top, 'notify_file');
    const ruleFiles = this.#texts(top, 'rule_files');
    const groupEvalOrder = this.#texts(top, 'group_eval_order');
    const repeated = groupEvalOrder.find((name, i) => groupEvalOrder.indexOf(name) !== i);
    if (repeated !== undefined)
      this.#fields.refuse(
        top.get('group_eval_order')!.key,
        `group name repeated in evaluation order: ${repeated}`,
      );
    return {
      ruleFiles: ruleFiles.map((glob) => resolve(folder, glob)),
      evaluationIntervalMs,
      groupEvalOrder,
      fuzzyCompare: this.#boolean(top, 'fuzzy_compare'),
      notifyFile: notify === '' ? null : resolve(folder, notify),
      tests: this.#items(top, 'tests').map((node) => this.#test(node, evaluationIntervalMs, notify !== '')),
    };
  }

  #test(node: Node, evaluationIntervalMs: number, hasNotify: boolean): RuleTest {
    const fields = this.#fields.fields(node, 'a test', testKeys);
    for (const name of ['silences', 'routing_test']) {
      const entry = fields.get(name);
      if (entry && !hasNotify) this.#fields.refuse(entry.key, `${name} needs notify_file at the top`);
    }
    const startMs = this.#timeMs(fields, 'start_timestamp', 0);
    return {
      name: this.#fields.text(fields, 'name'),
      startMs,
      intervalMs: this.#durationMs(fields, 'interval') || evaluationIntervalMs,
      input: this.#items(fields, 'input_series').map((item) => this.#input(item)),
      alertChecks: this.#items(fields, 'alert_rule_test').map((item) => this.#alertCheck(item)),
      expressionChecks: this.#items(fields, 'promql_expr_test').map((item) => this.#expressionCheck(item)),
      externalLabels: labelSet(this.#fields.texts(fields, 'external_labels')),
      externalUrl: this.#fields.text(fields, 'external_url'),
      silences: this.#items(fields, 'silences').map((item) => this.#silence(item)),
      routingChecks: this.#items(fields, 'routing_test').map((item) => this.#routingCheck(item)),
    };
  }

  #input(node: Node): InputSeries {
    const fields = this.#fields.fields(node, 'an input series', ['series', 'values']);
    const labels = this.#labels(fields, 'series', node);
    const scalar = this.#fields.scalar(fields, 'values');
    let values: SeriesValue[] = [];
    try {
      values = seriesValues(String(scalar?.value ?? ''));
    } catch (error) {
      this.#fields.refuse(scalar ?? node, `values: ${messageOf(error)}`);
    }
    return { labels, values };
  }

  #alertCheck(node: Node): AlertCheck {
    const fields = this.#fields.fields(node, 'an alert test', ['eval_time', 'alertname', 'exp_alerts']);
    const alertname = this.#fields.text(fields, 'alertname');
    if (alertname === '')
      this.#fields.refuse(node, 'an item under alert_rule_test misses required attribute alertname');
    const expected = this.#items(fields, 'exp_alerts').map((item): ExpectedAlert => {
      const alert = this.#fields.fields(item, 'an expected alert', ['exp_labels', 'exp_annotations']);
      const labels = { ...labelSet(this.#fields.texts(alert, 'exp_labels')), alertname };
      return { labels, annotations: labelSet(this.#fields.texts(alert, 'exp_annotations')) };
    });
    return { evalTimeMs: this.#evalTimeMs(fields), alertname, expected };
  }

  #expressionCheck(node: Node): ExpressionCheck {
    const fields = this.#fields.fields(node, 'an expression test', ['expr', 'eval_time', 'exp_samples']);
    const expected = this.#items(fields, 'exp_samples').map((item) => {
      const sample = this.#fields.fields(item, 'an expected sample', ['labels', 'value', 'histogram']);
      const histogram = sample.get('histogram');
      if (histogram)
        this.#fields.refuse(histogram.key, 'native histograms are not taken: only float samples are');
      return { labels: this.#labels(sample, 'labels', item), value: this.#number(sample, 'value') };
    });
    const expr = this.#fields.text(fields, 'expr');
    if (expr === '') this.#fields.refuse(node, 'an item under promql_expr_test has no expr');
    return { expr, evalTimeMs: this.#evalTimeMs(fields), expected };
  }

  #silence(node: Node): TestSilence {
    const fields = this.#fields.fields(node, 'a silence', ['matchers', 'startsAt', 'endsAt']);
    const texts = this.#texts(fields, 'matchers');
    let matchers: TestSilence['matchers'] = [];
    try {
      matchers = texts.flatMap((text) => parseMatchers(text));
      if (matchers.length === 0) throw new Error('expected at least one, such as queue="mail"');
    } catch (error) {
      this.#fields.refuse(fields.get('matchers')?.value ?? node, `matchers: ${messageOf(error)}`);
    }
    const endsAtMs = this.#durationMs(fields, 'endsAt') ?? Number.POSITIVE_INFINITY;
    return { matchers, startsAtMs: this.#durationMs(fields, 'startsAt') ?? 0, endsAtMs };
  }

  #routingCheck(node: Node): RoutingCheck {
    const known = ['eval_time', 'labels', 'receivers', 'muted_by', 'notified'];
    const fields = this.#fields.fields(node, 'a routing test', known);
    const labels = labelSet(this.#fields.texts(fields, 'labels'));
    if (Object.keys(labels).length === 0)
      this.#fields.refuse(node, 'labels: expected those of an alert, such as {alertname: high-cpu}');
    const word = this.#fields.scalar(fields, 'muted_by');
    const mutedBy = mutedByWords.find((one) => one === word?.value) ?? null;
    if (word && mutedBy === null)
      this.#fields.refuse(word, `muted_by: expected ${mutedByWords.join(', ')}, got ${shown(word)}`);
    const receivers = fields.has('receivers') ? this.#texts(fields, 'receivers') : null;
    const notified = fields.has('notified') ? this.#texts(fields, 'notified') : null;
    return { evalTimeMs: this.#evalTimeMs(fields), labels, receivers, mutedBy, notified };
  }

  #labels(fields: Fields, name: string, node: Node): Labels {
    const scalar = this.#fields.scalar(fields, name);
    const entry = fields.get(name)?.value ?? node;
    try {
      return metricLabels(String(scalar?.value ?? ''));
    } catch (error) {
      this.#fields.refuse(scalar ?? entry, `${name}: ${messageOf(error)}`);
      return Labels.none;
    }
  }

  #items(fields: Fields, name: string): Node[] {
    return this.#fields.values.items(fields.get(name)?.value ?? null, name);
  }

  #texts(fields: Fields, name: string): string[] {
    return this.#items(fields, name).map((item) =>
      String(this.#fields.values.scalar(item, `text in ${name}`)?.value ?? ''),
    );
  }

  #evalTimeMs(fields: Fields): number {
    return this.#durationMs(fields, 'eval_time') ?? 0;
  }

  #durationMs(fields: Fields, name: string): number | undefined {
    return this.#fields.durationMs(fields, name);
  }

  #boolean(fields: Fields, name: string): boolean {
    const scalar = this.#fields.scalar(fields, name);
    if (!scalar) return false;
    const text = String(scalar.value).toLowerCase();
    if (text !== 'true' && text !== 'false')
      this.#fields.refuse(scalar, `${name}: expected true or false, got ${shown(scalar)}`);
    return text === 'true';
  }

  /** As YAML writes numbers; 0 where nothing is written. */
  #number(fields: Fields, name: string): number {
    const scalar = this.#fields.scalar(fields, name);
    if (!scalar) return 0;
    const text = String(scalar.value).replaceAll('_', '').toLowerCase();
    const special = /^([-+]?)\.?(inf|nan)$/.exec(text);
    if (special) return special[2] === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
    const value = text === '' ? Number.NaN : Number(text);
    if (Number.isNaN(value)) this.#fields.refuse(scalar, `${name}: expected a number, got ${shown(scalar)}`);
    return value;
  }

  /** Seconds since 1970, or ISO 8601. */
  #timeMs(fields: Fields, name: string, usualMs: number): number {
    const scalar = this.#fields.scalar(fields, name);
    if (!scalar) return usualMs;
    const text = String(scalar.value);
    const ms = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
    if (!Number.isNaN(ms)) return ms;
    this.#fields.refuse(
      scalar,
      `${name}: expected a time such as 2026-01-31T12:00:00Z, got ${shown(scalar)}`,
    );
    return usualMs;
  }
}

import type { Scalar } from 'yaml';
import type { AlertingRule, FilePlace, LabelSet, Rule } from '../../../workers/contract/alerts.ts';
import { functionNames, PromqlError, parseExpression, typeOf } from '../../../workers/promql/index.ts';
import { ruleTemplateError } from '../../../workers/template/rule-template.ts';
import { nearest } from '../../spelling.ts';
import type { Node } from './rule-document.ts';
import { type Fields, labelSet, type RuleFields, type TextEntry } from './rule-fields.ts';
import { sourceOffsets } from './source-offsets.ts';
import { shown } from './yaml-values.ts';

const ruleKeys = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'] as const;

/** Annotations that are ours: they are taken out and say how the rule works. */
const ownAnnotations = ['nova_no_data', 'nova_clear'] as const;
const noDataWords = ['keep', 'ok', 'alert'] as const;

/** An expression of a rule, with the way back to where it was written. */
export interface RuleExpression {
  readonly expr: string;
  /** Where an offset in the expression stands in the file. */
  readonly placeOf: (index: number) => FilePlace;
}

/** Reads the rules of a file, by the checks of Prometheus (model/rulefmt/rulefmt.go, `Rule.Validate`). */
export class RuleReader {
  readonly #fields: RuleFields;
  readonly expressions: RuleExpression[] = [];

  constructor(fields: RuleFields) {
    this.#fields = fields;
  }

  /**
   * `group` is the name of its group, `position` counts from 1. Null when something is wrong with it: the document's
   * problems then say what.
   */
  read(node: Node, group: string, position: number, groupLabels: LabelSet): Rule | null {
    const { document } = this.#fields;
    const before = document.problems.length;
    const rule = this.#read(node, groupLabels);
    const where = `group ${JSON.stringify(group)}, rule ${position}, ${JSON.stringify(rule.name)}: `;
    for (let i = before; i < document.problems.length; i++) {
      const { place, message } = document.problems[i]!;
      document.problems[i] = { place, message: where + message };
    }
    return document.problems.length > before ? null : rule;
  }

  #read(node: Node, groupLabels: LabelSet): Rule {
    const reader = this.#fields;
    const before = reader.document.problems.length;
    const fields = reader.fields(node, 'a rule', ruleKeys);
    const record = reader.text(fields, 'record');
    const alert = reader.text(fields, 'alert');
    const isWhole = reader.document.problems.length === before;
    if (record !== '' && alert !== '') reader.refuse(node, "only one of 'record' and 'alert' must be set");
    if (record === '' && alert === '' && isWhole)
      reader.refuse(node, "one of 'record' or 'alert' must be set");
    const expr = this.#expression(fields, node, isWhole);
    const forMs = reader.durationMs(fields, 'for') ?? 0;
    const keepFiringForMs = reader.durationMs(fields, 'keep_firing_for') ?? 0;
    const labels = reader.texts(fields, 'labels');
    const annotations = reader.texts(fields, 'annotations');
    this.#checkNames(labels, annotations);
    const resolved = reader.values.resolve(node) ?? node;
    const written = {
      expr,
      labels: { ...groupLabels, ...labelSet(labels) },
      place: reader.document.placeOf(resolved?.range[0] ?? 0),
    };
    if (record !== '') {
      this.#checkRecording(record, fields, { forMs, keepFiringForMs, annotations: annotations.size });
      return { kind: 'recording', name: record, ...written };
    }
    this.#checkTemplates('label', labels);
    this.#checkTemplates('annotation', annotations);
    const own = this.#ownAnnotations(annotations);
    return { kind: 'alerting', name: alert, forMs, keepFiringForMs, ...written, ...own };
  }

  /** `isWhole`: nothing is wrong so far that says why there is none. */
  #expression(fields: Fields, node: Node, isWhole: boolean): string {
    const before = this.#fields.document.problems.length;
    const scalar = this.#fields.scalar(fields, 'expr');
    const text = String(scalar?.value ?? '');
    if (scalar && text !== '') this.#parse(scalar, 'could not parse expression');
    else if (isWhole && this.#fields.document.problems.length === before)
      this.#fields.refuse(scalar ?? node, "field 'expr' must be set in rule");
    return text;
  }

  /** The type of the expression; undefined when it is refused. */
  #parse(scalar: Scalar.Parsed, trouble: string) {
    const expr = String(scalar.value);
    const { document } = this.#fields;
    let offsets: readonly number[] | undefined;
    const offsetOf = (index: number) => {
      offsets ??= sourceOffsets(scalar, document.text);
      return offsets[Math.min(index, expr.length)]!;
    };
    try {
      const type = typeOf(parseExpression(expr));
      this.expressions.push({ expr, placeOf: (index) => document.placeOf(offsetOf(index)) });
      if (type === 'matrix' || type === 'string')
        this.#fields.notice(
          scalar,
          `${shown(scalar)} gives a ${type === 'matrix' ? 'range vector' : type}, which no rule can use: it fails at each evaluation`,
        );
      return type;
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      document.refuse(offsetOf(error.span.from), `${trouble}: ${error.reason}${functionHint(error.reason)}`);
      return undefined;
    }
  }

  #checkNames(labels: ReadonlyMap<string, TextEntry>, annotations: ReadonlyMap<string, TextEntry>): void {
    for (const [name, { key }] of labels) {
      if (name === '' || name === '__name__') this.#fields.refuse(key, `invalid label name: ${shown(key)}`);
    }
    for (const [name, { key }] of annotations) {
      if (name === '') this.#fields.refuse(key, 'invalid annotation name: ""');
    }
  }

  #checkRecording(
    record: string,
    fields: Fields,
    found: { forMs: number; keepFiringForMs: number; annotations: number },
  ): void {
    const refuse = (name: string) =>
      this.#fields.refuse(
        fields.get(name)!.key,
        `invalid field '${name}' in recording rule: only alerts have it`,
      );
    if (found.annotations > 0) refuse('annotations');
    if (found.forMs !== 0) refuse('for');
    if (found.keepFiringForMs !== 0) refuse('keep_firing_for');
    if (/[{}]/.test(record)) {
      const message = 'braces present in the recording rule name; should it be in expr?';
      this.#fields.refuse(fields.get('record')!.value, `${message}: ${record}`);
    }
  }

  #checkTemplates(what: string, texts: ReadonlyMap<string, TextEntry>): void {
    for (const [name, { scalar, text }] of texts) {
      const problem = scalar && ruleTemplateError(text);
      if (!problem) continue;
      const { document } = this.#fields;
      const before = text
        .split('\n')
        .slice(0, problem.line - 1)
        .join('\n').length;
      const index = before + (problem.line > 1 ? 1 : 0) + problem.column - 1;
      const offset = sourceOffsets(scalar, document.text)[Math.min(index, text.length)]!;
      document.refuse(offset, `${what} ${JSON.stringify(name)}: ${problem.message}`);
    }
  }

  #ownAnnotations(
    annotations: Map<string, TextEntry>,
  ): Pick<AlertingRule, 'annotations' | 'noData' | 'clear'> {
    let noData: AlertingRule['noData'] = null;
    let clear: string | null = null;
    const rest = new Map(annotations);
    for (const [name, { key, scalar, text }] of annotations) {
      if (!name.startsWith('nova_')) continue;
      rest.delete(name);
      if (name === 'nova_no_data') noData = this.#noData(scalar, key);
      else if (name === 'nova_clear') clear = this.#clear(scalar, key) ?? text;
      else {
        const near = nearest(name, ownAnnotations);
        const hint = near ? `; did you mean ${near}?` : '';
        this.#fields.refuse(
          key,
          `unknown annotation ${shown(key)}${hint} (of nova_: ${ownAnnotations.join(', ')})`,
        );
      }
    }
    return { annotations: labelSet(rest), noData, clear };
  }

  #noData(scalar: Scalar.Parsed | undefined, key: Node): AlertingRule['noData'] {
    const text = String(scalar?.value ?? '');
    const word = noDataWords.find((word) => word === text);
    if (word) return word;
    const near = nearest(text, noDataWords);
    const hint = near ? `; did you mean ${near}?` : '';
    const message = `nova_no_data: expected ${noDataWords.join(', ')}, got ${shown(scalar ?? null)}${hint}`;
    this.#fields.refuse(scalar ?? key, message);
    return null;
  }

  #clear(scalar: Scalar.Parsed | undefined, key: Node): string | null {
    if (!scalar || scalar.value === '') {
      this.#fields.refuse(scalar ?? key, 'nova_clear: expected an expression');
      return null;
    }
    const type = this.#parse(scalar, 'nova_clear: could not parse expression');
    if (type && type !== 'vector')
      this.#fields.refuse(
        scalar,
        `nova_clear: expected an expression that gives a vector, this gives a ${type}`,
      );
    return String(scalar.value);
  }
}

function functionHint(reason: string): string {
  const name = /^unknown function with name "(.*)"/.exec(reason)?.[1];
  const near = name === undefined ? undefined : nearest(name, functionNames());
  return near ? `; did you mean ${near}?` : '';
}

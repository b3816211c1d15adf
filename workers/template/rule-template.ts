import { type RuleTemplateContext, ruleFunctions } from './rule-functions.ts';
import { TemplateSet, templateError } from './template.ts';
import type { TemplateProblem } from './template-error.ts';
import { Struct, stringTable, type TypeInfo, type Value } from './value.ts';

export type { RuleTemplateContext } from './rule-functions.ts';

/** What Prometheus puts before each template. */
const prefix =
  '{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}';

const dataType: TypeInfo = {
  name: 'struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }',
};

let current: RuleTemplateContext | undefined;
const functions = ruleFunctions(() => current!);

const maxCached = 5000;
const cache = new Map<string, TemplateSet>();

function parsed(text: string, name: string): TemplateSet {
  const key = `${name}\n${text}`;
  let set = cache.get(key);
  if (set === undefined) {
    set = new TemplateSet(functions);
    set.define(name, prefix + text);
    if (cache.size >= maxCached) cache.delete(cache.keys().next().value!);
    cache.set(key, set);
  }
  return set;
}

function dataOf({ labels, externalLabels, externalUrl, value }: RuleTemplateContext): Struct {
  const fields: [string, Value][] = [
    ['Labels', stringTable(labels)],
    ['ExternalLabels', stringTable(externalLabels)],
    ['ExternalURL', externalUrl],
    ['Value', value],
  ];
  return new Struct(dataType, new Map(fields));
}

/**
 * A label's or annotation's template as Prometheus 3 expands it (rules/alerting.go). Never throws: an error becomes text,
 * as there.
 */
export function expandRuleTemplate(text: string, context: RuleTemplateContext): string {
  if (!text.includes('{{')) return text;
  const name = `__alert_${context.alertName}`;
  let doing = 'parsing';
  try {
    const set = parsed(text, name);
    doing = 'executing';
    current = context;
    return set.expand(name, dataOf(context));
  } catch (error) {
    return `<error expanding template: error ${doing} template ${name}: ${(error as Error).message}>`;
  } finally {
    current = undefined;
  }
}

/**
 * Why Prometheus would refuse a label's or annotation's template when it loads the file (`testTemplateParsing` of
 * model/rulefmt: it parses and does not execute); null when it would not.
 */
export function ruleTemplateError(text: string): TemplateProblem | null {
  if (!text.includes('{{')) return null;
  const problem = templateError(prefix + text, functions);
  if (problem === null || problem.line > 1) return problem;
  return { ...problem, column: Math.max(problem.column - prefix.length, 1) };
}

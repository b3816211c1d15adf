import type { AlertingRule, LabelSet } from '../contract/alerts.ts';
import type { Labels } from '../promql/index.ts';
import { expandRuleTemplate, type RuleTemplateContext } from '../template/rule-template.ts';

/** What templates see beside the sample itself. */
export type TemplateSurroundings = Omit<RuleTemplateContext, 'alertName' | 'labels' | 'value'>;

/** Labels and annotations of a rule, whose templates are expanded for a sample. Texts without `{{` are taken as they are. */
export class AlertTexts {
  readonly #rule: AlertingRule;
  readonly #labels: readonly (readonly [string, string])[];
  readonly #annotations: readonly (readonly [string, string])[];
  /** Labels do not depend on the sample's value or labels. */
  readonly hasFixedLabels: boolean;
  readonly #hasFixedAnnotations: boolean;
  /** The same labels and value give the same annotations: they ask neither the time nor other series. */
  readonly hasSteadyAnnotations: boolean;

  constructor(rule: AlertingRule) {
    this.#rule = rule;
    this.#labels = Object.entries(rule.labels);
    this.#annotations = Object.entries(rule.annotations);
    this.hasFixedLabels = !this.#labels.some(([, text]) => isTemplate(text));
    const templates = this.#annotations.map(([, text]) => text).filter(isTemplate);
    this.#hasFixedAnnotations = templates.length === 0;
    this.hasSteadyAnnotations = !templates.some((text) => /\b(?:query|now)\b/.test(text));
  }

  /** The labels of the alert that a sample makes: those of the sample but for its name, of the rule, and `alertname`. */
  labels(sample: Labels, value: number, surroundings: TemplateSurroundings): Labels {
    let labels = sample.unnamed;
    const context = this.hasFixedLabels ? undefined : this.#context(sample, value, surroundings);
    for (const [name, text] of this.#labels) {
      labels = labels.with(name, context === undefined ? text : expandRuleTemplate(text, context));
    }
    return labels.with('alertname', this.#rule.name);
  }

  /** Annotations that do not depend on the sample are the same object each time. */
  annotations(sample: Labels, value: number, surroundings: TemplateSurroundings): LabelSet {
    if (this.#hasFixedAnnotations) return this.#rule.annotations;
    const context = this.#context(sample, value, surroundings);
    return Object.fromEntries(
      this.#annotations.map(([name, text]) => [name, expandRuleTemplate(text, context)]),
    );
  }

  #context(sample: Labels, value: number, surroundings: TemplateSurroundings): RuleTemplateContext {
    return { ...surroundings, alertName: this.#rule.name, labels: sample.toRecord(), value };
  }
}

function isTemplate(text: string): boolean {
  return text.includes('{{');
}

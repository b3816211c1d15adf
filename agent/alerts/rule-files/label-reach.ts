import type {
  AlertingRule,
  LabelMatcher,
  Route,
  Routing,
  RuleGroup,
} from '../../../workers/contract/alerts.ts';
import { catalogue } from '../../../workers/point/catalogue.ts';
import { labelTest } from '../../../workers/promql/index.ts';
import { parseMatchers } from '../../../workers/routing/matchers.ts';

/** A silence as people see it, its matchers as text. */
export interface WrittenSilence {
  readonly id: string;
  readonly matchers: readonly string[];
  readonly comment: string;
}

/** Functions and operators that make labels which no measurement has. */
const makesLabels = /\b(label_replace|label_join|count_values|info)\b/;

/**
 * Receivers that no route names, routes that no rule's alerts can take, and silences that none can fit, as far as the files
 * tell: a label whose value comes from a template or from the samples may be anything. `commonTags` are those of every point.
 */
export function reachWarnings(
  groups: readonly RuleGroup[],
  commonTags: readonly string[],
  routing: Routing,
  silences: readonly WrittenSilence[],
): string[] {
  const rules = groups.flatMap((group) => group.rules).filter((rule) => rule.kind === 'alerting');
  const tags = new Set([
    ...commonTags,
    ...Object.values(catalogue).flatMap((entry) => Object.keys(entry.tags)),
  ]);
  const isFree = (matchers: readonly LabelMatcher[]) => !rules.some((rule) => canFit(rule, matchers, tags));
  const warnings: string[] = [];
  const visit = (route: Route, above: readonly LabelMatcher[]): void => {
    const matchers = [...above, ...route.matchers];
    if (route.matchers.length > 0 && isFree(matchers)) {
      warnings.push(`no rule's alerts can take the route ${matchersText(matchers)} to ${route.receiver}`);
      return;
    }
    for (const child of route.routes) visit(child, matchers);
  };
  visit(routing.route, []);
  const used = new Set(receiversOf(routing.route));
  for (const { name } of routing.receivers)
    if (!used.has(name)) warnings.push(`no route leads to the receiver ${name}`);
  for (const { id, matchers, comment } of silences) {
    if (isFree(matchers.flatMap(parseMatchers)))
      warnings.push(`the silence ${id} (${matchers.join(', ')}: ${comment}) fits no rule`);
  }
  return warnings;
}

function receiversOf(route: Route): string[] {
  return [route.receiver, ...route.routes.flatMap(receiversOf)];
}

/** False only where no alert of the rule can fit all matchers. */
function canFit(rule: AlertingRule, matchers: readonly LabelMatcher[], tags: ReadonlySet<string>): boolean {
  return matchers.every((matcher) => {
    const written = matcher.name === 'alertname' ? rule.name : rule.labels[matcher.name];
    if (written?.includes('{{')) return true;
    if (written !== undefined) return labelTest(matcher)(written);
    return tags.has(matcher.name) || makesLabels.test(rule.expr) || labelTest(matcher)('');
  });
}

function matchersText(matchers: readonly LabelMatcher[]): string {
  return `{${matchers.map(({ name, op, value }) => `${name}${op}${JSON.stringify(value)}`).join(', ')}}`;
}

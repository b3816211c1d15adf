import type { FilePlace, RuleGroup } from '../../../workers/contract/alerts.ts';
import { catalogue, type MeasurementEntry } from '../../../workers/point/catalogue.ts';
import { type Expr, parseExpression } from '../../../workers/promql/index.ts';
import { nearest } from '../../spelling.ts';
import type { RuleExpression } from './rule-reader.ts';

/** Something that is allowed, and most likely not meant. */
export interface RuleWarning {
  readonly place: FilePlace;
  readonly message: string;
}

type Selector = Extract<Expr, { kind: 'selector' }>;

/** What the engine itself gives, whatever is recorded. */
const ownMetrics = ['ALERTS', 'ALERTS_FOR_STATE', 'alerts_state', 'alerts_value'];

/**
 * Metrics that nothing gives and no rule records, with the nearest name, and labels that the metric does not have.
 * `commonTags` are those of every point. Metrics are `measurement_field` of the catalogue.
 */
export function metricWarnings(
  expressions: readonly RuleExpression[],
  groups: readonly RuleGroup[],
  commonTags: readonly string[],
): RuleWarning[] {
  const tags = tagsByMetric();
  const rules = groups.flatMap((group) => group.rules);
  const recorded = rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name);
  const others = new Set([...ownMetrics, ...recorded]);
  const warnings: RuleWarning[] = [];
  for (const { expr, placeOf } of expressions) {
    for (const selector of selectorsOf(parseExpression(expr))) {
      const name = metricOf(selector);
      if (name === undefined || others.has(name)) continue;
      const place = placeOf(selector.span.from);
      const known = tags.get(name);
      if (!known) {
        const near = nearest(name, [...tags.keys(), ...others]);
        const hint = near ? `; did you mean ${near}?` : '';
        warnings.push({ place, message: `nothing gives the metric ${name}${hint}` });
        continue;
      }
      for (const label of unknownLabels(selector, [...known, ...commonTags])) {
        const near = nearest(label, known);
        const hint = near ? `; did you mean ${near}?` : ` (it has: ${[...known, ...commonTags].join(', ')})`;
        warnings.push({ place, message: `${name} has no label ${label}${hint}` });
      }
    }
  }
  return warnings;
}

/** A line for each metric of an expression that is neither of the agent nor `stored`, with the nearest name. */
export function unknownMetrics(expr: string, stored: ReadonlySet<string>): string[] {
  const known = new Set([...tagsByMetric().keys(), ...ownMetrics, ...stored]);
  const names = new Set(selectorsOf(parseExpression(expr)).map(metricOf));
  return [...names].flatMap((name) => {
    // Histograms of durations, and what rules record.
    if (name === undefined || known.has(name) || stored.has(`${name}_recorded`)) return [];
    if (/^(http|db|socket|job)_duration_seconds_(bucket|sum|count)$/.test(name)) return [];
    const near = nearest(name, known) ?? [...known].find((one) => one.startsWith(`${name}_`));
    return [`nothing gives the metric ${name}${near ? `; did you mean ${near}?` : ''}`];
  });
}

function tagsByMetric(): Map<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>();
  for (const [measurement, entry] of Object.entries<MeasurementEntry>(catalogue)) {
    for (const field of Object.keys(entry.fields))
      tags.set(`${measurement}_${field}`, Object.keys(entry.tags));
  }
  return tags;
}

/** Undefined where the name is left open. */
function metricOf({ name, matchers }: Selector): string | undefined {
  return name ?? matchers.find((matcher) => matcher.name === '__name__' && matcher.op === '=')?.value;
}

/** Labels that a matcher wants to have a value. */
function unknownLabels({ matchers }: Selector, known: readonly string[]): string[] {
  return matchers
    .filter(({ name, op, value }) => (op === '=' || op === '=~') && value !== '' && name !== '__name__')
    .map(({ name }) => name)
    .filter((name) => !known.includes(name));
}

function selectorsOf(expr: Expr): Selector[] {
  switch (expr.kind) {
    case 'selector':
      return [expr];
    case 'matrix':
      return [expr.selector];
    case 'subquery':
    case 'paren':
    case 'unary':
      return selectorsOf(expr.expr);
    case 'aggregate':
      return [...(expr.param ? selectorsOf(expr.param) : []), ...selectorsOf(expr.expr)];
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    default:
      return [];
  }
}

import { type Expr, unwrapped } from './nodes.ts';

/** Their values differ from step to step whatever their arguments are. */
const timed: ReadonlySet<string> = new Set([
  'days_in_month',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'predict_linear',
  'time',
  'timestamp',
  'year',
]);

const known = new WeakMap<Expr, boolean>();

/**
 * Whether an expression has the same value at every step, so that one evaluation does: all of its selectors are
 * fixed by `@`. An aggregation's parameter does not count, as in Prometheus (promql/engine.go, preprocessExprHelper).
 */
export function isStepInvariant(expr: Expr): boolean {
  let result = known.get(expr);
  if (result === undefined) {
    result = isInvariant(expr);
    known.set(expr, result);
  }
  return result;
}

function isInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true;
    case 'selector':
    case 'subquery':
      return expr.at !== undefined;
    case 'matrix':
      return isStepInvariant(expr.selector);
    case 'binary':
      return isStepInvariant(expr.left) && isStepInvariant(expr.right);
    case 'call': {
      const argument = expr.args[0] && unwrapped(expr.args[0]);
      // The times of a fixed selector's own samples are fixed.
      if (expr.name === 'timestamp' && argument?.kind === 'selector') return isStepInvariant(argument);
      return !timed.has(expr.name) && expr.args.every(isStepInvariant);
    }
    default:
      return isStepInvariant(expr.expr);
  }
}

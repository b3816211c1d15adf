import type { Signature } from './functions/function.ts';
import { functionNamed } from './functions/table.ts';
import { labelTest } from './matcher.ts';
import {
  type Aggregate,
  type Binary,
  type Call,
  type Expr,
  isComparison,
  isSetOp,
  type ValueType,
  type VectorSelector,
} from './nodes.ts';
import { Refusal, type Span } from './promql-error.ts';

const documented: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
    case 'call':
      return functionNamed(expr.name)?.returns ?? 'vector';
    default:
      return 'vector';
  }
}

/**
 * Checks types, numbers of arguments and what else Prometheus refuses before it evaluates (promql/parser/parse.go,
 * checkAST).
 *
 * @throws Refusal of the first thing wrong
 */
export function checked(expr: Expr): Expr {
  switch (expr.kind) {
    case 'aggregate':
      checkAggregate(expr);
      break;
    case 'binary':
      checkBinary(expr);
      break;
    case 'call':
      checkCall(expr);
      break;
    case 'paren':
      checked(expr.expr);
      break;
    case 'unary':
      checked(expr.expr);
      requireNumeric(expr.expr, expr.span);
      break;
    case 'subquery':
      checked(expr.expr);
      if (typeOf(expr.expr) !== 'vector') {
        const type = typeOf(expr.expr);
        throw new Refusal(`subquery is only allowed on instant vector, got ${type} instead`, expr.span);
      }
      break;
    case 'matrix':
      checkSelector(expr.selector);
      break;
    case 'selector':
      checkSelector(expr);
      break;
  }
  return expr;
}

function requireNumeric(expr: Expr, span: Span): void {
  const type = typeOf(expr);
  if (type === 'scalar' || type === 'vector') return;
  const takers = 'expressions of type scalar or instant vector';
  throw new Refusal(`unary expression only allowed on ${takers}, got "${documented[type]}"`, span);
}

function requireType(expr: Expr, wanted: ValueType, context: string): void {
  checked(expr);
  const type = typeOf(expr);
  if (type === wanted) return;
  throw new Refusal(`expected type ${documented[wanted]} in ${context}, got ${documented[type]}`, expr.span);
}

function checkAggregate({ op, expr, param }: Aggregate): void {
  requireType(expr, 'vector', 'aggregation expression');
  if (param !== undefined)
    requireType(param, op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter');
}

function checkBinary(expr: Binary): void {
  const { op, left, right, returnBool, matching, opSpan, span } = expr;
  checked(left);
  checked(right);
  const types = [typeOf(left), typeOf(right)];
  const areVectors = types.every((type) => type === 'vector');
  if (returnBool && !isComparison(op)) {
    throw new Refusal('bool modifier can only be used on comparison operators', opSpan);
  }
  if (isComparison(op) && !returnBool && types.every((type) => type === 'scalar')) {
    throw new Refusal('comparisons between scalars must use BOOL modifier', opSpan);
  }
  const twice = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined;
  if (twice !== undefined) {
    throw new Refusal(`label "${twice}" must not occur in ON and GROUP clause at once`, opSpan);
  }
  [left, right].forEach((side, index) => {
    if (types[index] === 'scalar' || types[index] === 'vector') return;
    throw new Refusal('binary expression must contain only scalar and instant vector types', side.span);
  });
  const isFilled = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (!areVectors) {
    if (matching.labels.length > 0)
      throw new Refusal('vector matching only allowed between instant vectors', span);
    if (isFilled) throw new Refusal('filling in missing series only allowed between instant vectors', span);
    if (isSetOp(op)) throw new Refusal(`set operator "${op}" not allowed in binary scalar expression`, span);
    return;
  }
  if (!isSetOp(op)) return;
  if (matching.group !== undefined) throw new Refusal(`no grouping allowed for "${op}" operation`, span);
  if (isFilled) throw new Refusal('filling in missing series not allowed for set operators', span);
}

function checkCall(call: Call): void {
  const { name, args, span } = call;
  const signature = functionNamed(name);
  if (signature === undefined) throw new Refusal(`unknown function with name "${name}"`, call.nameSpan);
  checkCount(call, signature);
  if (name === 'info' && args[1] !== undefined) checkInfoSelector(args[1], span);
  args.forEach((argument, index) => {
    const wanted = signature.args[Math.min(index, signature.args.length - 1)]!;
    // The label selector of info() may be empty.
    if (name === 'info' && index === 1) return;
    requireType(argument, wanted, `call to function "${name}"`);
  });
}

function checkCount({ name, args, span }: Call, { args: wanted, variadic }: Signature): void {
  const context = `argument(s) in call to "${name}", got ${args.length}`;
  if (variadic === undefined) {
    if (args.length !== wanted.length) throw new Refusal(`expected ${wanted.length} ${context}`, span);
    return;
  }
  const least = wanted.length - 1;
  if (args.length < least) throw new Refusal(`expected at least ${least} ${context}`, span);
  if (variadic > 0 && args.length > least + variadic) {
    throw new Refusal(`expected at most ${least + variadic} ${context}`, span);
  }
}

function checkInfoSelector(argument: Expr, span: Span): void {
  const type = typeOf(argument);
  if (type !== 'vector') {
    throw new Refusal(
      `expected type instant vector in call to function "info", got ${documented[type]}`,
      span,
    );
  }
  if (argument.kind !== 'selector') throw new Refusal('expected label selectors only', argument.span);
  if (argument.name !== undefined) {
    throw new Refusal('expected label selectors only, got vector selector instead', argument.span);
  }
}

function checkSelector({ name, matchers, span }: VectorSelector): void {
  if (name !== undefined) {
    const other = matchers.slice(0, -1).find((matcher) => matcher.name === '__name__');
    if (other !== undefined) {
      throw new Refusal(`metric name must not be set twice: "${name}" or "${other.value}"`, span);
    }
    return;
  }
  if (matchers.every((matcher) => labelTest(matcher)(''))) {
    throw new Refusal('vector selector must contain at least one non-empty matcher', span);
  }
}

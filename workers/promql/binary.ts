import type { Evaluation } from './evaluation.ts';
import { type Frame, frameOf, withoutEmptyRows } from './frame.ts';
import { matchedFrame, setFrame } from './matching.ts';
import { uniqueRows } from './naming.ts';
import { type Binary, isComparison, isSetOp } from './nodes.ts';
import { arithmetic, comparison, elementOperation, isArithmetic } from './operators.ts';

/** A binary operator over what its sides evaluated to: scalars or vectors at the same steps. */
export function binaryValue(
  evaluation: Evaluation,
  expr: Binary,
  left: Frame | Float64Array,
  right: Frame | Float64Array,
): Frame | Float64Array {
  if (left instanceof Float64Array) {
    if (right instanceof Float64Array) return scalarPair(evaluation, expr, left, right);
    return vectorAndScalar(evaluation, expr, right, left, true);
  }
  if (right instanceof Float64Array) return vectorAndScalar(evaluation, expr, left, right, false);
  evaluation.touch(left.values.length + right.values.length, expr.span);
  if (isSetOp(expr.op)) return setFrame(evaluation, expr, expr.op, left, right);
  return matchedFrame(evaluation, expr, left, right);
}

function scalarPair(
  evaluation: Evaluation,
  expr: Binary,
  left: Float64Array,
  right: Float64Array,
): Float64Array {
  const { op } = expr;
  if (isArithmetic(op)) {
    const calculate = arithmetic[op];
    return left.map((value, step) => calculate(value, right[step]!));
  }
  if (!isComparison(op)) evaluation.fail(`operator "${op}" not allowed for Scalar operations`, expr.span);
  const compare = comparison[op];
  return left.map((value, step) => (compare(value, right[step]!) ? 1 : 0));
}

function vectorAndScalar(
  evaluation: Evaluation,
  expr: Binary,
  vector: Frame,
  scalar: Float64Array,
  isSwapped: boolean,
): Frame {
  const { calculate, keeps, dropsName } = elementOperation(expr.op, expr.returnBool);
  const { steps, values, present } = vector;
  const labels = dropsName ? vector.labels.map((own) => evaluation.withoutName(own)) : vector.labels;
  const result = frameOf(labels, steps);
  evaluation.touch(values.length, expr.span);
  for (let row = 0; row < labels.length; row++) {
    for (let step = 0; step < steps; step++) {
      const at = row * steps + step;
      if (present[at] !== 1) continue;
      const own = values[at]!;
      const other = scalar[step]!;
      if (keeps !== undefined && !(isSwapped ? keeps(other, own) : keeps(own, other))) continue;
      // A filter keeps the vector's value, on whichever side it stands.
      result.values[at] =
        keeps !== undefined ? own : isSwapped ? calculate(other, own) : calculate(own, other);
      result.present[at] = 1;
    }
  }
  return dropsName ? uniqueRows(evaluation, result, expr.span) : withoutEmptyRows(result);
}

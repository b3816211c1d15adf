import { power } from './floats.ts';
import type { ArithmeticOp, BinaryOp, ComparisonOp } from './nodes.ts';
import { isComparison } from './nodes.ts';

export const arithmetic: Readonly<Record<ArithmeticOp, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

export const comparison: Readonly<Record<ComparisonOp, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
};

export function isArithmetic(op: BinaryOp): op is ArithmeticOp {
  return Object.hasOwn(arithmetic, op);
}

/** Between two vectors' values: the value, and whether the pair is kept. */
export interface ElementOperation {
  readonly calculate: (a: number, b: number) => number;
  readonly keeps: ((a: number, b: number) => boolean) | undefined;
  /** Results lose the metric's name: they are no longer its values. */
  readonly dropsName: boolean;
}

export function elementOperation(op: BinaryOp, returnBool: boolean): ElementOperation {
  if (isArithmetic(op)) return { calculate: arithmetic[op], keeps: undefined, dropsName: true };
  // Trimming is for native histograms: floats give nothing.
  if (!isComparison(op)) return { calculate: (a) => a, keeps: () => false, dropsName: false };
  const compare = comparison[op];
  if (returnBool) return { calculate: (a, b) => (compare(a, b) ? 1 : 0), keeps: undefined, dropsName: true };
  return { calculate: (a) => a, keeps: compare, dropsName: false };
}

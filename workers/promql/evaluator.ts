import { aggregateFrame } from './aggregate.ts';
import { binaryValue } from './binary.ts';
import { type Evaluation, type LabelledSamples, timeAt } from './evaluation.ts';
import { type Frame, type Grid, repeated } from './frame.ts';
import type { Value } from './functions/function.ts';
import { functionNamed } from './functions/table.ts';
import { isStepInvariant } from './invariance.ts';
import { finishedRows, relabelledRows, unnamedRows } from './naming.ts';
import { type Call, type Expr, type Subquery, type Unary, unwrapped } from './nodes.ts';
import { type RangeSource, rangeFunctionFrame, selectedRange } from './range-function.ts';
import { rangeSamples, samplesOf } from './range-samples.ts';
import { selectedFrame } from './selector.ts';

/** Evaluates expressions a node at a time, each for all steps of its grid together. */
export class Evaluator {
  readonly #evaluation: Evaluation;

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation;
  }

  /** The result of a query for something else than a range vector. */
  result(expr: Expr, grid: Grid): Value {
    const value = this.value(expr, grid);
    if (typeof value === 'string' || value instanceof Float64Array) return value;
    return finishedRows(this.#evaluation, value, expr.span);
  }

  /** The value of an expression that is no range vector. */
  value(expr: Expr, grid: Grid): Value {
    if (grid.steps === 1 || expr.kind === 'number' || !isStepInvariant(expr)) return this.#value(expr, grid);
    const value = this.#value(expr, { ...grid, steps: 1 });
    if (typeof value === 'string') return value;
    const rows = value instanceof Float64Array ? 1 : value.labels.length;
    this.#evaluation.touch(rows * grid.steps, expr.span);
    if (value instanceof Float64Array) return new Float64Array(grid.steps).fill(value[0]!);
    return repeated(value, grid.steps);
  }

  #value(expr: Expr, grid: Grid): Value {
    switch (expr.kind) {
      case 'number':
        return new Float64Array(grid.steps).fill(expr.value);
      case 'string':
        return expr.value;
      case 'paren':
        return this.value(expr.expr, grid);
      case 'selector':
        return selectedFrame(this.#evaluation, expr, grid, 'values');
      case 'unary':
        return this.#unary(expr, grid);
      case 'binary': {
        const left = this.value(expr.left, grid) as Frame | Float64Array;
        const right = this.value(expr.right, grid) as Frame | Float64Array;
        return binaryValue(this.#evaluation, expr, left, right);
      }
      case 'aggregate': {
        const param = expr.param && this.#parameter(expr.param, grid);
        return aggregateFrame(this.#evaluation, expr, this.value(expr.expr, grid) as Frame, param);
      }
      case 'call':
        return this.#call(expr, grid);
      default:
        throw new Error(`a ${expr.kind} is no value by itself`);
    }
  }

  #parameter(expr: Expr, grid: Grid): Float64Array | string {
    return this.value(unwrapped(expr), grid) as Float64Array | string;
  }

  #unary(expr: Unary, grid: Grid): Value {
    const value = this.value(expr.expr, grid);
    if (expr.op === '+' || typeof value === 'string') return value;
    if (value instanceof Float64Array) return value.map((one) => -one);
    const values = value.values.map((one) => -one);
    const labels = value.labels.map((own) => this.#evaluation.withoutName(own));
    return relabelledRows(this.#evaluation, { ...value, values }, labels, expr.span);
  }

  #call(call: Call, grid: Grid): Value {
    const found = functionNamed(call.name)!;
    const args = call.args.map(unwrapped);
    if (found.kind === 'window') {
      const range = args.find((argument) => argument.kind === 'matrix' || argument.kind === 'subquery')!;
      const scalars = args
        .filter((argument) => argument !== range)
        .map((argument) => this.value(argument, grid) as Float64Array);
      return this.#rangeCall(call, found, this.#range(range, grid, call.name), scalars, grid);
    }
    const [first] = args;
    if (call.name === 'timestamp' && first?.kind === 'selector') {
      return unnamedRows(
        this.#evaluation,
        selectedFrame(this.#evaluation, first, grid, 'timestamps'),
        call.span,
      );
    }
    // The second argument of info() only says what to look for.
    const evaluated = call.name === 'info' ? args.slice(0, 1) : args;
    const values = evaluated.map((argument) => this.value(argument, grid));
    return found.run({ evaluation: this.#evaluation, grid, expr: call, values });
  }

  #rangeCall(
    call: Call,
    found: Parameters<typeof rangeFunctionFrame>[2],
    source: RangeSource,
    scalars: readonly Float64Array[],
    grid: Grid,
  ): Frame {
    try {
      return rangeFunctionFrame(this.#evaluation, call, found, source, scalars, grid);
    } catch (error) {
      if (error instanceof RangeError) this.#evaluation.fail(error.message, call.span);
      throw error;
    }
  }

  #range(expr: Expr, grid: Grid, func: string): RangeSource {
    if (expr.kind === 'matrix') return selectedRange(this.#evaluation, expr, grid, func);
    const subquery = expr as Subquery;
    return {
      series: this.subquery(subquery, grid),
      rangeMs: this.#evaluation.durationMs(subquery.range),
      offsetMs: this.#evaluation.offsetMs(subquery),
      fixedMs: this.#evaluation.fixedTimeMs(subquery),
      extension: undefined,
      argument: subquery,
    };
  }

  /** The samples that a subquery makes for every range it is asked for: at multiples of its step. */
  subquery(subquery: Subquery, grid: Grid): LabelledSamples[] {
    const evaluation = this.#evaluation;
    const offsetMs = evaluation.offsetMs(subquery);
    const fixedMs = evaluation.fixedTimeMs(subquery);
    const rangeMs = evaluation.durationMs(subquery.range);
    const stepMs =
      subquery.step === undefined ? evaluation.subqueryStepMs : evaluation.durationMs(subquery.step);
    const afterMs = (fixedMs ?? grid.startMs) - offsetMs - rangeMs;
    const endMs = (fixedMs ?? timeAt(grid, grid.steps - 1)) - offsetMs;
    if (stepMs < 1) evaluation.fail('subquery step is below a millisecond', subquery.span);
    const startMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
    if (endMs < startMs) return [];
    const steps = Math.floor((endMs - startMs) / stepMs) + 1;
    evaluation.touch(steps, subquery.span);
    const inner = { startMs, stepMs, steps };
    return samplesOf(this.value(subquery.expr, inner) as Frame, inner);
  }

  /** The samples of a range vector at an instant, where it is the result itself. */
  rangeVector(expr: Expr, timeMs: number): LabelledSamples[] {
    const grid = { startMs: timeMs, stepMs: 1, steps: 1 };
    if (expr.kind === 'subquery') return this.#finished(this.subquery(expr, grid), expr);
    if (expr.kind !== 'matrix') throw new Error(`a ${expr.kind} is no range vector`);
    return rangeSamples(selectedRange(this.#evaluation, expr, grid), timeMs);
  }

  #finished(series: LabelledSamples[], subquery: Subquery): LabelledSamples[] {
    const keys = new Set<string>();
    return series.map((one) => {
      const labels = one.labels.dropsName ? one.labels.unnamed : one.labels;
      if (keys.size === keys.add(labels.key).size) {
        this.#evaluation.fail('vector cannot contain metrics with the same labelset', subquery.span);
      }
      return { ...one, labels };
    });
  }
}

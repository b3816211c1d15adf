import type { Evaluation } from './evaluation.ts';
import { emptyFrame, type Frame, FrameBuilder, frameOf, withoutEmptyRows } from './frame.ts';
import type { Labels } from './labels.ts';
import { uniqueRows } from './naming.ts';
import type { Binary, SetOp, VectorMatching } from './nodes.ts';
import { type ElementOperation, elementOperation, isArithmetic } from './operators.ts';

/** What series of two vectors must have in common to match. */
function signatureLabels(labels: Labels, { on, labels: names }: VectorMatching): Labels {
  return on
    ? labels.filter((name) => names.includes(name))
    : labels.filter((name) => name !== '__name__' && !names.includes(name));
}

/** Numbers the signatures of both sides: those of a row at the same place. */
class Signatures {
  readonly #ordinals = new Map<string, number>();
  readonly #matching: VectorMatching;

  constructor(matching: VectorMatching) {
    this.#matching = matching;
  }

  of(frame: Frame): Int32Array {
    return Int32Array.from(frame.labels, (labels) => {
      const { key } = signatureLabels(labels, this.#matching);
      const known = this.#ordinals.get(key) ?? this.#ordinals.size;
      this.#ordinals.set(key, known);
      return known;
    });
  }

  get count(): number {
    return this.#ordinals.size;
  }

  /** The rows of each signature. */
  rows(ordinals: Int32Array): number[][] {
    const rows: number[][] = Array.from({ length: this.count }, () => []);
    ordinals.forEach((ordinal, row) => {
      rows[ordinal]!.push(row);
    });
    return rows;
  }
}

/** `and`, `or`, `unless`. */
export function setFrame(evaluation: Evaluation, expr: Binary, op: SetOp, left: Frame, right: Frame): Frame {
  const { steps } = left;
  const signatures = new Signatures(expr.matching);
  const leftOrdinals = signatures.of(left);
  const rightOrdinals = signatures.of(right);
  const [other, otherOrdinals] = op === 'or' ? [left, leftOrdinals] : [right, rightOrdinals];
  const there = new Uint8Array(signatures.count * steps);
  otherOrdinals.forEach((ordinal, row) => {
    for (let step = 0; step < steps; step++)
      there[ordinal * steps + step]! |= other.present[row * steps + step]!;
  });
  if (op !== 'or') return masked(left, leftOrdinals, there, op === 'and' ? 1 : 0);
  const added = masked(right, rightOrdinals, there, 0);
  const result = frameOf([...left.labels, ...added.labels], steps);
  result.values.set(left.values);
  result.values.set(added.values, left.values.length);
  result.present.set(left.present);
  result.present.set(added.present, left.present.length);
  return uniqueRows(evaluation, result, expr.span);
}

/** The values where the other side has something of the same signature, or where it has nothing. */
function masked(frame: Frame, ordinals: Int32Array, there: Uint8Array, wanted: 0 | 1): Frame {
  const { steps } = frame;
  const present = frame.present.slice();
  ordinals.forEach((ordinal, row) => {
    for (let step = 0; step < steps; step++) {
      if (there[ordinal * steps + step] !== wanted) present[row * steps + step] = 0;
    }
  });
  return withoutEmptyRows({ ...frame, present });
}

/** Arithmetic and comparison between vectors, whose series find each other by their labels. */
export function matchedFrame(evaluation: Evaluation, expr: Binary, left: Frame, right: Frame): Frame {
  return new Match(evaluation, expr, left, right).frame();
}

type Writer = (step: number, manyValue: number, oneValue: number) => void;

/**
 * One matching of two vectors. Of the side `one` no two series may have the same signature at a step; `many` may,
 * if `group_left` or `group_right` says so (promql/engine.go, VectorBinop).
 */
class Match {
  readonly #evaluation: Evaluation;
  readonly #expr: Binary;
  readonly #operation: ElementOperation;
  readonly #isSwapped: boolean;
  readonly #many: Frame;
  readonly #one: Frame;
  readonly #manyOrdinals: Int32Array;
  readonly #oneRows: number[][];
  readonly #manyRows: number[][];
  readonly #builder: FrameBuilder;
  /** Where a result was made or filtered out already, by output row or by signature. */
  readonly #taken = new Map<string, Uint8Array>();
  readonly #rows = new Map<string, number>();

  constructor(evaluation: Evaluation, expr: Binary, left: Frame, right: Frame) {
    this.#evaluation = evaluation;
    this.#expr = expr;
    this.#operation = elementOperation(expr.op, expr.returnBool);
    this.#isSwapped = expr.matching.group === 'right';
    this.#many = this.#isSwapped ? right : left;
    this.#one = this.#isSwapped ? left : right;
    const signatures = new Signatures(expr.matching);
    const oneOrdinals = signatures.of(this.#one);
    this.#manyOrdinals = signatures.of(this.#many);
    this.#oneRows = signatures.rows(oneOrdinals);
    this.#manyRows = signatures.rows(this.#manyOrdinals);
    const count = (values: number) => evaluation.touch(values, expr.span);
    this.#builder = new FrameBuilder(left.steps, this.#many.labels.length, count);
  }

  frame(): Frame {
    const { fillLeft, fillRight } = this.#expr.matching;
    const ones = this.#oneRows.map((rows) => this.#onlyOnes(rows));
    // Trimming is for native histograms: floats give nothing.
    if (this.#expr.op === '</' || this.#expr.op === '>/') return emptyFrame(this.#many.steps);
    this.#manyOrdinals.forEach((ordinal, row) => {
      this.#pair(ordinal, row, ones[ordinal]!);
      if (fillRight !== undefined) this.#fillOne(ordinal, row, ones[ordinal]!, fillRight);
      this.#evaluation.touch(0, this.#expr.span);
    });
    if (fillLeft !== undefined) {
      this.#oneRows.forEach((rows, ordinal) => {
        for (const row of rows) this.#fillMany(ordinal, row, fillLeft);
      });
    }
    return uniqueRows(this.#evaluation, this.#builder.frame(), this.#expr.span);
  }

  #fail(reason: string): never {
    return this.#evaluation.fail(reason, this.#expr.span);
  }

  /**
   * The row of the `one` side at every step, −1 where there is none: two series with one signature at one step would
   * leave open which is meant.
   */
  #onlyOnes(rows: readonly number[]): Int32Array {
    const { steps, present } = this.#one;
    const ones = new Int32Array(steps).fill(-1);
    for (const row of rows) {
      for (let step = 0; step < steps; step++) {
        if (present[row * steps + step] !== 1) continue;
        if (ones[step]! >= 0 && this.#hasMany(step)) this.#refuseTwins(ones[step]!, row);
        ones[step] = row;
      }
    }
    return ones;
  }

  #refuseTwins(first: number, second: number): never {
    const { labels } = this.#one;
    const group = signatureLabels(labels[first]!, this.#expr.matching);
    const side = this.#isSwapped ? 'left' : 'right';
    const series = `[${labels[second]}, ${labels[first]}]`;
    return this.#fail(
      `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: ${series}` +
        ';many-to-many matching not allowed: matching labels must be unique on one side',
    );
  }

  /** Without anything on the other side nothing is matched, and twins do no harm. */
  #hasMany(step: number): boolean {
    const { fillLeft, fillRight } = this.#expr.matching;
    if (fillLeft !== undefined || fillRight !== undefined) return true;
    const { steps, labels, present } = this.#many;
    return labels.some((_, row) => present[row * steps + step] === 1);
  }

  #pair(ordinal: number, manyRow: number, ones: Int32Array): void {
    const { steps, labels, values, present } = this.#many;
    let oneRow = -1;
    let write: Writer | undefined;
    for (let step = 0; step < steps; step++) {
      const from = manyRow * steps + step;
      if (present[from] !== 1 || ones[step]! < 0) continue;
      if (write === undefined || ones[step] !== oneRow) {
        oneRow = ones[step]!;
        write = this.#writer(ordinal, labels[manyRow]!, this.#one.labels[oneRow]!);
      }
      write(step, values[from]!, this.#one.values[oneRow * steps + step]!);
    }
  }

  #fillOne(ordinal: number, manyRow: number, ones: Int32Array, fill: number): void {
    const { steps, labels, present, values } = this.#many;
    const own = labels[manyRow]!;
    const write = this.#writer(ordinal, own, signatureLabels(own, this.#expr.matching));
    for (let step = 0; step < steps; step++) {
      const from = manyRow * steps + step;
      if (present[from] === 1 && ones[step]! < 0) write(step, values[from]!, fill);
    }
  }

  #fillMany(ordinal: number, oneRow: number, fill: number): void {
    const { steps, labels, present, values } = this.#one;
    const own = labels[oneRow]!;
    const write = this.#writer(ordinal, signatureLabels(own, this.#expr.matching), own);
    for (let step = 0; step < steps; step++) {
      const from = oneRow * steps + step;
      if (present[from] !== 1 || this.#isManyAt(ordinal, step)) continue;
      write(step, fill, values[from]!);
    }
  }

  #isManyAt(ordinal: number, step: number): boolean {
    const { steps, present } = this.#many;
    return this.#manyRows[ordinal]!.some((row) => present[row * steps + step] === 1);
  }

  /** Writes results of one pair of series; refuses a second result for the same series and step. */
  #writer(
    ordinal: number,
    many: Labels,
    one: Labels,
  ): (step: number, manyValue: number, oneValue: number) => void {
    const labels = this.#resultLabels(many, one);
    const { calculate, keeps } = this.#operation;
    const rowKey = `${ordinal} ${labels.key}`;
    const isOneToOne = this.#expr.matching.group === undefined;
    const isContested = this.#manyRows[ordinal]!.length > 1;
    const taken = isContested ? this.#takenAt(isOneToOne ? String(ordinal) : rowKey) : undefined;
    let at = -1;
    return (step, manyValue, oneValue) => {
      if (taken !== undefined) {
        if (taken[step] === 1) this.#refuseSecond(isOneToOne);
        taken[step] = 1;
      }
      const left = this.#isSwapped ? oneValue : manyValue;
      const right = this.#isSwapped ? manyValue : oneValue;
      if (keeps !== undefined && !keeps(left, right)) return;
      if (at < 0) at = this.#rowAt(rowKey, labels);
      this.#builder.values[at + step] = calculate(left, right);
      this.#builder.present[at + step] = 1;
    };
  }

  #rowAt(key: string, labels: Labels): number {
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const at = this.#builder.add(labels);
    this.#rows.set(key, at);
    return at;
  }

  #takenAt(key: string): Uint8Array {
    const known = this.#taken.get(key) ?? new Uint8Array(this.#many.steps);
    this.#taken.set(key, known);
    return known;
  }

  #refuseSecond(isOneToOne: boolean): never {
    const how = isOneToOne
      ? 'many-to-one matching must be explicit (group_left/group_right)'
      : 'grouping labels must ensure unique matches';
    return this.#fail(`multiple matches for labels: ${how}`);
  }

  /** Calculating makes another metric at once; of a comparison's 0 and 1 the name may go later. */
  #baseLabels(many: Labels): Labels {
    if (isArithmetic(this.#expr.op)) return many.unnamed;
    return this.#expr.returnBool && !this.#evaluation.delaysNameRemoval ? many.unnamed : many.unmarked;
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const { on, labels: names, group, include } = this.#expr.matching;
    let result = this.#baseLabels(many);
    if (group === undefined) result = result.filter((name) => names.includes(name) === on);
    for (const name of include) result = result.with(name, one.get(name));
    return this.#expr.returnBool && this.#evaluation.delaysNameRemoval ? result.marked : result;
  }
}

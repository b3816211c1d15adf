import type { Grid } from './frame.ts';
import { Labels } from './labels.ts';
import type { Duration, Matcher, TimeModifiers } from './nodes.ts';
import { PromqlError, type Span } from './promql-error.ts';

/** Samples of one series, oldest first. Labels are taken as frozen. */
export interface SampleSeries {
  readonly labels: Record<string, string>;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

/** What samples are selected for, so that long ranges can be read from means of minutes and hours. */
export interface SelectHints {
  /** The first time at which one is wanted, less the offset, and the time between two; 0 when all want the same. */
  readonly firstMs: number;
  readonly stepMs: number;
  /** 0: the sample that counts at each of those times; else the samples of a range before each, for `func`. */
  readonly rangeMs: number;
  readonly func: string;
}

/**
 * The series that all matchers fit, with their samples from `startMs` to `endMs`, both included; further ones do no
 * harm. The NaN with the bits 0x7ff0000000000002 says that a series ended there.
 */
export type Select = (
  matchers: Matcher[],
  startMs: number,
  endMs: number,
  hints?: SelectHints,
) => SampleSeries[];

export interface EvaluationOptions {
  /** How far back a series still counts at an instant [5 minutes]. */
  readonly lookbackMs?: number;
  /** The step of subqueries that name none [1 minute]. */
  readonly subqueryStepMs?: number;
  /** Most samples read and values calculated by one query [50 million]. */
  readonly maxSamples?: number;
  /** Most steps of a range query [11,000]. */
  readonly maxSteps?: number;
  /**
   * Take names off results at the end only, as Prometheus does with `promql-delayed-name-removal`, and in the
   * tests of its engine [true]: metrics that differ only by name then may go through the same functions, and their names
   * can still be used.
   */
  readonly delayedNameRemoval?: boolean;
  /** Asked again and again during the evaluation, which ends with an error of the kind `cancelled` on true. */
  readonly isCancelled?: () => boolean;
}

export interface LabelledSamples {
  readonly labels: Labels;
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
}

// Selectors tend to hand out the same label objects at every evaluation.
const knownLabels = new WeakMap<object, Labels>();

/** The same object each time it is asked for the same record. */
export function labelsOf(record: Readonly<Record<string, string>>): Labels {
  let labels = knownLabels.get(record);
  if (labels === undefined) {
    labels = Labels.of(record);
    knownLabels.set(record, labels);
  }
  return labels;
}

/** One query while it is evaluated: what it reads from, its limits and its times. */
export class Evaluation {
  readonly lookbackMs: number;
  readonly subqueryStepMs: number;
  readonly query: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly delaysNameRemoval: boolean;
  readonly #source: string;
  readonly #select: Select;
  readonly #maxSamples: number;
  readonly #isCancelled: () => boolean;
  #samples = 0;

  constructor(source: string, query: Evaluation['query'], select: Select, options: EvaluationOptions) {
    this.query = query;
    this.lookbackMs = options.lookbackMs ?? 300_000;
    this.subqueryStepMs = options.subqueryStepMs ?? 60_000;
    this.delaysNameRemoval = options.delayedNameRemoval ?? true;
    this.#source = source;
    this.#select = select;
    this.#maxSamples = options.maxSamples ?? 50_000_000;
    this.#isCancelled = options.isCancelled ?? (() => false);
  }

  /** The labels of a result that is no longer the metric itself. */
  withoutName(labels: Labels): Labels {
    return this.delaysNameRemoval ? labels.marked : labels.unnamed;
  }

  fail(reason: string, span: Span): never {
    throw new PromqlError('execution', reason, this.#source, span);
  }

  /** Counts samples read or values made; asks whether to go on. */
  touch(samples: number, span: Span): void {
    this.#samples += samples;
    if (this.#samples > this.#maxSamples) {
      throw new PromqlError(
        'limit',
        'query processing would load too many samples into memory in query execution',
        this.#source,
        span,
      );
    }
    if (this.#isCancelled()) throw new PromqlError('cancelled', 'query was cancelled', this.#source, span);
  }

  series(
    matchers: readonly Matcher[],
    startMs: number,
    endMs: number,
    span: Span,
    hints?: SelectHints,
  ): LabelledSamples[] {
    const found = this.#select([...matchers], startMs, endMs, hints);
    let samples = 0;
    const series = found.map((one) => {
      samples += one.values.length;
      return { labels: labelsOf(one.labels), timestampsMs: one.timestampsMs, values: one.values };
    });
    this.touch(samples, span);
    return series;
  }

  /** The time that `@` fixes, if there is one. */
  fixedTimeMs({ at }: TimeModifiers): number | undefined {
    return at === 'start' ? this.query.startMs : at === 'end' ? this.query.endMs : at;
  }

  offsetMs({ offset }: TimeModifiers): number {
    return offset === undefined ? 0 : this.durationMs(offset, true);
  }

  /** Whole milliseconds, as Prometheus has them (promql/durations.go). */
  durationMs(duration: Duration, allowNegative = false): number {
    if (duration.kind === 'seconds') return Math.trunc(Math.round(duration.seconds * 1e9) / 1e6);
    const seconds = this.#seconds(duration);
    if (!Number.isFinite(seconds)) this.fail('duration is NaN or infinite', duration.span);
    if (seconds <= 0 && !allowNegative) this.fail('duration must be greater than 0', duration.span);
    if (Math.abs(seconds) > 2 ** 63 / 1e9) this.fail('duration is out of range', duration.span);
    return Math.trunc(seconds * 1000);
  }

  #seconds(duration: Duration): number {
    switch (duration.kind) {
      case 'seconds':
        return duration.seconds;
      case 'step':
        return this.query.stepMs / 1000;
      case 'range':
        return (this.query.endMs - this.query.startMs) / 1000;
      case 'negated':
        return -this.#seconds(duration.operand);
    }
    const left = this.#seconds(duration.left);
    const right = this.#seconds(duration.right);
    switch (duration.kind) {
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '*':
        return left * right;
      case '^':
        return left ** right;
      case 'min_of':
        return Math.min(left, right);
      case 'max_of':
        return Math.max(left, right);
    }
    if (right === 0) this.fail(duration.kind === '/' ? 'division by zero' : 'modulo by zero', duration.span);
    return duration.kind === '/' ? left / right : left % right;
  }
}

export function timeAt(grid: Grid, step: number): number {
  return grid.startMs + step * grid.stepMs;
}

import {
  type Expr,
  evaluateVector,
  type InstantVector,
  isStaleAt,
  parseExpression,
  type SampleSeries,
  type Select,
} from '../promql/index.ts';
import { selectedMetrics } from './metric-sources.ts';
import type { RuleMoment } from './rule-moment.ts';

/** Is told the labels of each series that has a sample, and did not end, where an expression looks. */
export type SeriesWatch = (labels: Record<string, string>) => void;

/** What an expression of a rule gives: evaluated at each moment, or ahead for many of them. */
export interface VectorQuery {
  /** @throws PromqlError when it cannot be evaluated, or is to stop */
  vector(moment: RuleMoment, watch?: SeriesWatch): InstantVector;
}

/** An expression of a rule, parsed once. */
export class RuleQuery implements VectorQuery {
  readonly #text: string;
  readonly #expr: Expr;
  readonly #seesRecorded: boolean;

  /**
   * @param isRecorded whether a metric may come from rules
   * @throws PromqlError when the expression is refused
   */
  constructor(text: string, isRecorded: (metric: string) => boolean) {
    this.#text = text;
    this.#expr = parseExpression(text);
    this.#seesRecorded = selectedMetrics(this.#expr).some(
      ({ name }) => name === undefined || isRecorded(name),
    );
  }

  /** @throws PromqlError when it cannot be evaluated, or is to stop */
  vector(moment: RuleMoment, watch?: SeriesWatch): InstantVector {
    const select = this.#seesRecorded ? moment.select : moment.stored;
    const watched = watch === undefined ? select : watching(select, watch);
    return evaluateVector(this.#expr, this.#text, moment.queryMs, watched, moment.options);
  }
}

function watching(select: Select, watch: SeriesWatch): Select {
  return (matchers, startMs, endMs) => {
    const found = select(matchers, startMs, endMs);
    for (const series of found) if (isLive(series, startMs, endMs)) watch(series.labels);
    return found;
  };
}

function isLive({ timestampsMs, values }: SampleSeries, startMs: number, endMs: number): boolean {
  const index = timestampsMs.findLastIndex((timeMs) => timeMs <= endMs);
  return index >= 0 && timestampsMs[index]! >= startMs && !isStaleAt(values, index);
}

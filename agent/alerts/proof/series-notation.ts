import { type Expr, Labels, parseExpression } from '../../../workers/promql/index.ts';

/** A sample that ends its series (Prometheus, model/value/value.go, `StaleNaN`). */
export const staleValue = new Float64Array(new BigUint64Array([0x7ff0_0000_0000_0002n]).buffer);

/** Values of one series, one an interval; undefined where there is no sample, `'stale'` where the series ends. */
export type SeriesValue = number | 'stale' | undefined;

const mostValues = 10_000_000;
const number = '(?:[0-9]+(?:\\.[0-9]*)?(?:e[-+]?[0-9]+)?|\\.[0-9]+(?:e[-+]?[0-9]+)?|inf|nan)';
const item = new RegExp(`^([-+]?${number})(?:([-+]${number})?x([0-9]+))?$`, 'i');

/**
 * The values of the notation of promtool's unit tests: `1 2`, `1+2x3` (1 3 5 7), `1-2x3`, `1x3` (1 1 1 1), `_`, `_x3`
 * (three without a sample), `stale`, `NaN`, `Inf` (promql/parser/generated_parser.y, `series_values`).
 *
 * @throws Error that names the item which it cannot read
 */
export function seriesValues(text: string): SeriesValue[] {
  if (text.includes('{{')) throw new Error('native histograms are not taken: only float samples are');
  const values: SeriesValue[] = [];
  for (const part of text.split(/[ \t\r\n]+/).filter((part) => part !== '')) {
    const blank = /^_(?:x([0-9]+))?$/.exec(part);
    if (blank) push(values, undefined, 0, Number(blank[1] ?? 1));
    else if (part === 'stale') values.push('stale');
    else {
      const match = item.exec(part);
      if (!match)
        throw new Error(`cannot read ${JSON.stringify(part)}; expected values such as 1 2+3x4 _ stale`);
      const [, first, step, times] = match;
      push(values, numberOf(first!), step === undefined ? 0 : numberOf(step), Number(times ?? 0) + 1);
    }
  }
  return values;
}

/** As Prometheus does: the step is added again and again, with what that rounds. */
function push(values: SeriesValue[], first: number | undefined, step: number, count: number): void {
  if (values.length + count > mostValues) throw new Error(`more than ${mostValues} values`);
  for (let i = 0, value = first; i < count; i++) {
    values.push(value);
    if (value !== undefined && step !== 0) value += step;
  }
}

function numberOf(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const rest = text.replace(/^[-+]/, '').toLowerCase();
  return sign * (rest === 'inf' ? Number.POSITIVE_INFINITY : rest === 'nan' ? Number.NaN : Number(rest));
}

/**
 * The labels of `name{label="value"}` or `{label="value"}`, the name as `__name__`; `{}` has none.
 *
 * @throws Error when it is no such text
 */
export function metricLabels(text: string): Labels {
  if (/^\s*\{\s*\}\s*$/.test(text)) return Labels.none;
  const expr: Expr = parseExpression(text);
  const isPlain = expr.kind === 'selector' && expr.offset === undefined && expr.at === undefined;
  if (!isPlain || expr.matchers.some(({ op }) => op !== '='))
    throw new Error(`expected a series such as name{label="value"}, got ${JSON.stringify(text)}`);
  return Labels.of(Object.fromEntries(expr.matchers.map(({ name, value }) => [name, value])));
}

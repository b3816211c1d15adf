/** Go's math.Max: an infinity wins over NaN. */
export function maxOf(a: number, b: number): number {
  if (a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return Math.max(a, b);
}

/** Go's math.Min: an infinity wins over NaN. */
export function minOf(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  return Math.min(a, b);
}

/** Go's math.Pow: IEEE 754, where 1 to any power is 1. */
export function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

/** Sorts values in place, NaN first, as Prometheus's heaps have them. */
function sortNaNFirst(values: Float64Array): Float64Array {
  values.sort();
  let count = 0;
  while (count < values.length && Number.isNaN(values[values.length - 1 - count]!)) count++;
  if (count > 0 && count < values.length) {
    values.copyWithin(count, 0, values.length - count);
    values.fill(Number.NaN, 0, count);
  }
  return values;
}

/** The quantile of some values, by linear interpolation between ranks (promql/quantile.go). Sorts them. */
export function quantileOf(q: number, values: Float64Array): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  sortNaNFirst(values);
  const rank = q * (values.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(values.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

/**
 * The mean as Prometheus calculates it: by a compensated sum (Neumaier), or step by step where that would overflow.
 */
export function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = values[from]!;
  let compensation = 0;
  let mean = 0;
  let isIncremental = false;
  for (let index = from + 1; index < to; index++) {
    const value = values[index]!;
    const count = index - from + 1;
    if (!isIncremental) {
      const next = sum + value;
      if (Math.abs(next) !== Number.POSITIVE_INFINITY) {
        compensation += lostIn(sum, value, next);
        sum = next;
        continue;
      }
      isIncremental = true;
      mean = sum / (count - 1);
      compensation /= count - 1;
    }
    const share = (count - 1) / count;
    const kept = share * mean;
    const added = value / count;
    mean = kept + added;
    compensation =
      Math.abs(mean) === Number.POSITIVE_INFINITY ? 0 : share * compensation + lostIn(kept, added, mean);
  }
  if (isIncremental) return mean + compensation;
  return sum / (to - from) + compensation / (to - from);
}

/** What the rounding of `sum + value = total` lost. */
export function lostIn(sum: number, value: number, total: number): number {
  return Math.abs(sum) >= Math.abs(value) ? sum - total + value : value - total + sum;
}

/** A compensated sum (Neumaier), infinite when it overflows. */
export class KahanSum {
  sum = 0;
  compensation = 0;

  add(value: number): void {
    const total = this.sum + value;
    if (Math.abs(total) === Number.POSITIVE_INFINITY) this.compensation = 0;
    else this.compensation += lostIn(this.sum, value, total);
    this.sum = total;
  }

  get total(): number {
    return this.sum + this.compensation;
  }
}

/** Go's strconv.ParseFloat on a label such as `le`; undefined where it fails. */
export function parsedFloat(text: string): number | undefined {
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (special) {
    if (special[2]!.toLowerCase() === 'nan') return special[1] === '' ? Number.NaN : undefined;
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Go's shortest decimal form without an exponent: what `count_values` puts into its label. */
export function decimalText(value: number): string {
  const special = specialText(value);
  if (special !== undefined) return special;
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const scientific = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!scientific) return text;
  const [, sign, first, rest = '', exponentText] = scientific;
  const exponent = Number(exponentText);
  const digits = first! + rest;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return sign + digits.padEnd(exponent + 1, '0');
}

function specialText(value: number): string | undefined {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : undefined;
}

/** A float as OpenMetrics writes it, always with a point or an exponent: `1.0`, `0.99`, `1e-05`. */
export function openMetricsText(value: number): string {
  const special = specialText(value);
  if (special !== undefined) return special;
  if (value === 0) return '0.0';
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 21) {
    const sign = exponent < 0 ? '-' : '+';
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = decimalText(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** Decimal digits of a number: 0.d₁d₂d₃… × 10^point; of 0 there are none. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** The fewest digits that are this number again when read; `value` is finite and not negative. */
export function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** All digits of the binary number. */
function exactDecimal(value: number): Decimal {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  const scale = Math.max(exponent, 1) - 1075;
  const digits = String(scale < 0 ? mantissa * 5n ** BigInt(-scale) : mantissa << BigInt(scale));
  return { digits, point: digits.length + Math.min(scale, 0) };
}

/**
 * The number with at most so many digits, or digits after the decimal point, without zeros at the end; the nearest one,
 * of two the one whose last digit is even. `value` is finite and not negative.
 */
export function roundedDecimal(value: number, count: number, of: 'digits' | 'fraction'): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const exact = exactDecimal(value);
  const kept = of === 'digits' ? count : exact.point + count;
  if (kept >= exact.digits.length) return trimmed(exact);
  if (kept < 0) return { digits: '', point: 0 };
  const head = exact.digits.slice(0, kept);
  const tail = exact.digits.slice(kept);
  const isTie = /^50*$/.test(tail);
  const isUp = isTie ? Number(head.at(-1) ?? 0) % 2 === 1 : tail >= '5';
  if (!isUp) return trimmed({ digits: head, point: exact.point });
  const up = String(BigInt(head === '' ? '0' : head) + 1n).padStart(kept, '0');
  return trimmed({ digits: up, point: exact.point + up.length - kept });
}

function trimmed({ digits, point }: Decimal): Decimal {
  const cut = digits.replace(/0+$/, '');
  return cut === '' ? { digits: '', point: 0 } : { digits: cut, point };
}

/**
 * A float as Go's `strconv.FormatFloat` writes it: verbs e, E, f, g, G; a precision of −1 is the fewest digits.
 */
export function floatText(value: number, verb: string, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  switch (verb) {
    case 'e':
    case 'E': {
      const decimal = precision < 0 ? shortestDecimal(size) : roundedDecimal(size, precision + 1, 'digits');
      return sign + exponentText(decimal, precision < 0 ? decimal.digits.length - 1 : precision, verb);
    }
    case 'f': {
      const decimal = precision < 0 ? shortestDecimal(size) : roundedDecimal(size, precision, 'fraction');
      const fraction = Math.max(decimal.digits.length - decimal.point, 0);
      return sign + fixedText(decimal, precision < 0 ? fraction : precision);
    }
  }
  const digits = precision === 0 ? 1 : precision;
  const decimal = digits < 0 ? shortestDecimal(size) : roundedDecimal(size, digits, 'digits');
  const length = decimal.digits.length;
  const exponent = decimal.point - 1;
  const most = digits < 0 ? 6 : digits > length && length >= decimal.point ? length : digits;
  if (size !== 0 && (exponent < -4 || exponent >= most))
    return sign + exponentText(decimal, length - 1, verb === 'G' ? 'E' : 'e');
  return sign + fixedText(decimal, Math.max(length - decimal.point, 0));
}

function exponentText({ digits, point }: Decimal, fraction: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const shown = digits.padEnd(Math.max(fraction, 0) + 1, '0');
  const tail = shown.length > 1 ? `.${shown.slice(1)}` : '';
  const sign = exponent < 0 ? '-' : '+';
  return `${shown[0]}${tail}${letter}${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function fixedText({ digits, point }: Decimal, fraction: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (fraction <= 0) return whole;
  const after = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return `${whole}.${after.slice(0, fraction).padEnd(fraction, '0')}`;
}

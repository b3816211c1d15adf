import type { Precision } from '../contract/written.ts';

/** How many of the last digits are below a millisecond, or how many milliseconds a unit is. */
const digitsBelow = { ns: 6, us: 3 } as const;
const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

const leastTime = -(2n ** 63n);
const mostTime = 2n ** 63n - 1n;
/** Up to so many digits a number is exact. */
const exactDigits = 15;

/** Whole milliseconds since 1970 of a timestamp of digits with at most a sign before; undefined when it is out of range. */
export function parseTime(text: string, precision: Precision): number | undefined {
  if (text === '-') return undefined;
  if (precision === 'ns' || precision === 'us') {
    const cut = digitsBelow[precision];
    // What is below a millisecond goes by cutting the text, as long as there is no sign.
    if (text.length <= exactDigits + cut && text.length <= 18 && text[0] !== '-')
      return text.length <= cut ? 0 : Number(text.slice(0, -cut));
    const value = BigInt(text);
    if (value < leastTime || value > mostTime) return undefined;
    const unit = 10n ** BigInt(cut);
    return Number((value - (((value % unit) + unit) % unit)) / unit);
  }
  if (text.length > exactDigits) return undefined;
  return Number(text) * unitMs[precision];
}

/** A time without what is below the unit: that of a point without timestamp. */
export function truncated(timeMs: number, precision: Precision): number {
  if (precision === 'ns' || precision === 'us') return timeMs;
  return Math.floor(timeMs / unitMs[precision]) * unitMs[precision];
}

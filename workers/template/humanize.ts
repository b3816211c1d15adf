import { floatText } from './decimal.ts';
import { isDuration, nanosecondsOf } from './duration.ts';
import { parseFloatLiteral } from './number-literal.ts';
import { quoted } from './quote.ts';
import { formatTime } from './time-layout.ts';
import { typeName, type Value } from './value.ts';

/**
 * The number that a value is (`ConvertToFloat` of prometheus/common/helpers/templates).
 *
 * @throws Error when it is none
 */
export function numberOf(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string') return parsedFloat(value);
  if (isDuration(value)) return Number(nanosecondsOf(value)) / 1e9;
  throw new Error(`can't convert ${value === undefined ? '<nil>' : typeName(value)} to float`);
}

function parsedFloat(text: string): number {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word !== null) {
    if (word[2]!.toLowerCase() === 'nan' && word[1] === '') return Number.NaN;
    if (word[2]!.toLowerCase() !== 'nan')
      return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const value = parseFloatLiteral(text);
  const problem = value === undefined ? 'invalid syntax' : Number.isFinite(value) ? '' : 'value out of range';
  if (problem !== '') throw new Error(`strconv.ParseFloat: parsing ${quoted(text)}: ${problem}`);
  return value!;
}

const large = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const binary = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];
const small = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

function four(value: number): string {
  return floatText(value, 'g', 4);
}

function scaledDown(value: number, unit: number, prefixes: readonly string[]): string {
  let size = value;
  let prefix = '';
  for (const next of prefixes) {
    if (Math.abs(size) < unit) break;
    prefix = next;
    size /= unit;
  }
  return four(size) + prefix;
}

function scaledUp(value: number): string {
  let size = value;
  let prefix = '';
  for (const next of small) {
    if (Math.abs(size) >= 1) break;
    prefix = next;
    size *= 1000;
  }
  return four(size) + prefix;
}

/** `1234567` is `1.235M`. */
export function humanize(value: Value): string {
  const number = numberOf(value);
  if (number === 0 || !Number.isFinite(number)) return four(number);
  return Math.abs(number) >= 1 ? scaledDown(number, 1000, large) : scaledUp(number);
}

/** `1048576` is `1Mi`. */
export function humanize1024(value: Value): string {
  const number = numberOf(value);
  if (Math.abs(number) <= 1 || !Number.isFinite(number)) return four(number);
  return scaledDown(number, 1024, binary);
}

/** Seconds: `3661` is `1h 1m 1s`. */
export function humanizeDuration(value: Value): string {
  const number = numberOf(value);
  if (!Number.isFinite(number)) return four(number);
  if (number === 0) return `${four(number)}s`;
  if (Math.abs(number) < 1) return `${scaledUp(number)}s`;
  const sign = number < 0 ? '-' : '';
  const size = Math.abs(number);
  const seconds = BigInt(Math.trunc(size));
  const parts = `${(seconds / 60n) % 60n}m ${seconds % 60n}s`;
  const hours = (seconds / 3600n) % 24n;
  if (seconds >= 86_400n) return `${sign}${seconds / 86_400n}d ${hours}h ${parts}`;
  if (seconds >= 3600n) return `${sign}${hours}h ${parts}`;
  if (seconds >= 60n) return sign + parts;
  return `${sign}${four(size)}s`;
}

/** A share: `0.1234` is `12.34%`. */
export function humanizePercentage(value: Value): string {
  return `${four(numberOf(value) * 100)}%`;
}

/** Seconds since 1970 as a time in UTC. */
export function humanizeTimestamp(value: Value): string {
  const number = numberOf(value);
  if (!Number.isFinite(number)) return four(number);
  return formatTime(timestampMs(number), 'UTC', '2006-01-02 15:04:05.999999999 -0700 MST');
}

/**
 * Seconds since 1970 as milliseconds.
 *
 * @throws Error for what is no time
 */
export function timestampMs(seconds: number): number {
  if (!Number.isFinite(seconds)) throw new Error('value is NaN or Inf');
  const nanoseconds = seconds * 1e9;
  if (Math.abs(nanoseconds) > 2 ** 63)
    throw new Error(
      `${floatText(seconds, 'g', -1)} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  return Number(BigInt(Math.trunc(nanoseconds)) / 1_000_000n);
}

const invalidNumber = 'invalid number';
const comma = 0x2c;
const space = 0x20;
const dot = 0x2e;
const plus = 0x2b;
const minus = 0x2d;
const smallE = 0x65;
const bigE = 0x45;
const smallI = 0x69;
const smallU = 0x75;

/** From so many digits on an integer may be too large. */
const longInteger = 19;
const mostInteger = 2n ** 63n - 1n;
const leastInteger = -(2n ** 63n);
const mostUnsigned = 2n ** 64n - 1n;

/**
 * End of the number at `start`, or what is wrong with it: a float, an integer (`1i`) or an unsigned integer (`1u`), as
 * scanNumber of InfluxDB 1.8 and 2.x reads it; 1.x before refuses unsigned ones.
 */
export function scanNumber(bytes: Uint8Array, start: number, end: number): number | string {
  let i = start;
  const isNegative = bytes[i] === minus;
  if (isNegative && ++i === end) return invalidNumber;
  let isInteger = false;
  let isUnsigned = false;
  let isDecimal = false;
  let isScientific = false;
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === comma || byte === space) break;
    if (byte >= 0x30 && byte <= 0x39) continue;
    if (byte === smallI && i > start && !isInteger && !isUnsigned) {
      isInteger = true;
    } else if (byte === smallU && i > start && !isInteger && !isUnsigned) {
      isUnsigned = true;
    } else if (byte === dot) {
      if (isDecimal) return invalidNumber;
      isDecimal = true;
    } else if ((byte === smallE || byte === bigE) && i > start) {
      isScientific = true;
    } else if (byte !== plus && byte !== minus) {
      return invalidNumber;
    } else if (bytes[i - 1] !== smallE && bytes[i - 1] !== bigE) {
      return invalidNumber;
    }
  }
  if ((isInteger || isUnsigned) && (isDecimal || isScientific)) return invalidNumber;
  const digits = i - start - (isInteger ? 1 : 0) - (isDecimal ? 1 : 0) - (isNegative ? 1 : 0);
  if (digits === 0) return invalidNumber;
  if (isInteger || isUnsigned) return checkInteger(bytes, start, i, isUnsigned);
  if (isScientific || digits > 300) {
    return Number.isFinite(Number(textOf(bytes, start, i))) ? i : 'invalid float';
  }
  return i;
}

function checkInteger(bytes: Uint8Array, start: number, end: number, isUnsigned: boolean): number | string {
  const last = end - 1;
  if (bytes[last] !== (isUnsigned ? smallU : smallI)) return invalidNumber;
  if (isUnsigned && bytes[start] === minus) return invalidNumber;
  if (last - start < longInteger) return end;
  const text = textOf(bytes, start, last);
  const value = BigInt(text);
  if (isUnsigned) return value <= mostUnsigned ? end : outOfRange('unsigned', 'ParseUint', text);
  return value >= leastInteger && value <= mostInteger ? end : outOfRange('integer', 'ParseInt', text);
}

function outOfRange(kind: string, parser: string, text: string): string {
  return `unable to parse ${kind} ${text}: strconv.${parser}: parsing "${text}": value out of range`;
}

/** Digits and signs only. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 400)));
}

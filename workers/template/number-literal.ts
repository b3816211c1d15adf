import type { NumberLiteral } from './node.ts';
import { quoted } from './quote.ts';

const maxInt = 2n ** 63n - 1n;
const minInt = -(2n ** 63n);

/**
 * What a number of a template means (`newNumber` of text/template/parse/node.go); complex ones are not supported.
 *
 * @throws Error in Go's words
 */
export function numberLiteral(text: string): NumberLiteral {
  const int = parseInteger(text);
  const isFloat = /[.eEpP]/.test(text) && !/^0[xX][^pP]*$/.test(text);
  if (int !== undefined) {
    if (int <= maxInt && int >= minInt) return { int, float: Number(int), isFloat };
    if (int <= 2n * maxInt + 1n && int > 0n) return { int: undefined, float: Number(int), isFloat };
  }
  const float = parseFloatLiteral(text);
  if (float === undefined || !Number.isFinite(float))
    throw new Error(`illegal number syntax: ${quoted(text)}`);
  if (!/[.eEpP]/.test(text)) throw new Error(`integer overflow: ${quoted(text)}`);
  const isWhole = Number.isInteger(float) && float >= Number(minInt) && float < Number(maxInt);
  return { int: isWhole ? BigInt(float) : undefined, float, isFloat };
}

/** As Go's `strconv.ParseInt` with base 0, of any size. */
function parseInteger(text: string): bigint | undefined {
  const match =
    /^([+-]?)(0[xX]_?[\da-fA-F]+(?:_[\da-fA-F]+)*|0[bB]_?[01]+(?:_[01]+)*|0[oO]?_?[0-7]+(?:_[0-7]+)*|0|[1-9]\d*(?:_\d+)*)$/.exec(
      text,
    );
  if (match === null) return undefined;
  const digits = match[2]!.replaceAll('_', '').toLowerCase();
  const value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return match[1] === '-' ? -value : value;
}

/** As Go's `strconv.ParseFloat`, without its words for infinity. */
export function parseFloatLiteral(text: string): number | undefined {
  const hex = /^([+-]?)0[xX]_?([\da-fA-F_]*)(?:\.([\da-fA-F_]*))?[pP]([+-]?\d+)$/.exec(text);
  if (hex !== null) {
    const [, sign, whole, fraction = '', exponent] = hex;
    const digits = (whole! + fraction).replaceAll('_', '');
    if (digits === '') return undefined;
    const scale = Number(exponent) - fraction.replaceAll('_', '').length * 4;
    return Number(BigInt(`0x${digits}`)) * 2 ** scale * (sign === '-' ? -1 : 1);
  }
  const isDecimal =
    /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?$/.test(text);
  return isDecimal ? Number(text.replaceAll('_', '')) : undefined;
}

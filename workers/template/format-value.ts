import { floatText } from './decimal.ts';
import { canBackquote, isPrintable, quoted } from './quote.ts';
import { kindOf, List, Named, Struct, Table, typeName, type Value } from './value.ts';

/** Between `%` and the verb. */
export interface Flags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** `%+v`: names of fields; `%#v`: as in Go's source. */
  plusV: boolean;
  sharpV: boolean;
  width: number | undefined;
  precision: number | undefined;
}

export function noFlags(): Flags {
  return {
    ...{ plus: false, minus: false, sharp: false, space: false, zero: false, plusV: false, sharpV: false },
    ...{ width: undefined, precision: undefined },
  };
}

/** A value under a verb (`printArg` and `printValue` of fmt/print.go). `%x` and `%b` of floats are not supported. */
export function formatValue(value: Value, verb: string, flags: Flags, depth = 0): string {
  if (value === undefined) {
    if (verb === 'v' || verb === 'T') return depth === 0 ? pad('<nil>', flags) : '<nil>';
    return `%!${verb}(<nil>)`;
  }
  if (verb === 'T') return formatText(typeName(value), 's', flags) ?? '';
  const own =
    typeof value === 'object' && !flags.sharpV && 'vsxXq'.includes(verb) ? value.type.text : undefined;
  const result =
    own === undefined
      ? formatPlain(value, verb, flags, depth)
      : formatText((own as (value: Value) => string)(value), verb, flags);
  return result ?? `%!${verb}(${typeName(value)}=${formatPlain(value, 'v', flags, depth) ?? ''})`;
}

/** undefined for a verb that the value does not have. */
function formatPlain(
  value: Exclude<Value, undefined>,
  verb: string,
  flags: Flags,
  depth: number,
): string | undefined {
  if (value instanceof List) return formatList(value, verb, flags, depth);
  if (value instanceof Table) return formatTable(value, verb, flags, depth);
  if (value instanceof Struct) return formatStruct(value, verb, flags, depth);
  const plain = value instanceof Named ? value.value : value;
  switch (typeof plain) {
    case 'boolean':
      return verb === 't' || verb === 'v' ? pad(String(plain), flags) : undefined;
    case 'number':
      return formatFloat(plain, verb, flags);
    case 'bigint':
      return formatInt(plain, verb, flags);
    case 'string':
      return formatText(plain, verb, flags);
  }
}

function formatList({ type, items }: List, verb: string, flags: Flags, depth: number): string {
  const parts = items.map((item) => formatValue(item, verb, flags, depth + 1));
  return flags.sharpV ? `${type.name}{${parts.join(', ')}}` : `[${parts.join(' ')}]`;
}

function formatTable(table: Table, verb: string, flags: Flags, depth: number): string {
  const parts = table.keys().map((key) => {
    const value = formatValue(table.entries.get(key), verb, flags, depth + 1);
    return `${formatValue(key, verb, flags, depth + 1)}:${value}`;
  });
  return flags.sharpV ? `${table.type.name}{${parts.join(', ')}}` : `map[${parts.join(' ')}]`;
}

function formatStruct({ type, fields }: Struct, verb: string, flags: Flags, depth: number): string {
  const isNamed = flags.plusV || flags.sharpV;
  const parts = Array.from(fields, ([name, field]) => {
    return `${isNamed ? `${name}:` : ''}${formatValue(field, verb, flags, depth + 1)}`;
  });
  const body = flags.sharpV ? `${type.name.replace(/^\*/, '')}{${parts.join(', ')}}` : `{${parts.join(' ')}}`;
  return type.name.startsWith('*') ? `&${body}` : body;
}

function formatText(text: string, verb: string, flags: Flags): string | undefined {
  const cut = flags.precision === undefined ? text : Array.from(text).slice(0, flags.precision).join('');
  switch (verb) {
    case 'v':
      return pad(flags.sharpV ? quoted(cut) : cut, flags);
    case 's':
      return pad(cut, flags);
    case 'q':
      if (flags.sharp && canBackquote(cut)) return pad(`\`${cut}\``, flags);
      return pad(quoted(cut, flags.plus), flags);
    case 'x':
    case 'X':
      return formatBytes(Buffer.from(text), verb, flags);
  }
  return undefined;
}

function formatBytes(bytes: Buffer, verb: 'x' | 'X', flags: Flags): string {
  const cut = bytes.subarray(0, flags.precision);
  const pairs = Array.from(cut, (byte) => byte.toString(16).padStart(2, '0'));
  const prefix = flags.sharp && pairs.length > 0 ? '0x' : '';
  const hex = flags.space ? pairs.map((pair) => prefix + pair).join(' ') : prefix + pairs.join('');
  return pad(verb === 'X' ? hex.toUpperCase() : hex, flags);
}

const bases: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function formatInt(value: bigint, verb: string, flags: Flags): string | undefined {
  const base = bases[verb];
  if (base === undefined) return formatCharacter(value, verb, flags);
  const isNegative = value < 0n;
  const size = isNegative ? -value : value;
  if (flags.precision === 0 && size === 0n) return ' '.repeat(flags.width ?? 0);
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  let least = flags.precision ?? 0;
  if (flags.precision === undefined && flags.zero && !flags.minus) least = (flags.width ?? 0) - sign.length;
  let digits = size.toString(base).padStart(least, '0');
  if (flags.sharp && base === 2) digits = `0b${digits}`;
  else if (flags.sharp && base === 8 && !digits.startsWith('0')) digits = `0${digits}`;
  else if (flags.sharp && base === 16) digits = `0x${digits}`;
  if (verb === 'O') digits = `0o${digits}`;
  return pad(sign + (verb === 'X' ? digits.toUpperCase() : digits), flags, ' ');
}

function formatCharacter(value: bigint, verb: string, flags: Flags): string | undefined {
  const isValid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value < 0xe000n);
  const char = isValid ? String.fromCodePoint(Number(value)) : '\ufffd';
  if (verb === 'c') return pad(char, flags);
  if (verb === 'q') return pad(quoted(char, flags.plus, "'"), flags);
  if (verb !== 'U') return undefined;
  const hex = BigInt.asUintN(64, value)
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 0, 4), '0');
  return pad(`U+${hex}${flags.sharp && isValid && isPrintable(char) ? ` '${char}'` : ''}`, flags, ' ');
}

function formatFloat(value: number, verb: string, flags: Flags): string | undefined {
  if (!'vgGfFeE'.includes(verb)) return undefined;
  const isShort = 'vgG'.includes(verb);
  const letter = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb;
  const text = floatText(value, letter, flags.precision ?? (isShort ? -1 : 6));
  const isSigned = /^[+-]/.test(text);
  const sign = text.startsWith('-') ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  let body = isSigned ? text.slice(1) : text;
  if (!Number.isFinite(value)) {
    if (Number.isNaN(value)) return pad(sign + body, flags, ' ');
    return pad((sign || '+') + body, flags, ' ');
  }
  if (flags.sharp) body = withPoint(body, isShort ? (flags.precision ?? 6) : 0);
  if (flags.zero && !flags.minus) return sign + body.padStart((flags.width ?? 0) - sign.length, '0');
  return pad(sign + body, flags);
}

/** `%#g`: a decimal point always, and zeros up to the precision. */
function withPoint(text: string, precision: number): string {
  const [, number, tail] = /^([\d.]+)(.*)$/.exec(text)!;
  const significant = number!.replace('.', '').replace(/^0+(?=.)/, '').length;
  const pointed = number!.includes('.') ? number! : `${number}.`;
  return pointed + '0'.repeat(Math.max(precision - significant, 0)) + tail;
}

function pad(text: string, { width, minus, zero }: Flags, fill = zero && !minus ? '0' : ' '): string {
  if (width === undefined) return text;
  const missing = width - (text.length > width ? Array.from(text).length : runeCount(text));
  if (missing <= 0) return text;
  return minus ? text + ' '.repeat(missing) : fill.repeat(missing) + text;
}

function runeCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Whether `print` puts no space beside it. */
export function isText(value: Value): boolean {
  return kindOf(value) === 'string';
}

import { type Flags, formatValue, isText, noFlags } from './format-value.ts';
import { kindOf, Named, Struct, typeName, type Value } from './value.ts';

/** Go's bound on widths and precisions. */
const maxWidth = 1_000_000;

/** A value as an action writes it. */
export function printed(value: Value): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '<no value>' : formatValue(pointed(value), 'v', noFlags());
}

/** What a pointer without a text of its own points at. */
function pointed(value: Exclude<Value, undefined>): Value {
  if (!(value instanceof Struct) || value.type.text !== undefined || !value.type.name.startsWith('*'))
    return value;
  return new Struct({ ...value.type, name: value.type.name.slice(1) }, value.fields);
}

/** `fmt.Sprint`: a space between two values of which none is a text. */
export function sprint(values: readonly Value[]): string {
  let result = '';
  for (const [index, value] of values.entries()) {
    if (index > 0 && !isText(value) && !isText(values[index - 1])) result += ' ';
    result += formatValue(value, 'v', noFlags());
  }
  return result;
}

/** `fmt.Sprintln`. */
export function sprintln(values: readonly Value[]): string {
  return `${values.map((value) => formatValue(value, 'v', noFlags())).join(' ')}\n`;
}

/** `fmt.Sprintf`, with its words for what is wrong. */
export function sprintf(format: string, values: readonly Value[]): string {
  return new Formatting(format, values).result();
}

class Formatting {
  readonly #format: string;
  readonly #values: readonly Value[];
  #at = 0;
  #argument = 0;
  #isReordered = false;
  #isGoodIndex = true;
  #isAfterIndex = false;
  #problems = '';

  constructor(format: string, values: readonly Value[]) {
    this.#format = format;
    this.#values = values;
  }

  result(): string {
    let result = '';
    while (this.#at < this.#format.length) {
      const next = this.#format.indexOf('%', this.#at);
      result += this.#format.slice(this.#at, next < 0 ? undefined : next);
      if (next < 0) break;
      this.#at = next + 1;
      result += this.#directive();
    }
    if (this.#isReordered || this.#argument >= this.#values.length) return result;
    const extra = this.#values.slice(this.#argument).map((value) => {
      return value === undefined ? '<nil>' : `${typeName(value)}=${formatValue(value, 'v', noFlags())}`;
    });
    return `${result}%!(EXTRA ${extra.join(', ')})`;
  }

  #directive(): string {
    this.#isGoodIndex = true;
    this.#isAfterIndex = false;
    this.#problems = '';
    const flags = this.#flags();
    this.#readIndex();
    this.#readWidth(flags);
    this.#readPrecision(flags);
    if (!this.#isAfterIndex) this.#readIndex();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return `${this.#problems}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    return this.#problems + this.#verb(verb, flags);
  }

  #verb(verb: string, flags: Flags): string {
    if (verb === '%') return '%';
    if (!this.#isGoodIndex) return `%!${verb}(BADINDEX)`;
    if (this.#argument >= this.#values.length) return `%!${verb}(MISSING)`;
    if (verb === 'v') {
      flags.sharpV = flags.sharp;
      flags.sharp = false;
      flags.plusV = flags.plus;
      flags.plus = false;
    }
    return formatValue(this.#values[this.#argument++], verb, flags);
  }

  #flags(): Flags {
    const flags = noFlags();
    for (; ; this.#at++) {
      const char = this.#format[this.#at];
      if (char === '#') flags.sharp = true;
      else if (char === '0') flags.zero = true;
      else if (char === '+') flags.plus = true;
      else if (char === '-') flags.minus = true;
      else if (char === ' ') flags.space = true;
      else return flags;
    }
  }

  #readWidth(flags: Flags): void {
    if (this.#format[this.#at] === '*') {
      this.#at++;
      const width = this.#intArgument();
      if (width === undefined) this.#problems += '%!(BADWIDTH)';
      else flags.width = Math.abs(width);
      if (width !== undefined && width < 0) {
        flags.minus = true;
        flags.zero = false;
      }
      this.#isAfterIndex = false;
      return;
    }
    flags.width = this.#number();
    if (this.#isAfterIndex && flags.width !== undefined) this.#isGoodIndex = false;
  }

  #readPrecision(flags: Flags): void {
    if (this.#format[this.#at] !== '.' || this.#at + 1 >= this.#format.length) return;
    this.#at++;
    if (this.#isAfterIndex) this.#isGoodIndex = false;
    this.#readIndex();
    if (this.#format[this.#at] !== '*') {
      flags.precision = this.#number() ?? 0;
      return;
    }
    this.#at++;
    const precision = this.#intArgument();
    if (precision === undefined || precision < 0) this.#problems += '%!(BADPREC)';
    else flags.precision = precision;
    this.#isAfterIndex = false;
  }

  #number(): number | undefined {
    const digits = /\d*/y;
    digits.lastIndex = this.#at;
    const text = digits.exec(this.#format)![0];
    this.#at += text.length;
    return text === '' || Number(text) > maxWidth ? undefined : Number(text);
  }

  #intArgument(): number | undefined {
    if (this.#argument >= this.#values.length) return undefined;
    const value = this.#values[this.#argument++];
    if (kindOf(value) !== 'int') return undefined;
    const number = Number(value instanceof Named ? value.value : value);
    return Math.abs(number) > maxWidth ? undefined : number;
  }

  /** `[3]`: which argument comes next. */
  #readIndex(): void {
    this.#isAfterIndex = false;
    if (this.#format[this.#at] !== '[') return;
    this.#isReordered = true;
    const close = this.#format.indexOf(']', this.#at);
    if (close < 0) {
      this.#isGoodIndex = false;
      this.#at++;
      return;
    }
    const text = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    const index = /^\d+$/.test(text) ? Number(text) - 1 : -1;
    this.#isAfterIndex = /^\d+$/.test(text);
    if (index >= 0 && index < this.#values.length) this.#argument = index;
    else this.#isGoodIndex = false;
  }
}

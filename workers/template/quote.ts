const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const shortEscapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** Halves of surrogate pairs become what Go has for bytes that are no text. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Whether Go's `strconv.IsPrint` prints a character as it is. */
export function isPrintable(char: string): boolean {
  return printable.test(char);
}

/** Whether a text can be a literal in back quotes. */
export function canBackquote(text: string): boolean {
  return !/[`\x7f\ufeff]/.test(text) && Array.from(text).every((char) => char >= ' ' || char === '\t');
}

/** A text as a Go literal (`strconv.Quote`), or with `isAscii` as one of ASCII only. */
export function quoted(text: string, isAscii = false, quote = '"'): string {
  let result = quote;
  for (const char of wellFormed(text)) {
    if (char === quote) result += `\\${char}`;
    else if (shortEscapes[char] !== undefined) result += shortEscapes[char];
    else if (char < '\x7f' ? char >= ' ' : !isAscii && isPrintable(char)) result += char;
    else result += escaped(char.codePointAt(0)!);
  }
  return result + quote;
}

function escaped(code: number): string {
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`;
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

const escapeValues: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
};

/**
 * What a Go literal in quotes of any kind means (`strconv.Unquote`).
 *
 * @throws Error `invalid syntax`
 */
export function unquoted(literal: string): string {
  const quote = literal[0]!;
  const body = literal.slice(1, -1);
  if (literal.length < 2 || literal.at(-1) !== quote) throw new Error('invalid syntax');
  if (quote === '`') return body.replaceAll('\r', '');
  if (body.includes('\n')) throw new Error('invalid syntax');
  if (!body.includes('\\')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const next = body.indexOf('\\', at);
    if (next !== at) {
      parts.push(Buffer.from(body.slice(at, next < 0 ? undefined : next)));
      at = next < 0 ? body.length : next;
      continue;
    }
    const read = readEscape(body, at, quote);
    parts.push(read.isByte ? Buffer.of(read.code) : Buffer.from(String.fromCodePoint(read.code)));
    at = read.end;
  }
  return Buffer.concat(parts).toString();
}

/**
 * The code of a character literal: `'a'`, `'\n'`.
 *
 * @throws Error when it is not one character
 */
export function unquotedCharacter(literal: string): number {
  const body = literal.slice(1, -1);
  if (body === "'" || body === '') throw new Error('invalid syntax');
  const { code, end } = body.startsWith('\\')
    ? readEscape(body, 0, "'")
    : { code: body.codePointAt(0)!, end: body.codePointAt(0)! > 0xffff ? 2 : 1 };
  if (end !== body.length) throw new Error(`malformed character constant: ${literal}`);
  return code;
}

function readEscape(body: string, at: number, quote: string): { code: number; end: number; isByte: boolean } {
  const letter = body[at + 1] ?? '';
  const simple = letter === quote ? quote.charCodeAt(0) : escapeValues[letter];
  if (simple !== undefined) return { code: simple, end: at + 2, isByte: false };
  const match = /^\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3}))/.exec(
    body.slice(at, at + 10),
  );
  if (match === null) throw new Error('invalid syntax');
  const [all, hex, short, long, octal] = match;
  const code = octal === undefined ? Number.parseInt((hex ?? short ?? long)!, 16) : Number.parseInt(octal, 8);
  const isByte = hex !== undefined || octal !== undefined;
  const isSurrogate = code >= 0xd800 && code < 0xe000;
  if (isByte ? code > 255 : code > 0x10ffff || isSurrogate) throw new Error('invalid syntax');
  return { code, end: at + all.length, isByte };
}

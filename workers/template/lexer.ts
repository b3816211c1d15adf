import { quoted } from './quote.ts';

const keywords = new Set([
  ...['.', 'block', 'break', 'continue', 'define', 'else', 'end', 'if', 'nil', 'range', 'template', 'with'],
] as const);

type Keyword = typeof keywords extends Set<infer Word> ? Word : never;

export type TokenKind =
  | Keyword
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'complex'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable';

export interface Token {
  readonly kind: TokenKind;
  /** Offset in the template. */
  readonly at: number;
  /** As it is written; of an error what is wrong. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** A token as Go's messages name it. */
export function tokenText({ kind, text }: Token): string {
  if (kind === 'eof') return 'EOF';
  if (kind === 'error') return text;
  if ((keywords as ReadonlySet<string>).has(kind)) return `<${text}>`;
  return [...text].length > 10 ? `${quoted([...text].slice(0, 10).join(''))}...` : quoted(text);
}

/** The tokens of a template (text/template/parse/lex.go); the last is `eof` or `error`. */
export function tokensOf(text: string): Token[] {
  return new Lexer(text).tokens();
}

const spaces = ' \t\r\n';

function isSpace(char: string | undefined): boolean {
  return char !== undefined && spaces.includes(char);
}

function trimmedLeft(text: string, from: number): number {
  let at = from;
  while (isSpace(text[at])) at++;
  return at;
}

const wordChar = /[\p{L}\p{Nd}_]/uy;

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;
  #line = 1;
  /** Up to where lines are counted. */
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  tokens(): Token[] {
    while (this.#readText() && this.#readAction());
    return this.#tokens;
  }

  /** Text and comments up to the next action; false at the end. */
  #readText(): boolean {
    for (;;) {
      const start = this.#at;
      const open = this.#text.indexOf('{{', start);
      const end = open < 0 ? this.#text.length : open;
      const isTrimmed = open >= 0 && this.#text[open + 2] === '-' && isSpace(this.#text[open + 3]);
      let cut = end;
      if (isTrimmed) while (cut > start && isSpace(this.#text[cut - 1])) cut--;
      if (cut > start) this.#push('text', start, cut);
      this.#at = end;
      if (open < 0) {
        this.#push('eof', end, end);
        return false;
      }
      const inside = open + (isTrimmed ? 4 : 2);
      if (!this.#text.startsWith('/*', inside)) {
        this.#push('leftDelim', open, open + 2);
        this.#at = inside;
        this.#parens = 0;
        return true;
      }
      if (!this.#skipComment(inside)) return false;
    }
  }

  #skipComment(start: number): boolean {
    const close = this.#text.indexOf('*/', start + 2);
    if (close < 0) return this.#fail(start, 'unclosed comment');
    const end = this.#rightDelim(close + 2);
    if (end === undefined) return this.#fail(start, 'comment ends before closing delimiter');
    this.#at = end.after;
    return true;
  }

  /** Where the text goes on after a right delimiter that begins here, if one does. */
  #rightDelim(at: number): { readonly from: number; readonly after: number } | undefined {
    if (isSpace(this.#text[at]) && this.#text.startsWith('-}}', at + 1))
      return { from: at + 2, after: trimmedLeft(this.#text, at + 4) };
    return this.#text.startsWith('}}', at) ? { from: at, after: at + 2 } : undefined;
  }

  /** Tokens up to the right delimiter; false after an error. */
  #readAction(): boolean {
    for (;;) {
      const end = this.#rightDelim(this.#at);
      if (end !== undefined) {
        if (this.#parens > 0) return this.#fail(this.#at, 'unclosed left paren');
        this.#push('rightDelim', end.from, end.from + 2);
        this.#at = end.after;
        return true;
      }
      if (!this.#readToken()) return false;
    }
  }

  #readToken(): boolean {
    const start = this.#at;
    const char = this.#text[start];
    if (char === undefined) return this.#fail(start, 'unclosed action');
    if (isSpace(char)) return this.#readSpace(start);
    switch (char) {
      case '=':
        return this.#take('assign', 1);
      case ':':
        if (this.#text[start + 1] !== '=') return this.#fail(start, 'expected :=');
        return this.#take('declare', 2);
      case '|':
        return this.#take('pipe', 1);
      case '"':
        return this.#readQuoted('string', '"', 'unterminated quoted string');
      case "'":
        return this.#readQuoted('charConstant', "'", 'unterminated character constant');
      case '`': {
        const close = this.#text.indexOf('`', start + 1);
        if (close < 0) return this.#fail(start, 'unterminated raw quoted string');
        return this.#take('rawString', close + 1 - start);
      }
      case '$':
        return this.#readName('variable', start + 1);
      case '(':
        this.#parens++;
        return this.#take('leftParen', 1);
      case ')':
        if (--this.#parens < 0) return this.#fail(start, 'unexpected right paren');
        return this.#take('rightParen', 1);
    }
    if (char === '.' && start + 1 < this.#text.length && !/\d/.test(this.#text[start + 1]!))
      return this.#readName('field', start + 1);
    if (/[.+\-\d]/.test(char)) return this.#readNumber(start);
    if (this.#wordEnd(start) > start) return this.#readName('identifier', start);
    if (char > ' ' && char < '\x7f') return this.#take('char', 1);
    return this.#fail(start, `unrecognized character in action: ${unicodeName(this.#charAt(start))}`);
  }

  #readSpace(start: number): boolean {
    let end = trimmedLeft(this.#text, start);
    // The last one belongs to a delimiter with a trim marker.
    if (this.#text.startsWith('-}}', end)) end--;
    if (end > start) this.#push('space', start, end);
    this.#at = end;
    return true;
  }

  #readQuoted(kind: TokenKind, quote: string, message: string): boolean {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const char = this.#text[at];
      if (char === quote) return this.#take(kind, at + 1 - this.#at);
      if (char === '\\') at++;
      if (this.#text[at] === '\n') break;
    }
    return this.#fail(this.#at, message);
  }

  /** A field, variable, identifier or keyword, whose letters begin at `from`. */
  #readName(kind: 'field' | 'variable' | 'identifier', from: number): boolean {
    const start = this.#at;
    const end = this.#wordEnd(from);
    if (!this.#isTerminator(end)) return this.#fail(start, `bad character ${unicodeName(this.#charAt(end))}`);
    if (end === from && kind === 'field') return this.#take('.', 1);
    const word = this.#text.slice(start, end);
    if (kind !== 'identifier') return this.#take(kind, end - start);
    if ((keywords as ReadonlySet<string>).has(word)) return this.#take(word as Keyword, end - start);
    return this.#take(word === 'true' || word === 'false' ? 'bool' : 'identifier', end - start);
  }

  /** Not all that it takes is a number: the parser looks closer. */
  #readNumber(start: number): boolean {
    let end = this.#numberEnd(start);
    let kind: TokenKind = 'number';
    let isGood = this.#wordEnd(end) === end;
    if (isGood && /[+-]/.test(this.#text[end] ?? '')) {
      kind = 'complex';
      end = this.#numberEnd(end);
      isGood = this.#wordEnd(end) === end && this.#text[end - 1] === 'i';
    }
    if (isGood) return this.#take(kind, end - start);
    const shown = this.#wordEnd(end) > end ? end + this.#charAt(end)!.length : end;
    return this.#fail(start, `bad number syntax: ${quoted(this.#text.slice(start, shown))}`);
  }

  #numberEnd(start: number): number {
    const pattern =
      /[+-]?(?:0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?[\d_]*)?)i?/y;
    pattern.lastIndex = start;
    return start + pattern.exec(this.#text)![0].length;
  }

  #wordEnd(from: number): number {
    let at = from;
    for (;;) {
      wordChar.lastIndex = at;
      const match = wordChar.exec(this.#text);
      if (match === null) return at;
      at += match[0].length;
    }
  }

  #isTerminator(at: number): boolean {
    const char = this.#text[at];
    return char === undefined || `${spaces}.,|:)(`.includes(char) || this.#text.startsWith('}}', at);
  }

  #charAt(at: number): string | undefined {
    const code = this.#text.codePointAt(at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  #take(kind: TokenKind, length: number): boolean {
    this.#push(kind, this.#at, this.#at + length);
    this.#at += length;
    return true;
  }

  #push(kind: TokenKind, from: number, to: number): void {
    this.#tokens.push({ kind, at: from, text: this.#text.slice(from, to), line: this.#lineAt(from) });
  }

  #fail(at: number, text: string): false {
    this.#tokens.push({ kind: 'error', at, text, line: this.#lineAt(at) });
    return false;
  }

  #lineAt(at: number): number {
    for (; this.#counted < at; this.#counted++) if (this.#text[this.#counted] === '\n') this.#line++;
    return this.#line;
  }
}

/** A character as Go's `%#U` prints it. */
function unicodeName(char: string | undefined): string {
  if (char === undefined) return 'U+FFFFFFFFFFFFFFFF';
  const hex = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `U+${hex} '${char}'` : `U+${hex}`;
}

import { cut, plain } from './privacy.ts';
import { maskKeys } from './secrets.ts';

const mostLookedAt = 4096;
const mostQueryChars = 500;

/** Where double quotes are known to be for names: behind these they begin one, not the text that SQLite takes it for. */
const beforeNames = new Set(
  'select distinct from join into update table index by as set where and or on having returning only using with'.split(
    ' ',
  ),
);
/** Behind these there is a table in every dialect. */
const beforeTables = new Set(['from', 'join', 'into', 'update', 'table']);
/** What statements begin with. In brackets that begin otherwise `from` may stand before a value, as in `trim(…)`. */
const statements = new Set(['select', 'with', 'insert', 'update', 'delete', 'values']);
/** What is one piece in SQL, at one place of it. */
const piece = {
  blank: /\s+/y,
  lineComment: /(?:--|#(?![>-]))[^\n]*/y,
  word: /[\p{L}_@:][\p{L}\p{N}_$@:]*/uy,
  number: /\.?\d[\p{L}\p{N}_.]*(?:(?<=[eE])[+-]\d+)?/uy,
  parameter: /\$\d+/y,
  dollarQuote: /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy,
};

/**
 * A query without what it was asked with: texts, numbers, hexadecimal and dollar-quoted literals become `?`, comments
 * go, white space is folded, and it is cut at 500 characters. Knows no dialect: what is a literal in any of them is
 * one, and where dialects disagree on where a literal ends (a backslash before a quote) the rest goes. What is in
 * double quotes is a text to MySQL, and a name only where some of it stands where no text can: as a table, or beside a
 * dot.
 */
export function cleanQuery(text: string): string {
  const lines = plainLines(text.slice(0, mostLookedAt));
  const cleaner = new QueryCleaner(lines, false);
  const cleaned = cleaner.clean();
  return cleaner.hasQuotedNames ? new QueryCleaner(lines, true).clean() : cleaned;
}

/** Line feeds end comments, so they stay for now. */
function plainLines(text: string): string {
  return text
    .split(/\r\n|[\n\r]/)
    .map(plain)
    .join('\n');
}

class QueryCleaner {
  readonly #text: string;
  /** Double quotes are for names. */
  readonly #isStandard: boolean;
  /** Something in double quotes stands where only a name can. */
  hasQuotedNames = false;
  readonly #hasBackticks: boolean;
  #at = 0;
  /** What the last pattern took. */
  #taken = '';
  #cleaned = '';
  /** The last word, in small letters, and whether a double quote that comes now begins a name. */
  #word = '';
  #expectsName = false;
  #wasName = false;
  /** The word just before, where nothing but blanks came since. */
  #before = '';
  /** Of every bracket that is open the word that it begins with, '' where it is none. */
  readonly #brackets: string[] = [];
  #hasOpened = false;

  constructor(text: string, isStandard: boolean) {
    this.#text = text;
    this.#isStandard = isStandard;
    this.#hasBackticks = text.includes('`');
  }

  clean(): string {
    while (this.#at < this.#text.length && this.#cleaned.length <= mostQueryChars) this.#step();
    return cut(maskKeys(this.#cleaned.trim()), mostQueryChars);
  }

  #step(): void {
    const character = this.#text[this.#at]!;
    if (this.#take(piece.blank) || this.#take(piece.lineComment)) this.#blank();
    else if (this.#text.startsWith('/*', this.#at)) this.#comment();
    else if (character === "'") this.#literal("'");
    else if (character === '"') this.#doubleQuoted();
    else if (character === '`') this.#name('`');
    else if (this.#take(piece.dollarQuote)) this.#dollarQuoted();
    else if (this.#take(piece.parameter)) this.#put(this.#taken);
    else if (this.#take(piece.number)) this.#put('?');
    else if (this.#take(piece.word)) this.#wordTaken();
    else this.#sign(character);
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return false;
    this.#taken = found[0];
    this.#at = pattern.lastIndex;
    return true;
  }

  #put(text: string): void {
    this.#cleaned += text;
    this.#before = '';
    this.#hasOpened = false;
    this.#expectsName = false;
    this.#wasName = false;
  }

  #blank(): void {
    if (!this.#cleaned.endsWith(' ')) this.#cleaned += ' ';
  }

  #wordTaken(): void {
    // The letter before x'1f', N'…', E'…' and the like belongs to the literal; what q'[…]' is, its brackets say.
    if (this.#text[this.#at] === "'" && this.#taken.length <= 2) {
      if (/^n?q$/i.test(this.#taken)) this.#end();
      return;
    }
    const word = this.#taken.toLowerCase();
    if (this.#hasOpened) this.#brackets[this.#brackets.length - 1] = word;
    this.#put(this.#taken);
    const isBeforeValue =
      (word === 'and' && this.#word === 'between') || (word === 'from' && !this.#isBeforeTable());
    this.#word = word;
    this.#before = isBeforeValue ? '' : word;
    this.#expectsName = !isBeforeValue && beforeNames.has(word);
  }

  /** `from` is, unless it is that of `trim(both "x" from "y")` or of `is distinct from`. */
  #isBeforeTable(): boolean {
    const bracket = this.#brackets.at(-1);
    return this.#word !== 'distinct' && (bracket === undefined || statements.has(bracket));
  }

  #sign(character: string): void {
    // Names in a list: ("a", "b"), "a", "b"
    const goesOn = this.#wasName && (character === ',' || character === '(' || character === '.');
    this.#put(character);
    this.#at++;
    this.#expectsName = goesOn || character === '.';
    if (character === '(') this.#brackets.push('');
    else if (character === ')') this.#brackets.pop();
    this.#hasOpened = character === '(';
  }

  /** Nested, as PostgreSQL has them. */
  #comment(): void {
    let depth = 0;
    do {
      if (this.#text.startsWith('/*', this.#at)) depth++;
      else if (this.#text.startsWith('*/', this.#at)) depth--;
      else {
        this.#at++;
        continue;
      }
      this.#at += 2;
    } while (depth > 0 && this.#at < this.#text.length);
    this.#blank();
  }

  #doubleQuoted(): void {
    const end = this.#text.indexOf('"', this.#at + 1);
    // Where a backslash is, it may not be the end.
    const isWhole = end > 0 && this.#text[end - 1] !== '\\';
    const isQualified = isWhole && (this.#text[end + 1] === '.' || this.#text[this.#at - 1] === '.');
    if (isQualified || (isWhole && beforeTables.has(this.#before)))
      this.hasQuotedNames ||= !this.#hasBackticks;
    const isName = this.#isStandard ? this.#expectsName || isQualified : this.#before === 'as';
    if (isWhole && isName) this.#name('"');
    else this.#literal('"');
  }

  #name(quote: string): void {
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) {
      this.#end();
      return;
    }
    this.#put(this.#text.slice(this.#at, end + 1).replaceAll('\n', ' '));
    this.#at = end + 1;
    this.#wasName = true;
  }

  #literal(quote: string): void {
    for (let end = this.#at + 1; end < this.#text.length; end++) {
      if (this.#text[end] !== quote) continue;
      if (this.#text[end - 1] === '\\') break;
      if (this.#text[end + 1] === quote) {
        end++;
        continue;
      }
      this.#put('?');
      this.#at = end + 1;
      return;
    }
    this.#end();
  }

  #dollarQuoted(): void {
    const end = this.#text.indexOf(this.#taken, this.#at);
    if (end < 0) {
      this.#end();
      return;
    }
    this.#put('?');
    this.#at = end + this.#taken.length;
  }

  /** Where a literal ends cannot be said. */
  #end(): void {
    this.#put('?');
    this.#at = this.#text.length;
  }
}

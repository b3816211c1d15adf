import { Refusal, type Span } from '../promql-error.ts';

/** Numbers and durations as Prometheus's lexer takes them (promql/parser/lex.go, scanNumber and durations). */
export const numberPattern =
  /0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|(?:[0-9]+(?:y|w|d|h|ms|m|s))+|(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?/y;

const durationPattern = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const unitSeconds = [31_536_000, 604_800, 86_400, 3600, 60, 1, 0.001];

/** Durations are nanoseconds in 64 bits there. */
export const maxDurationSeconds = 2 ** 63 / 1e9;

/**
 * The value of the unsigned number at a place, or of a duration in seconds. As in Go (strconv.ParseInt with base 0, then
 * ParseFloat) a leading 0 makes an octal number where its digits allow it.
 */
export function numberOf(source: string, span: Span): number {
  const text = source.slice(span.from, span.to);
  if (!isNumber(text) || /\w/.test(source[span.to] ?? '')) {
    throw new Refusal(`bad number or duration syntax: "${text}"`, span);
  }
  const lower = text.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  if (lower === 'nan') return Number.NaN;
  if (/[smhdwy]$/.test(text) && !lower.startsWith('0x')) return durationSecondsOf(text, span);
  const digits = text.replaceAll('_', '');
  if (lower.startsWith('0x') && BigInt(digits) >= 2n ** 63n) throw new Refusal('number out of range', span);
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  if (!Number.isFinite(value)) throw new Refusal(`error parsing number: ${text} is out of range`, span);
  return value;
}

function isNumber(text: string): boolean {
  numberPattern.lastIndex = 0;
  return /^(?:inf|nan)$/i.test(text) || numberPattern.exec(text)?.[0] === text;
}

function durationSecondsOf(text: string, span: Span): number {
  const parts = durationPattern.exec(text);
  if (parts === null) throw new Refusal(`not a valid duration string: "${text}"`, span);
  let seconds = 0;
  let milliseconds = 0;
  unitSeconds.forEach((unit, index) => {
    const count = Number(parts[index + 1] ?? 0);
    if (index === unitSeconds.length - 1) milliseconds = count;
    else seconds += count * unit;
  });
  const total = (seconds * 1000 + milliseconds) / 1000;
  if (total > maxDurationSeconds) throw new Refusal('duration out of range', span);
  return total;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** The text of a quoted string: Go's escapes in single and double quotes, none in backquotes. */
export function textOf(quoted: string, span: Span): string {
  const quote = quoted[0]!;
  if (quoted.length < 2 || !quoted.endsWith(quote)) throw new Refusal('unterminated quoted string', span);
  const body = quoted.slice(1, -1);
  if (quote === '`') return body;
  if (!body.includes('\\')) {
    if (body.includes('\n')) throw new Refusal('unterminated quoted string', span);
    return body;
  }
  return unescaped(body, quote, span);
}

const escapeDigits = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/;

function unescaped(body: string, quote: string, span: Span): string {
  // `\x` and octal escapes name bytes, which together may be one character of UTF-8.
  const parts: Buffer[] = [];
  let from = 0;
  while (from < body.length) {
    const slash = body.indexOf('\\', from);
    const end = slash === -1 ? body.length : slash;
    parts.push(Buffer.from(body.slice(from, end)));
    if (slash === -1) break;
    const next = body[slash + 1];
    const simple = next === quote ? quote : next === undefined ? undefined : simpleEscapes[next];
    if (simple !== undefined) {
      parts.push(Buffer.from(simple));
      from = slash + 2;
      continue;
    }
    const digits = escapeDigits.exec(body.slice(slash + 1, slash + 10));
    if (digits === null) throw new Refusal(escapeProblem(next, quote), span);
    parts.push(escapedBytes(digits, span));
    from = slash + 1 + digits[0].length;
  }
  return Buffer.concat(parts).toString('utf8');
}

function escapeProblem(next: string | undefined, quote: string): string {
  if (next === undefined) return 'unterminated quoted string';
  if (/[xuU0-7]/.test(next)) return `illegal character in escape sequence "\\${next}"`;
  return next === '\n' || next === quote
    ? 'unterminated quoted string'
    : `unknown escape sequence "\\${next}"`;
}

function escapedBytes(digits: RegExpExecArray, span: Span): Buffer {
  const byte = digits[1] !== undefined ? Number.parseInt(digits[1], 16) : undefined;
  const octal = digits[4] !== undefined ? Number.parseInt(digits[4], 8) : undefined;
  if (byte !== undefined) return Buffer.from([byte]);
  if (octal !== undefined && octal <= 255) return Buffer.from([octal]);
  const point = octal ?? Number.parseInt((digits[2] ?? digits[3])!, 16);
  if (octal !== undefined || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
    throw new Refusal('escape sequence is an invalid Unicode code point', span);
  }
  return Buffer.from(String.fromCodePoint(point));
}

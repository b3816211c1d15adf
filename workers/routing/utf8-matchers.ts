import type { LabelMatcher } from '../contract/alerts.ts';
import { textOf } from '../promql/parse/literals.ts';
import { MatcherError } from './matcher-error.ts';

interface Token {
  readonly kind: '{' | '}' | ',' | 'operator' | 'text' | 'end';
  /** Quotes taken off. */
  readonly value: string;
  readonly column: number;
}

/**
 * Alertmanager's UTF-8 parser (matcher/parse): names and values of any letters but white space and `{}!=~,\"'` and the
 * backquote, or in double quotes with the escapes of Go.
 *
 * @throws MatcherError
 */
export function parseUtf8Matchers(text: string): LabelMatcher[] {
  const tokens = tokensOf(text);
  const matchers: LabelMatcher[] = [];
  let at = 0;
  const token = () => tokens[at]!;
  const next = (kind: Token['kind'], expected: string): Token => {
    if (token().kind !== kind) throw unexpected(token(), expected);
    return tokens[at++]!;
  };
  const isBraced = token().kind === '{';
  if (isBraced) at++;
  while (token().kind !== '}' && token().kind !== 'end') {
    const name = next('text', 'a label name').value;
    const op = next('operator', 'an operator such as =, !=, =~ or !~').value as LabelMatcher['op'];
    const { value } = next('text', 'a label value');
    matchers.push({ name, op, value });
    if (token().kind !== ',') break;
    at++;
  }
  if (isBraced) next('}', matchers.length === 0 ? 'a label name or }' : 'a comma or }');
  next('end', isBraced ? 'the end' : 'a comma or the end');
  return matchers;
}

function unexpected({ kind, value, column }: Token, expected: string): MatcherError {
  return new MatcherError(column, `expected ${expected}, got ${kind === 'end' ? 'the end' : value || '""'}`);
}

const space = /\s/u;
const reserved = /[\s{}!=~,\\"'`]/u;

function tokensOf(text: string): Token[] {
  const letters = [...text];
  const tokens: Token[] = [];
  let at = 0;
  while (at < letters.length) {
    const letter = letters[at]!;
    const column = at + 1;
    if (space.test(letter)) {
      at++;
    } else if (letter === '{' || letter === '}' || letter === ',') {
      tokens.push({ kind: letter, value: letter, column });
      at++;
    } else if (letter === '=' || letter === '!') {
      const value = operatorAt(letters, at);
      tokens.push({ kind: 'operator', value, column });
      at += value.length;
    } else if (letter === '"') {
      const end = endOfQuoted(letters, at);
      tokens.push({ kind: 'text', value: unquoted(letters.slice(at, end + 1).join(''), column), column });
      at = end + 1;
    } else if (reserved.test(letter)) {
      throw new MatcherError(column, `${letter} must stand in double quotes`);
    } else {
      const start = at;
      while (at < letters.length && !reserved.test(letters[at]!)) at++;
      tokens.push({ kind: 'text', value: letters.slice(start, at).join(''), column });
    }
  }
  tokens.push({ kind: 'end', value: '', column: letters.length + 1 });
  return tokens;
}

function operatorAt(letters: readonly string[], at: number): string {
  const following = letters[at + 1];
  if (letters[at] === '=') return following === '~' ? '=~' : '=';
  if (following === '=' || following === '~') return `!${following}`;
  throw new MatcherError(at + 1, 'expected = or ~ after !');
}

function endOfQuoted(letters: readonly string[], start: number): number {
  for (let at = start + 1; at < letters.length; at++) {
    if (letters[at] === '\\') at++;
    else if (letters[at] === '"') return at;
  }
  throw new MatcherError(start + 1, 'the closing double quote is missing');
}

/** Double quotes as Go reads them (strconv.Unquote), of whole UTF-8 characters. */
function unquoted(quoted: string, column: number): string {
  try {
    const text = textOf(quoted, { from: 0, to: quoted.length });
    if (!text.includes('\uFFFD') || quoted.includes('\uFFFD')) return text;
  } catch {
    // Said below.
  }
  throw new MatcherError(column, `expected quoted text with the escapes of Go, got ${quoted}`);
}

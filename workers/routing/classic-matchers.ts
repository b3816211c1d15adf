import type { LabelMatcher } from '../contract/alerts.ts';
import { MatcherError } from './matcher-error.ts';

const matcher = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*$/s;

/**
 * Alertmanager's first parser (pkg/labels/parse.go): braces may be missing on either side, values may hold anything
 * unquoted but commas and double quotes.
 *
 * @throws MatcherError
 */
export function parseClassicMatchers(text: string): LabelMatcher[] {
  const inside = text.replace(/^\{/, '').replace(/\}$/, '');
  return partsOf(inside).map(parseOne);
}

/** Cut at commas outside of quotes; an empty end is dropped. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let isQuoted = false;
  let isEscaped = false;
  for (const letter of text) {
    if (letter === ',' && !isQuoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (letter === '"') {
      if (!isEscaped) isQuoted = !isQuoted;
      isEscaped = false;
    } else isEscaped = letter === '\\' && !isEscaped;
    part += letter;
  }
  if (part.trim() !== '') parts.push(part);
  return parts;
}

function parseOne(part: string): LabelMatcher {
  const [, name, op, raw] = matcher.exec(part) ?? [];
  if (name === undefined) throw new MatcherError(1, `expected a matcher such as name="value", got ${part}`);
  return { name, op: op as LabelMatcher['op'], value: unescaped(raw!) };
}

function unescaped(raw: string): string {
  const isQuoted = raw.startsWith('"');
  const inside = isQuoted ? raw.slice(1) : raw;
  const end = isQuoted ? inside.length - 1 : inside.length;
  let value = '';
  let at = 0;
  for (; at < end; at++) {
    const letter = inside[at]!;
    if (letter === '"') throw quoteInside(raw);
    if (letter !== '\\' || at === inside.length - 1) {
      value += letter;
      continue;
    }
    const escaped = inside[++at]!;
    if (escaped === 'n') value += '\n';
    else value += escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
  }
  if (isQuoted && (at !== end || inside[end] !== '"')) throw quoteInside(raw);
  return value;
}

function quoteInside(raw: string): MatcherError {
  return new MatcherError(1, `a double quote inside a value must be escaped: ${raw}`);
}

import { numberPattern } from './literals.ts';

/**
 * The published grammar stumbles over some expressions that Prometheus takes: numbers such as `2.` or `0x_1f`,
 * `min_of` and `max_of` outside of durations, durations' functions in upper case, a metric called `offset`, labels
 * with a colon. This
 * puts something in their place that the grammar takes, of the same length: positions stay, and names and numbers
 * are read from the source as it was written.
 */
export function rewritten(source: string): string {
  let out = '';
  let inBraces = false;
  let inGrouping = false;
  let previous = '';
  for (const token of tokens(source)) {
    if (inBraces) out += token;
    else if (inGrouping) out += token.replaceAll(':', '_');
    else out += replacement(token, previous, source, out.length);
    if (token === '{' || token === '}') inBraces = token === '{';
    if (token === ')') inGrouping = false;
    if (token === '(') inGrouping = groupings.test(previous);
    if (!/^[\s#]/.test(token)) previous = token;
  }
  return out;
}

const groupings = /^(?:by|without|on|ignoring|group_left|group_right)$/i;

const tokenPattern =
  /\s+|#[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|`[^`]*`?|[A-Za-z_:][A-Za-z0-9_:]*/sy;

function* tokens(source: string): Generator<string> {
  let at = 0;
  while (at < source.length) {
    const token = tokenAt(tokenPattern, source, at) ?? tokenAt(numberPattern, source, at) ?? source[at]!;
    yield token;
    at += token.length;
  }
}

function tokenAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function replacement(token: string, previous: string, source: string, at: number): string {
  if (/^\.?[0-9]/.test(token)) return /[\w.]/.test(source[at - 1] ?? '') ? token : '1'.repeat(token.length);
  if (/^offset$/i.test(token) && isOperandNext(previous)) return 'metric';
  if (!/^(?:step|range|min_of|max_of)$/i.test(token) || !/^\s*\(/.test(source.slice(at + token.length)))
    return token;
  if (isInDuration(source, at)) return token.toLowerCase();
  return token === 'min_of' || token === 'max_of' ? 'absent' : token;
}

/** Whether the place is inside of brackets, or begins what follows `offset`. */
function isInDuration(source: string, at: number): boolean {
  const before = source.slice(0, at);
  return before.lastIndexOf('[') > before.lastIndexOf(']') || /offset\s*[-+]?\s*$/i.test(before);
}

function isOperandNext(previous: string): boolean {
  return /^$|^[(,+\-*/%^=<>!]$|^(?:and|or|unless|atan2|bool)$/i.test(previous);
}

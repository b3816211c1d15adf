import { maxCodePoint } from './classes.ts';
import type { Node } from './node.ts';

/** The expression for JavaScript, to match a whole text. */
export function translated(node: Node): RegExp {
  return new RegExp(`^(?:${sourceOf(node)})$`, 'su');
}

/**
 * The expression in what RE2 and JavaScript (with the flags `s` and `u`) have in common; only line anchors and the
 * empty class have no such form.
 */
export function sourceOf(node: Node): string {
  switch (node.kind) {
    case 'empty':
      return '(?:)';
    case 'set':
      return setSource(node.ranges);
    case 'assert':
      return assertions[node.what];
    case 'sequence':
      return node.parts
        .map((part) => (part.kind === 'choice' ? `(?:${sourceOf(part)})` : sourceOf(part)))
        .join('');
    case 'choice':
      return node.parts.map(sourceOf).join('|');
    case 'group':
      return `(${sourceOf(node.body)})`;
    case 'repeat': {
      const { min, max, body } = node;
      const unit = body.kind === 'set' || body.kind === 'group' ? sourceOf(body) : `(?:${sourceOf(body)})`;
      return `${unit}${counts(min, max)}${node.isGreedy ? '' : '?'}`;
    }
  }
}

function counts(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`;
}

const assertions = {
  textStart: '^',
  textEnd: '$',
  lineStart: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  word: '\\b',
  noWord: '\\B',
} as const;

function setSource(ranges: readonly (readonly [number, number])[]): string {
  if (ranges.length === 0) return '[]';
  const [low, high] = ranges[0]!;
  if (low === 0 && high === maxCodePoint) return '.';
  if (ranges.length === 1 && low === high) return point(low);
  return `[${ranges.map(([first, last]) => (first === last ? point(first) : `${point(first)}-${point(last)}`)).join('')}]`;
}

function point(code: number): string {
  if (code < 32 || code === 127) return `\\x${code.toString(16).padStart(2, '0')}`;
  const text = String.fromCodePoint(code);
  if (/[-\\.+*?()|[\]{}^$]/.test(text)) return text === '-' ? '\\x2d' : `\\${text}`;
  return text;
}

import type { Ranges } from './classes.ts';

/** A regular expression of RE2 (github.com/google/re2/wiki/Syntax) as a tree. Ranges are of code points. */
export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly ranges: Ranges }
  | {
      readonly kind: 'assert';
      readonly what: 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'noWord';
    }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'group'; readonly body: Node; readonly index: number }
  | {
      readonly kind: 'repeat';
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly isGreedy: boolean;
    };

/** How often the innermost part is written out when nested counts are. */
export function repeatSize(node: Node): number {
  switch (node.kind) {
    case 'sequence':
    case 'choice':
      return Math.max(1, ...node.parts.map(repeatSize));
    case 'group':
      return repeatSize(node.body);
    case 'repeat': {
      const own = node.max === Number.POSITIVE_INFINITY ? node.min : node.max;
      return Math.max(1, own) * repeatSize(node.body);
    }
    default:
      return 1;
  }
}

/** Whether a part may match without reading anything. */
export function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'sequence':
      return node.parts.every(isNullable);
    case 'choice':
      return node.parts.some(isNullable);
    case 'group':
      return isNullable(node.body);
    case 'repeat':
      return node.min === 0 || isNullable(node.body);
    default:
      return true;
  }
}

export function childNodes(node: Node): readonly Node[] {
  if (node.kind === 'sequence' || node.kind === 'choice') return node.parts;
  return node.kind === 'group' || node.kind === 'repeat' ? [node.body] : [];
}

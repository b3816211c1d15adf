import { parser } from '@prometheus-io/lezer-promql';
import { Refusal, type Span } from '../promql-error.ts';
import { rewritten } from './rewriting.ts';

type Tree = ReturnType<typeof parser.parse>;
export type SyntaxNode = Tree['topNode'];

/** The root of the syntax tree of an expression; spans in it are spans of the source. */
export function syntaxTree(source: string): SyntaxNode {
  const first = parser.parse(source);
  if (errorNode(first) === undefined) return first.topNode;
  const second = parser.parse(rewritten(source));
  const error = errorNode(second);
  if (error === undefined) return second.topNode;
  throw refusalAt(error, source);
}

function errorNode(tree: Tree): SyntaxNode | undefined {
  let found: SyntaxNode | undefined;
  tree.iterate({
    enter(node) {
      if (found !== undefined) return false;
      if (node.type.isError) found = node.node;
      return undefined;
    },
  });
  return found;
}

function refusalAt(error: SyntaxNode, source: string): Refusal {
  if (source.replace(/#[^\n]*/g, '').trim() === '') {
    return new Refusal('no expression found in input', { from: 0, to: source.length });
  }
  const from = error.from + /^\s*/.exec(source.slice(error.from))![0].length;
  if (from >= source.length) {
    return new Refusal('unexpected end of input', { from: source.length, to: source.length });
  }
  const before = error.prevSibling;
  if (before?.name === 'Identifier' && source[from] === '(') {
    const name = source.slice(before.from, before.to);
    return new Refusal(`unknown function with name "${name}"`, before);
  }
  const token = /^(?:[A-Za-z_:][\w:]*|[0-9.][\w.]*|"[^"\n]*"?|'[^'\n]*'?|.)/s.exec(source.slice(from))![0];
  return new Refusal(`unexpected ${JSON.stringify(token)}`, { from, to: from + token.length });
}

/** The children that count: all but comments. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}

export function childNamed(node: SyntaxNode, name: string): SyntaxNode | undefined {
  return childrenOf(node).find((child) => child.name === name);
}

export function spanOf(node: SyntaxNode): Span {
  return { from: node.from, to: node.to };
}

import { isLabelName } from '../label-name.ts';
import type { Matcher, VectorSelector } from '../nodes.ts';
import { Refusal } from '../promql-error.ts';
import { regexOf } from '../regex/regex.ts';
import { childNamed, childrenOf, type SyntaxNode, spanOf } from './grammar.ts';
import { textOf } from './literals.ts';

/** `name{label="value", …}`, the name perhaps quoted inside of the braces. */
export function selectorOf(node: SyntaxNode, source: string): VectorSelector {
  const identifier = childNamed(node, 'Identifier');
  const name = identifier && source.slice(identifier.from, identifier.to);
  // An operator to Prometheus wherever it stands.
  if (identifier && name?.toLowerCase() === 'atan2')
    throw new Refusal(`unexpected "${name}"`, spanOf(identifier));
  const braces = childNamed(node, 'LabelMatchers');
  const matchers = braces ? childrenOf(braces).map((part) => matcherOf(part, source)) : [];
  if (name !== undefined) matchers.push({ name: '__name__', op: '=', value: name });
  return { kind: 'selector', name, matchers, extension: undefined, span: spanOf(node) };
}

function matcherOf(node: SyntaxNode, source: string): Matcher {
  if (node.name === 'QuotedLabelName') return { name: '__name__', op: '=', value: quotedName(node, source) };
  const [label, op, value] = childrenOf(node);
  const name =
    label!.name === 'QuotedLabelName' ? quotedName(label!, source) : source.slice(label!.from, label!.to);
  const operator = source.slice(op!.from, op!.to) as Matcher['op'];
  const text = textOf(source.slice(value!.from, value!.to), spanOf(value!));
  return { name, op: operator, value: operator.endsWith('~') ? portable(text, node) : text };
}

/** What is no plain text is written anew: flags, classes and groups that JavaScript knows otherwise or not at all. */
function portable(text: string, node: SyntaxNode): string {
  try {
    const regex = regexOf(text);
    return /[\\[]|\(\?/.test(text) ? (regex.portableSource ?? text) : text;
  } catch (error) {
    throw new Refusal((error as Error).message, spanOf(node));
  }
}

function quotedName(node: SyntaxNode, source: string): string {
  return textOf(source.slice(node.from, node.to), spanOf(node));
}

/** The names in `by (…)`, `on (…)` and `group_left (…)`. */
export function groupingOf(node: SyntaxNode, source: string): string[] {
  return childrenOf(node).map((label) => {
    const isQuoted = label.name === 'QuotedLabelName';
    const name = isQuoted ? quotedName(label, source) : source.slice(label.from, label.to);
    // Keywords to Prometheus wherever they stand.
    if (!isLabelName(name) || (!isQuoted && /^(?:inf|nan|without)$/i.test(name)))
      throw new Refusal(`invalid label name for grouping: "${name}"`, spanOf(label));
    return name;
  });
}

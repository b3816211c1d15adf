import type { Duration, Expr, MatrixSelector, Subquery, TimeModifiers, VectorSelector } from '../nodes.ts';
import { Refusal, type Span } from '../promql-error.ts';
import { durationOf, positiveDurationOf } from './durations.ts';
import { childrenOf, type SyntaxNode } from './grammar.ts';
import { numberOf } from './literals.ts';

/** Applies what follows an operand: a range, a subquery, `offset`, `@`, `anchored`, `smoothed`. */
export function modified(operand: Expr, node: SyntaxNode, source: string): Expr {
  const span = { from: operand.span.from, to: node.to };
  switch (node.name) {
    case 'MatrixSelector':
      return ranged(
        operand,
        positiveDurationOf(childrenOf(node)[1]!, source),
        bracketSpan(operand, span, source),
        span,
      );
    case 'SubqueryExpr': {
      const [, range, step] = childrenOf(node);
      return {
        kind: 'subquery',
        expr: operand,
        range: positiveDurationOf(range!, source),
        step: step && positiveDurationOf(step, source),
        span,
      };
    }
    case 'OffsetExpr':
      return withOffset(operand, durationOf(childrenOf(node)[2]!, source), span);
    case 'StepInvariantExpr':
      return withAt(operand, childrenOf(node)[2]!, source, span);
    default:
      return extended(operand, node.name === 'AnchoredExpr' ? 'anchored' : 'smoothed', span);
  }
}

function bracketSpan(operand: Expr, { to }: Span, source: string): Span {
  return { from: source.indexOf('[', operand.span.to), to };
}

function ranged(operand: Expr, range: Duration, at: Span, span: Span): MatrixSelector {
  if (operand.kind !== 'selector') throw new Refusal('ranges only allowed for vector selectors', at);
  if (hasOffset(operand)) throw new Refusal('no offset modifiers allowed before range', at);
  if (typeof operand.at === 'number') throw new Refusal('no @ modifiers allowed before range', at);
  return { kind: 'matrix', selector: operand, range, span };
}

function hasOffset(modifiers: TimeModifiers): boolean {
  const { offset } = modifiers;
  return offset !== undefined && !(offset.kind === 'seconds' && offset.seconds === 0);
}

type Timed = VectorSelector | Subquery;

/** Changes the selector or subquery that `offset` or `@` speaks of. */
function timed(operand: Expr, what: string, span: Span, change: (part: Timed) => TimeModifiers): Expr {
  if (operand.kind === 'matrix') {
    return { ...operand, selector: { ...operand.selector, ...change(operand.selector) }, span };
  }
  if (operand.kind === 'selector' || operand.kind === 'subquery') {
    return { ...operand, ...change(operand), span };
  }
  const takers = 'an instant vector selector or range vector selector or a subquery';
  throw new Refusal(`${what} modifier must be preceded by ${takers}`, operand.span);
}

function withOffset(operand: Expr, offset: Duration, span: Span): Expr {
  return timed(operand, 'offset', span, (part) => {
    if (hasOffset(part)) throw new Refusal('offset may not be set multiple times', operand.span);
    return { offset };
  });
}

function withAt(operand: Expr, time: SyntaxNode, source: string, span: Span): Expr {
  return timed(operand, '@', span, (part) => {
    if (part.at !== undefined) throw new Refusal('@ <timestamp> may not be set multiple times', operand.span);
    if (time.name === 'AtModifierPreprocessors') {
      return { at: source.slice(time.from, time.to).toLowerCase() as 'start' | 'end' };
    }
    const text = source.slice(time.from, time.to);
    const sign = text.startsWith('-') ? -1 : 1;
    const digits = text.replace(/^[-+]\s*/, '');
    const seconds = sign * numberOf(source, { from: time.to - digits.length, to: time.to });
    if (!(Math.abs(seconds) < 2 ** 63)) {
      throw new Refusal(`timestamp out of bounds for @ modifier: ${text}`, operand.span);
    }
    return { at: Math.round(seconds * 1000) };
  });
}

function extended(operand: Expr, extension: 'anchored' | 'smoothed', span: Span): Expr {
  const selector = operand.kind === 'matrix' ? operand.selector : operand;
  if (selector.kind === 'subquery') {
    throw new Refusal(`${extension} modifier is not supported for subqueries`, operand.span);
  }
  if (selector.kind !== 'selector') throw new Refusal(`${extension} modifier not implemented`, operand.span);
  if (selector.extension !== undefined && selector.extension !== extension) {
    throw new Refusal('anchored and smoothed modifiers cannot be used together', operand.span);
  }
  const changed = { ...selector, extension, span };
  return operand.kind === 'matrix' ? { ...operand, selector: changed, span } : changed;
}

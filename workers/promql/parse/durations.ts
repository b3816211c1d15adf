import type { Duration } from '../nodes.ts';
import { Refusal } from '../promql-error.ts';
import { childrenOf, type SyntaxNode, spanOf } from './grammar.ts';
import { maxDurationSeconds, numberOf } from './literals.ts';

/** A range, step or offset as written between brackets or after `offset`. */
export function durationOf(node: SyntaxNode, source: string): Duration {
  const span = spanOf(node);
  const [first, second, third] = childrenOf(node);
  if (node.name === 'NumberDurationLiteralInDurationContext') {
    return literal(numberOf(source, span), span);
  }
  if (first === undefined) throw new Refusal('expected a duration', span);
  if (first.name === 'UnaryOp') {
    const isNegative = source[first.from] === '-';
    return signed(isNegative, first.from, durationOf(second!, source));
  }
  switch (first.name) {
    case 'DurationStep':
      return { kind: 'step', span };
    case 'DurationRange':
      return { kind: 'range', span };
    case 'DurationMinOf':
    case 'DurationMaxOf':
      return {
        kind: first.name === 'DurationMinOf' ? 'min_of' : 'max_of',
        left: durationOf(second!, source),
        right: durationOf(third!, source),
        span,
      };
  }
  if (second === undefined) return durationOf(first, source);
  const kind = source.slice(second.from, second.to) as '+' | '-' | '*' | '/' | '%' | '^';
  const right = durationOf(third!, source);
  if ((kind === '/' || kind === '%') && right.kind === 'seconds' && right.seconds === 0) {
    throw new Refusal(kind === '/' ? 'division by zero' : 'modulo by zero', spanOf(second));
  }
  return { kind, left: durationOf(first, source), right, span };
}

function signed(isNegative: boolean, from: number, operand: Duration): Duration {
  const span = { from, to: operand.span.to };
  if (operand.kind === 'seconds') return literal(isNegative ? -operand.seconds : operand.seconds, span);
  return isNegative ? { kind: 'negated', operand, span } : operand;
}

function literal(seconds: number, span: Duration['span']): Duration {
  if (!(Math.abs(seconds) <= maxDurationSeconds)) throw new Refusal('duration out of range', span);
  return { kind: 'seconds', seconds, span };
}

/** A range or step: what is known to be 0 or less is refused at once. */
export function positiveDurationOf(node: SyntaxNode, source: string): Duration {
  const duration = durationOf(node, source);
  if (duration.kind === 'seconds' && !(duration.seconds > 0)) {
    throw new Refusal('duration must be greater than 0', duration.span);
  }
  return duration;
}

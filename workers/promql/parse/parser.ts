import { checked } from '../check.ts';
import type { Expr } from '../nodes.ts';
import { PromqlError, Refusal } from '../promql-error.ts';
import { ExpressionBuilder } from './expression.ts';
import { childrenOf, syntaxTree } from './grammar.ts';

/** Longer expressions are refused: nobody wrote them by hand, and parsing takes time and memory in proportion. */
const maxSourceLength = 100_000;
const maxCachedExpressions = 2000;
const maxCachedLength = 4096;

const cache = new Map<string, Expr>();

/**
 * Parses and checks an expression. Parsed ones are kept, the least recently used of 2,000 going first.
 *
 * @throws PromqlError of the kind `parse` where Prometheus 3.14 would refuse it
 */
export function parseExpression(source: string): Expr {
  const known = cache.get(source);
  if (known !== undefined) {
    cache.delete(source);
    cache.set(source, known);
    return known;
  }
  const expr = parsed(source);
  if (source.length <= maxCachedLength) {
    if (cache.size >= maxCachedExpressions) cache.delete(cache.keys().next().value!);
    cache.set(source, expr);
  }
  return expr;
}

function parsed(source: string): Expr {
  try {
    if (source.length > maxSourceLength) {
      throw new Refusal(`expression is longer than ${maxSourceLength} characters`, { from: 0, to: 0 });
    }
    const [root] = childrenOf(syntaxTree(source));
    return checked(new ExpressionBuilder(source).build(root!));
  } catch (error) {
    if (error instanceof Refusal) throw new PromqlError('parse', error.message, source, error.span);
    throw error;
  }
}

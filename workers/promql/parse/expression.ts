import type { AggregateOp, BinaryOp, Expr, VectorMatching } from '../nodes.ts';
import { Refusal } from '../promql-error.ts';
import { childNamed, childrenOf, type SyntaxNode, spanOf } from './grammar.ts';
import { numberOf, textOf } from './literals.ts';
import { modified } from './modifiers.ts';
import { groupingOf, selectorOf } from './selectors.ts';

/** What an expression is made of between its brackets, in the order of the source. */
type Part =
  | { readonly kind: 'operand'; readonly expr: Expr }
  | { readonly kind: 'sign'; readonly op: '+' | '-'; readonly from: number }
  | { readonly kind: 'modifier'; readonly node: SyntaxNode }
  | {
      readonly kind: 'operator';
      readonly op: BinaryOp;
      readonly node: SyntaxNode;
      readonly opNode: SyntaxNode;
    };

/** Binding of the operators (promql/parser/generated_parser.y); `^` alone binds to the right. */
const precedences: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
};

/** Deeper trees than this are refused: they would exhaust the stack. */
const maxDepth = 500;

/**
 * Builds the expression below a node of the syntax tree. The published grammar hangs signs, ranges, offsets and
 * `@` too high, so only its brackets and tokens are taken, and the operators are bound here.
 */
export class ExpressionBuilder {
  readonly #source: string;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  build(node: SyntaxNode): Expr {
    if (++this.#depth > maxDepth) throw new Refusal('expression is nested too deeply', spanOf(node));
    const parts: Part[] = [];
    this.#collect(node, parts, 0);
    const chain = new Chain(parts, this.#source);
    const expr = chain.bind(0);
    this.#depth--;
    return expr;
  }

  #collect(node: SyntaxNode, parts: Part[], depth: number): void {
    if (depth > maxDepth) throw new Refusal('expression is nested too deeply', spanOf(node));
    const children = childrenOf(node);
    const [first, second] = children;
    switch (node.name) {
      case 'BinaryExpr': {
        this.#collect(first!, parts, depth + 1);
        const op = this.#text(second!).toLowerCase() as BinaryOp;
        parts.push({ kind: 'operator', op, node, opNode: second! });
        this.#collect(children.at(-1)!, parts, depth + 1);
        return;
      }
      case 'UnaryExpr':
        parts.push({ kind: 'sign', op: this.#text(first!) as '+' | '-', from: first!.from });
        this.#collect(second!, parts, depth + 1);
        return;
      case 'MatrixSelector':
      case 'SubqueryExpr':
      case 'OffsetExpr':
      case 'StepInvariantExpr':
      case 'AnchoredExpr':
      case 'SmoothedExpr':
        this.#collect(first!, parts, depth + 1);
        parts.push({ kind: 'modifier', node });
        return;
      case 'NumberDurationLiteral':
        this.#collectNumber(node, parts);
        return;
      default:
        parts.push({ kind: 'operand', expr: this.#operand(node, children) });
    }
  }

  #collectNumber(node: SyntaxNode, parts: Part[]): void {
    const text = this.#text(node);
    const sign = text[0];
    const digits = text.replace(/^[-+](?:\s|#[^\n]*\n)*/, '');
    if (sign === '-' || sign === '+') parts.push({ kind: 'sign', op: sign, from: node.from });
    const span = { from: node.to - digits.length, to: node.to };
    parts.push({ kind: 'operand', expr: { kind: 'number', value: numberOf(this.#source, span), span } });
  }

  #operand(node: SyntaxNode, children: SyntaxNode[]): Expr {
    const span = spanOf(node);
    switch (node.name) {
      case 'ParenExpr':
        return { kind: 'paren', expr: this.build(children[0]!), span };
      case 'StringLiteral':
        return { kind: 'string', value: textOf(this.#text(node), span), span };
      case 'VectorSelector':
        return selectorOf(node, this.#source);
      case 'FunctionCall':
        return {
          kind: 'call',
          name: this.#text(children[0]!),
          args: this.#arguments(children[1]!),
          nameSpan: spanOf(children[0]!),
          span,
        };
      case 'AggregateExpr':
        return this.#aggregate(node);
      default:
        throw new Refusal(`unexpected ${JSON.stringify(this.#text(node))}`, span);
    }
  }

  #arguments(body: SyntaxNode): Expr[] {
    return childrenOf(body).map((argument) => this.build(argument));
  }

  #aggregate(node: SyntaxNode): Expr {
    const span = spanOf(node);
    const op = this.#text(childNamed(node, 'AggregateOp')!).toLowerCase() as AggregateOp;
    const args = this.#arguments(childNamed(node, 'FunctionCallBody')!);
    const modifier = childNamed(node, 'AggregateModifier');
    const [keyword, labels] = modifier ? childrenOf(modifier) : [];
    if (args.length === 0) throw new Refusal('no arguments for aggregate expression provided', span);
    const expected = parametered.has(op) ? 2 : 1;
    if (args.length !== expected) {
      const counts = `expected ${expected}, got ${args.length}`;
      throw new Refusal(`wrong number of arguments for aggregate expression provided, ${counts}`, span);
    }
    return {
      kind: 'aggregate',
      op,
      expr: args.at(-1)!,
      param: expected === 2 ? args[0] : undefined,
      grouping: labels ? groupingOf(labels, this.#source) : [],
      without: keyword?.name === 'Without',
      span,
    };
  }

  #text(node: SyntaxNode): string {
    return this.#source.slice(node.from, node.to);
  }
}

const parametered: ReadonlySet<AggregateOp> = new Set([
  'bottomk',
  'count_values',
  'limit_ratio',
  'limitk',
  'quantile',
  'topk',
]);

/** Binds a chain of operands and operators by precedence climbing. */
class Chain {
  readonly #parts: readonly Part[];
  readonly #source: string;
  #at = 0;

  constructor(parts: readonly Part[], source: string) {
    this.#parts = parts;
    this.#source = source;
  }

  bind(minPrecedence: number): Expr {
    let left = this.#signed();
    for (;;) {
      const part = this.#parts[this.#at];
      if (part?.kind !== 'operator') return left;
      const precedence = precedences[part.op];
      if (precedence < minPrecedence) return left;
      this.#at++;
      const right = this.bind(part.op === '^' ? precedence : precedence + 1);
      left = {
        kind: 'binary',
        op: part.op,
        left,
        right,
        ...binaryModifiers(part.node, this.#source),
        opSpan: spanOf(part.opNode),
        span: { from: left.span.from, to: right.span.to },
      };
    }
  }

  #signed(): Expr {
    const part = this.#parts[this.#at];
    if (part?.kind !== 'sign') return this.#operand();
    this.#at++;
    // A sign binds as `*` does: only `^` comes first.
    const expr = this.bind(precedences['^']);
    const span = { from: part.from, to: expr.span.to };
    if (expr.kind === 'number') {
      return { kind: 'number', value: part.op === '-' ? -expr.value : expr.value, span };
    }
    return { kind: 'unary', op: part.op, expr, span };
  }

  #operand(): Expr {
    const part = this.#parts[this.#at++]!;
    if (part.kind !== 'operand')
      throw new Refusal('expected an operand', { from: 0, to: this.#source.length });
    let expr = part.expr;
    for (;;) {
      const next = this.#parts[this.#at];
      if (next?.kind !== 'modifier') return expr;
      this.#at++;
      expr = modified(expr, next.node, this.#source);
    }
  }
}

function binaryModifiers(
  node: SyntaxNode,
  source: string,
): { returnBool: boolean; matching: VectorMatching } {
  const clause = childNamed(node, 'MatchingModifierClause');
  const parts = clause ? childrenOf(clause) : [];
  const include = parts[3];
  const group = parts[2]?.name;
  const fill = childNamed(node, 'FillModifier');
  const both = fill && childNamed(fill, 'FillClause');
  return {
    returnBool: childNamed(node, 'BoolModifier') !== undefined,
    matching: {
      on: parts[0]?.name === 'On',
      labels: parts[1] ? groupingOf(parts[1], source) : [],
      group: group === 'GroupLeft' ? 'left' : group === 'GroupRight' ? 'right' : undefined,
      include: include ? groupingOf(include, source) : [],
      fillLeft: fillValue(both ?? (fill && childNamed(fill, 'FillLeftClause')), source),
      fillRight: fillValue(both ?? (fill && childNamed(fill, 'FillRightClause')), source),
    },
  };
}

function fillValue(clause: SyntaxNode | undefined, source: string): number | undefined {
  const literal = clause && childNamed(clause, 'NumberDurationLiteral');
  if (!literal) return undefined;
  const text = source.slice(literal.from, literal.to);
  const digits = text.replace(/^[-+]\s*/, '');
  const value = numberOf(source, { from: literal.to - digits.length, to: literal.to });
  return text.startsWith('-') ? -value : value;
}

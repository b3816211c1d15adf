import type { TokenKind } from './lexer.ts';
import { type Command, type Operand, type Pipeline, textOf } from './node.ts';
import { numberLiteral } from './number-literal.ts';
import { quoted, unquoted, unquotedCharacter } from './quote.ts';
import type { TokenCursor } from './token-cursor.ts';

/** Deeper parentheses and blocks than this are refused: each takes some of the stack. */
const maxDepth = 200;

const operandKinds: ReadonlySet<TokenKind> = new Set([
  ...(['bool', 'charConstant', 'complex', '.', 'field', 'identifier'] as const),
  ...(['number', 'nil', 'rawString', 'string', 'variable', 'leftParen'] as const),
]);

/** Parses what is within the braces of an action: pipelines, their commands and operands. */
export class ExpressionParser {
  readonly #cursor: TokenCursor;
  readonly #hasFunction: (name: string) => boolean;
  #depth = 0;
  /** Names of the variables in sight. */
  variables = ['$'];

  constructor(cursor: TokenCursor, hasFunction: (name: string) => boolean) {
    this.#cursor = cursor;
    this.#hasFunction = hasFunction;
  }

  /** Up to a closing token, which it takes; `context` is what messages call it. */
  pipeline(context: string, end: 'rightDelim' | 'rightParen'): Pipeline {
    const { at } = this.#cursor.peekSolid();
    const { variables, isAssignment } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#cursor.takeSolid();
      if (token.kind === end) break;
      if (!operandKinds.has(token.kind)) this.#cursor.unexpected(token, context);
      this.#cursor.back();
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#cursor.fail(`missing value for ${context}`);
    for (const [index, { operands }] of commands.entries()) {
      const isLiteral = /^(?:bool|dot|nil|number|string)$/.test(operands[0]!.kind);
      if (index > 0 && isLiteral) this.#cursor.fail(`non executable command in pipeline stage ${index + 1}`);
    }
    return { kind: 'pipeline', at, isAssignment, variables, commands };
  }

  #declarations(context: string): { variables: string[]; isAssignment: boolean } {
    const variables: string[] = [];
    for (;;) {
      const variable = this.#cursor.peekSolid();
      if (variable.kind !== 'variable') return { variables, isAssignment: false };
      const before = this.#cursor.position;
      this.#cursor.takeSolid();
      const after = this.#cursor.takeSolid();
      if (after.kind === 'assign' || after.kind === 'declare') {
        variables.push(variable.text);
        this.variables.push(variable.text);
        return { variables, isAssignment: after.kind === 'assign' };
      }
      if (after.kind !== 'char' || after.text !== ',') {
        this.#cursor.back(before);
        return { variables, isAssignment: false };
      }
      variables.push(variable.text);
      this.variables.push(variable.text);
      if (context !== 'range' || variables.length > 1)
        this.#cursor.fail(`too many declarations in ${context}`);
      if (!/^(?:variable|rightDelim|rightParen)$/.test(this.#cursor.peekSolid().kind))
        this.#cursor.fail('range can only initialize variables');
    }
  }

  #command(): Command {
    const { at } = this.#cursor.peekSolid();
    const operands: Operand[] = [];
    for (;;) {
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#cursor.take();
      if (token.kind === 'space') continue;
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.#cursor.back();
      else if (token.kind !== 'pipe') this.#cursor.unexpected(token, 'operand');
      break;
    }
    if (operands.length === 0) this.#cursor.fail('empty command');
    return { kind: 'command', at, operands };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#cursor.peek().kind !== 'field') return term;
    const { at } = this.#cursor.peek();
    const names: string[] = [];
    while (this.#cursor.peek().kind === 'field') names.push(this.#cursor.take().text.slice(1));
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { kind: term.kind, at, names: [...term.names, ...names] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#cursor.fail(`unexpected . after term ${quoted(textOf(term))}`);
    }
    return { kind: 'chain', at, base: term, names };
  }

  #term(): Operand | undefined {
    const token = this.#cursor.takeSolid();
    const { at, text } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.#hasFunction(text)) this.#cursor.fail(`function ${quoted(text)} not defined`);
        return { kind: 'identifier', at, name: text };
      case '.':
        return { kind: 'dot', at };
      case 'nil':
        return { kind: 'nil', at };
      case 'variable':
        if (!this.variables.includes(text)) this.#cursor.fail(`undefined variable ${quoted(text)}`);
        return { kind: 'variable', at, names: [text] };
      case 'field':
        return { kind: 'field', at, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', at, value: text === 'true' };
      case 'charConstant': {
        const code = this.#cursor.attempt(() => unquotedCharacter(text));
        return { kind: 'number', at, text, number: { int: BigInt(code), float: code, isFloat: false } };
      }
      case 'complex':
      case 'number':
        return { kind: 'number', at, text, number: this.#cursor.attempt(() => numberLiteral(text)) };
      case 'leftParen': {
        this.deeper();
        const pipeline = this.pipeline('parenthesized pipeline', 'rightParen');
        this.shallower();
        return pipeline;
      }
      case 'string':
      case 'rawString':
        return { kind: 'string', at, text, value: this.#cursor.attempt(() => unquoted(text)) };
    }
    this.#cursor.back();
    return undefined;
  }

  /** Enters a part within a part. */
  deeper(): void {
    if (++this.#depth > maxDepth) this.#cursor.fail('max expression depth exceeded');
  }

  shallower(): void {
    this.#depth--;
  }
}

import { ExpressionParser } from './expression-parser.ts';
import type { Token } from './lexer.ts';
import { isEmpty, type Node } from './node.ts';
import { quoted, unquoted } from './quote.ts';
import { type TemplateSource, TokenCursor } from './token-cursor.ts';

/** A template that was parsed, with the name and text that messages about it show. */
export interface ParsedTemplate {
  readonly name: string;
  readonly nodes: readonly Node[];
  /** Name and text of what it was parsed from. */
  readonly source: TemplateSource;
}

/** What ends a list of nodes. */
interface End {
  readonly kind: 'end' | 'else';
  readonly next: 'if' | 'with' | undefined;
}

function isEnd(node: Node | End): node is End {
  return node.kind === 'end' || node.kind === 'else';
}

/**
 * Parses a template (text/template/parse/parse.go): itself under its name, and what it defines.
 *
 * @throws TemplateError in Go's words
 */
export function parseTemplate(
  name: string,
  text: string,
  hasFunction: (name: string) => boolean,
): Map<string, ParsedTemplate> {
  const cursor = new TokenCursor({ name, text });
  return new Parser(cursor, new ExpressionParser(cursor, hasFunction)).parse();
}

class Parser {
  readonly #cursor: TokenCursor;
  readonly #expressions: ExpressionParser;
  readonly #templates = new Map<string, ParsedTemplate>();
  #ranges = 0;

  constructor(cursor: TokenCursor, expressions: ExpressionParser) {
    this.#cursor = cursor;
    this.#expressions = expressions;
  }

  parse(): Map<string, ParsedTemplate> {
    const nodes: Node[] = [];
    while (this.#cursor.peek().kind !== 'eof') {
      if (this.#cursor.peek().kind === 'leftDelim' && this.#cursor.peekAfter(1).kind === 'define') {
        this.#cursor.take();
        this.#cursor.takeSolid();
        this.#parseDefinition();
        continue;
      }
      const node = this.#textOrAction();
      if (isEnd(node)) return this.#cursor.fail(`unexpected {{${node.kind}}}`);
      nodes.push(node);
    }
    this.#define(this.#cursor.source.name, nodes);
    return this.#templates;
  }

  #define(name: string, nodes: readonly Node[]): void {
    const before = this.#templates.get(name);
    if (before === undefined || isEmpty(before.nodes))
      this.#templates.set(name, { name, nodes, source: this.#cursor.source });
    else if (!isEmpty(nodes)) this.#cursor.fail(`template: multiple definition of template ${quoted(name)}`);
  }

  #parseDefinition(): void {
    const context = 'define clause';
    const name = this.#templateName(context);
    this.#cursor.expect('rightDelim', context);
    this.#define(name, this.#definition(context));
  }

  /** The nodes of a definition: its own variables, and no loop around it. */
  #definition(context: string): Node[] {
    const [variables, ranges] = [this.#expressions.variables, this.#ranges];
    this.#expressions.variables = ['$'];
    this.#ranges = 0;
    const { nodes, end } = this.#list();
    if (end.kind !== 'end') this.#cursor.fail(`unexpected {{${end.kind}}} in ${context}`);
    this.#expressions.variables = variables;
    this.#ranges = ranges;
    return nodes;
  }

  #templateName(context: string): string {
    const token = this.#cursor.takeSolid();
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#cursor.unexpected(token, context);
    return this.#cursor.attempt(() => unquoted(token.text));
  }

  #list(): { nodes: Node[]; end: End } {
    this.#expressions.deeper();
    const nodes: Node[] = [];
    while (this.#cursor.peekSolid().kind !== 'eof') {
      const node = this.#textOrAction();
      if (isEnd(node)) {
        this.#expressions.shallower();
        return { nodes, end: node };
      }
      nodes.push(node);
    }
    return this.#cursor.fail('unexpected EOF');
  }

  #textOrAction(): Node | End {
    const token = this.#cursor.takeSolid();
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.kind !== 'leftDelim') this.#cursor.unexpected(token, 'input');
    this.#cursor.actionLine = token.line;
    const node = this.#action();
    this.#cursor.actionLine = 0;
    return node;
  }

  #action(): Node | End {
    const token = this.#cursor.takeSolid();
    switch (token.kind) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#jump(token, token.kind);
      case 'else':
        return this.#else();
      case 'end':
        this.#cursor.expect('rightDelim', 'end');
        return { kind: 'end', next: undefined };
      case 'if':
      case 'range':
      case 'with':
        return this.#branch(token.kind);
      case 'template':
        return this.#templateCall();
    }
    this.#cursor.back();
    return { kind: 'action', at: token.at, pipeline: this.#expressions.pipeline('command', 'rightDelim') };
  }

  #jump(token: Token, kind: 'break' | 'continue'): Node {
    const after = this.#cursor.takeSolid();
    if (after.kind !== 'rightDelim') this.#cursor.unexpected(after, `{{${kind}}}`);
    if (this.#ranges === 0) this.#cursor.fail(`{{${kind}}} outside {{range}}`);
    return { kind, at: token.at };
  }

  #else(): End {
    const next = this.#cursor.peekSolid().kind;
    if (next === 'if' || next === 'with') return { kind: 'else', next };
    this.#cursor.expect('rightDelim', 'else');
    return { kind: 'else', next: undefined };
  }

  #branch(kind: 'if' | 'range' | 'with'): Node {
    const outside = this.#expressions.variables.length;
    const pipeline = this.#expressions.pipeline(kind, 'rightDelim');
    if (kind === 'range') this.#ranges++;
    const { nodes, end } = this.#list();
    if (kind === 'range') this.#ranges--;
    let otherwise: Node[] | undefined;
    if (end.kind === 'else') {
      if (end.next !== undefined && end.next === kind) {
        // `else if` stands for an `else` with an `if` in it that share one `end`.
        this.#cursor.takeSolid();
        this.#expressions.deeper();
        otherwise = [this.#branch(kind)];
        this.#expressions.shallower();
      } else {
        const rest = this.#list();
        if (rest.end.kind !== 'end') this.#cursor.fail(`expected end; found {{${rest.end.kind}}}`);
        otherwise = rest.nodes;
      }
    }
    this.#expressions.variables.length = outside;
    return { kind, at: pipeline.at, pipeline, body: nodes, otherwise };
  }

  #block(): Node {
    const context = 'block clause';
    const at = this.#cursor.peekSolid().at;
    const name = this.#templateName(context);
    const pipeline = this.#expressions.pipeline(context, 'rightDelim');
    this.#define(name, this.#definition(context));
    return { kind: 'template', at, name, pipeline };
  }

  #templateCall(): Node {
    const context = 'template clause';
    const at = this.#cursor.peekSolid().at;
    const name = this.#templateName(context);
    if (this.#cursor.peekSolid().kind === 'rightDelim') {
      this.#cursor.takeSolid();
      return { kind: 'template', at, name, pipeline: undefined };
    }
    return { kind: 'template', at, name, pipeline: this.#expressions.pipeline(context, 'rightDelim') };
  }
}

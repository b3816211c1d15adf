import { type Token, type TokenKind, tokensOf, tokenText } from './lexer.ts';
import { TemplateError } from './template-error.ts';

/** Name and text of what is parsed, for messages. */
export interface TemplateSource {
  readonly name: string;
  readonly text: string;
}

/** Goes along the tokens of a template, and says in Go's words what is wrong with one. */
export class TokenCursor {
  readonly source: TemplateSource;
  readonly #tokens: readonly Token[];
  #next = 0;
  /** Line of the action that is being parsed; 0 outside of one. */
  actionLine = 0;

  constructor(source: TemplateSource) {
    this.source = source;
    this.#tokens = tokensOf(source.text);
  }

  /** Where it is, to come back. */
  get position(): number {
    return this.#next;
  }

  /** Goes back to a place, or by one token. */
  back(to = this.#next - 1): void {
    this.#next = to;
  }

  /** The next token; after the last one that one again. */
  take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]!;
  }

  takeSolid(): Token {
    while (this.peek().kind === 'space') this.#next++;
    return this.take();
  }

  peekSolid(): Token {
    while (this.peek().kind === 'space') this.#next++;
    return this.peek();
  }

  peekAfter(offset: number): Token {
    let at = this.#next + offset;
    while (this.#tokens[at]?.kind === 'space') at++;
    return this.#tokens[Math.min(at, this.#tokens.length - 1)]!;
  }

  expect(kind: TokenKind, context: string): void {
    const token = this.takeSolid();
    if (token.kind !== kind) this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') this.fail(`unexpected ${tokenText(token)} in ${context}`);
    const isElsewhere = this.actionLine !== 0 && this.actionLine !== token.line;
    const action = token.text.endsWith(' action') ? '' : ' in action';
    const started = `${action} started at ${this.source.name}:${this.actionLine}`;
    return this.fail(token.text + (isElsewhere ? started : ''));
  }

  attempt<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      return this.fail((error as Error).message);
    }
  }

  /** Go names the line of the token that it read last. */
  fail(reason: string): never {
    const { line, at } = this.#tokens[Math.min(Math.max(this.#next - 1, 0), this.#tokens.length - 1)]!;
    const { name, text } = this.source;
    const column = at - text.lastIndexOf('\n', at - 1);
    throw new TemplateError(`template: ${name}:${line}: ${reason}`, reason, line, column);
  }
}

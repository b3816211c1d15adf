/** What is wrong with a template, and where, counted from 1; columns in UTF-16 units. */
export interface TemplateProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A template that cannot be parsed or executed. `message` is in Go's words, with the name and place before it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** Without name and place. */
  readonly reason: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units; that of the action where only its line is known. */
  readonly column: number;

  constructor(message: string, reason: string, line: number, column: number) {
    super(message);
    this.reason = reason;
    this.line = line;
    this.column = column;
  }
}

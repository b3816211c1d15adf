/** A text that is no list of matchers; `column` counts characters from 1. */
export class MatcherError extends Error {
  readonly column: number;

  constructor(column: number, message: string) {
    super(`column ${column}: ${message}`);
    this.name = 'MatcherError';
    this.column = column;
  }
}

/** Where in the expression a part of it stands: offsets of UTF-16 units, the end not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * `parse`: the expression is refused. `execution`: it cannot be evaluated over these samples. `limit`: it would
 * touch more than the options allow. `cancelled`: the caller's check asked to stop.
 */
export type PromqlErrorKind = 'parse' | 'execution' | 'limit' | 'cancelled';

/** An expression that is refused, or that cannot be evaluated. Line and column count from 1. */
export class PromqlError extends Error {
  readonly kind: PromqlErrorKind;
  /** The message without the position. */
  readonly reason: string;
  readonly span: Span;
  readonly line: number;
  readonly column: number;

  constructor(kind: PromqlErrorKind, reason: string, source: string, span: Span) {
    const before = source.slice(0, span.from).split('\n');
    const line = before.length;
    const column = before[line - 1]!.length + 1;
    super(`${line}:${column}: ${kind === 'parse' ? 'parse error: ' : ''}${reason}`);
    this.name = 'PromqlError';
    this.kind = kind;
    this.reason = reason;
    this.span = span;
    this.line = line;
    this.column = column;
  }
}

/** A refusal of a part of an expression, before the expression as a whole is known. */
export class Refusal extends Error {
  readonly span: Span;

  constructor(reason: string, span: Span) {
    super(reason);
    this.span = span;
  }
}

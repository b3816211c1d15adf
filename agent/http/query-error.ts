import { nearest } from '../spelling.ts';

/** A request that cannot be used: `statusCode` is what the server answers, the message names what is allowed. */
export class QueryError extends Error {
  readonly statusCode = 400;
}

/** Says which name is unknown, which are allowed, and which one was likely meant. */
export function unknownName(name: string, allowed: readonly string[], kind = 'parameter'): string {
  const near = nearest(name, allowed);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return `unknown ${kind} ${JSON.stringify(name.slice(0, 40))}${hint} (allowed: ${allowed.join(', ') || 'none'})`;
}

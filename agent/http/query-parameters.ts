import { formatDuration, parseDuration } from '../units.ts';

/** Query parameters as they came; one that was given twice is a list. */
export type RawQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A parameter that cannot be used: `statusCode` is what the server answers, the message names what is allowed. */
export class QueryError extends Error {
  readonly statusCode = 400;
}

/** Reads the parameters of one request; throws `QueryError` for an unknown, repeated or impossible one. */
export class QueryParameters {
  readonly #values: Readonly<Record<string, string | undefined>>;

  constructor(query: RawQuery, allowed: readonly string[]) {
    for (const [name, value] of Object.entries(query)) {
      if (!allowed.includes(name)) throw new QueryError(unknownName(name, allowed));
      if (typeof value !== 'string') throw new QueryError(`${name}: expected once, got it several times`);
    }
    this.#values = query as Record<string, string>;
  }

  /** Undefined when it is missing or empty. */
  text(name: string): string | undefined {
    return this.#values[name] || undefined;
  }

  /** A whole number from 1 to `most`. */
  limit(usual: number, most: number): number {
    const text = this.text('limit');
    if (text === undefined) return usual;
    const limit = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (limit >= 1 && limit <= most) return limit;
    throw new QueryError(`limit: expected a whole number from 1 to ${most}, got ${shown(text)}`);
  }

  /** A duration in milliseconds, such as `5m` or `24h`. */
  duration(name: string, usualMs: number, leastMs: number, mostMs: number): number {
    const text = this.text(name);
    if (text === undefined) return usualMs;
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
    const allowed = `${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
    throw new QueryError(
      `${name}: expected a duration from ${allowed} such as 5m or 24h, got ${shown(text)}`,
    );
  }
}

/** Says which parameter is unknown, which are allowed, and which one was likely meant. */
export function unknownName(name: string, allowed: readonly string[], kind = 'parameter'): string {
  const near = allowed.find((one) => one[0] === name[0]?.toLowerCase());
  return `unknown ${kind} ${shown(name)}${near ? `; did you mean "${near}"?` : ''} (allowed: ${allowed.join(', ') || 'none'})`;
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

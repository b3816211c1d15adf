import { QueryError, unknownName } from './query-parameters.ts';

/** The JSON object of a request; throws `QueryError` for anything else and for unknown keys. */
export function bodyOf(body: unknown, allowed: readonly string[]): RequestBody {
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body)))
    throw new QueryError('the body: expected a JSON object');
  const values = (body ?? {}) as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(values)) {
    if (!allowed.includes(key)) throw new QueryError(unknownName(key, allowed, 'key'));
  }
  return new RequestBody(values);
}

export class RequestBody {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** Undefined when the key is missing. */
  text(key: string): string | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === 'string') return value;
    throw new QueryError(`${key}: expected a text`);
  }

  /** A list of texts, or one text; empty when the key is missing. */
  texts(key: string): string[] {
    const value = this.#values[key] ?? [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.every((one) => typeof one === 'string')) return list;
    throw new QueryError(`${key}: expected a list of texts`);
  }
}

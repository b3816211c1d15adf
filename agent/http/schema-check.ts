import { nearest } from '../spelling.ts';
import { formatDuration, parseDuration } from '../units.ts';
import { QueryError, unknownName } from './query-error.ts';

/**
 * A JSON Schema (2020-12), of which requests are checked by `keywords`. Two of them are ours: `x-duration` makes a
 * number of milliseconds of a text such as `5m`, and `x-expected` says what is allowed where the schema cannot.
 */
export type Schema = { readonly [keyword: string]: unknown };

/** Keywords that say something to people only. */
const notes = new Set(['title', 'description', 'examples', 'format', 'deprecated', 'contentMediaType']);
const keywords = new Set([
  ...['type', 'enum', 'const', 'default', 'anyOf', 'x-duration', 'x-expected'],
  ...['minimum', 'maximum', 'minLength', 'maxLength', 'pattern'],
  ...['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'],
]);

export interface DurationRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where the checked values come from: those of a query and a path are texts and become what the schema asks for. */
export type RequestPart = 'body' | 'querystring' | 'params' | 'headers';

/**
 * Makes the check of one part of a request, for Fastify's `setValidatorCompiler`. It gives the value with texts
 * made numbers and defaults filled in, or a `QueryError` (status 400) that names the place, what is allowed and what
 * was likely meant. A parameter without a text counts as not given, one that comes twice is refused unless it is
 * a list, and a missing body is an empty object.
 *
 * Throws for a schema with other keywords: none may go unchecked.
 */
export function createSchemaCheck(schema: Schema, part: RequestPart) {
  refuseOthers(schema);
  const check = new Check(part !== 'body', part === 'body' ? 'key' : 'parameter');
  return (data: unknown): { readonly value: unknown } | { readonly error: QueryError } => {
    try {
      const value = part === 'querystring' ? withoutEmpty(data) : (data ?? {});
      return { value: check.value(value, schema, part === 'body' ? 'the body' : '') };
    } catch (error) {
      if (error instanceof QueryError) return { error };
      throw error;
    }
  };
}

function refuseOthers(schema: Schema): void {
  for (const keyword of Object.keys(schema)) {
    if (!keywords.has(keyword) && !notes.has(keyword))
      throw new Error(`a schema of a request has ${keyword}`);
  }
  const inner = [
    schema.items,
    schema.additionalProperties,
    schema.anyOf,
    Object.values(schema.properties ?? {}),
  ];
  for (const one of inner.flat()) if (typeof one === 'object' && one !== null) refuseOthers(one as Schema);
}

function withoutEmpty(data: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data ?? {}).filter(([, value]) => value !== ''));
}

class Check {
  readonly #isText: boolean;
  readonly #kind: string;

  constructor(isText: boolean, kind: string) {
    this.#isText = isText;
    this.#kind = kind;
  }

  /** `at` names the place in messages. */
  value(given: unknown, schema: Schema, at: string): unknown {
    if (Array.isArray(schema.anyOf)) return this.#oneOf(given, schema, at);
    const types = [schema.type].flat().filter((type) => typeof type === 'string');
    const value = this.#isText ? fromText(given, types, at) : given;
    if (types.length > 0 && !types.some((type) => isOfType(value, type))) throw unexpected(given, schema, at);
    if (typeof value === 'string' && schema['x-duration']) return durationOf(value, schema, at);
    if (!isAllowed(value, schema)) throw unexpected(given, schema, at);
    if (Array.isArray(value)) {
      const { items } = schema;
      return items ? value.map((one) => this.#item(one, schema, at)) : value;
    }
    return typeof value === 'object' && value !== null ? this.#object(value, schema, at) : value;
  }

  #oneOf(given: unknown, schema: Schema, at: string): unknown {
    let last: QueryError | undefined;
    for (const one of schema.anyOf as readonly Schema[]) {
      try {
        return this.value(given, one, at);
      } catch (error) {
        if (!(error instanceof QueryError)) throw error;
        last = error;
      }
    }
    throw schema['x-expected'] ? unexpected(given, schema, at) : last;
  }

  #item(one: unknown, schema: Schema, at: string): unknown {
    try {
      return this.value(one, schema.items as Schema, at);
    } catch (error) {
      if (error instanceof QueryError && (schema.items as Schema).type === 'string')
        throw unexpected(one, schema, at);
      throw error;
    }
  }

  #object(value: object, schema: Schema, at: string): Record<string, unknown> {
    const properties = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
    const names = Object.keys(properties);
    const placeOf = (name: string) => (at === '' || at === 'the body' ? name : `${at}.${name}`);
    const result: Record<string, unknown> = Object.create(null);
    for (const [name, one] of Object.entries(value)) {
      const known = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
      if (known === false) throw new QueryError(unknownName(name, names, this.#kind));
      const isChecked = typeof known === 'object' && known !== null;
      result[name] = isChecked ? this.value(one, known as Schema, placeOf(name)) : one;
    }
    for (const name of names) {
      const one = properties[name]!;
      if (result[name] !== undefined || one.default === undefined) continue;
      result[name] = this.value(one.default, one, placeOf(name));
    }
    for (const name of (schema.required ?? []) as readonly string[]) {
      if (result[name] === undefined) throw unexpected(undefined, properties[name] ?? {}, placeOf(name));
    }
    return result;
  }
}

/** What a text of a query or a path stands for; itself where it stands for nothing else. */
function fromText(given: unknown, types: readonly string[], at: string): unknown {
  if (types.includes('array')) return Array.isArray(given) || given === undefined ? given : [given];
  if (Array.isArray(given)) throw new QueryError(`${at}: expected once, got it several times`);
  if (typeof given !== 'string') return given;
  if (types.includes('integer') && /^-?\d{1,15}$/.test(given)) return Number(given);
  if (types.includes('number') && /^-?\d{1,15}(\.\d{1,15})?$/.test(given)) return Number(given);
  if (types.includes('boolean') && (given === 'true' || given === 'false')) return given === 'true';
  return given;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === type;
  }
}

function isAllowed(value: unknown, schema: Schema): boolean {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, pattern } = schema;
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return false;
  if ('const' in schema && schema.const !== value) return false;
  if (typeof value === 'number') return isWithin(value, minimum, maximum);
  if (Array.isArray(value)) return isWithin(value.length, minItems, maxItems);
  if (typeof value !== 'string') return true;
  // As Ajv counts: characters, not UTF-16 units.
  if ((minLength ?? maxLength) !== undefined && !isWithin([...value].length, minLength, maxLength))
    return false;
  return typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value);
}

function isWithin(value: number, least: unknown, most: unknown): boolean {
  return !(typeof least === 'number' && value < least) && !(typeof most === 'number' && value > most);
}

function durationOf(text: string, schema: Schema, at: string): number {
  const { fromMs, toMs } = schema['x-duration'] as DurationRange;
  const ms = parseDuration(text);
  if (ms === undefined || ms < fromMs || ms > toMs) throw unexpected(text, schema, at);
  return ms;
}

function unexpected(value: unknown, schema: Schema, at: string): QueryError {
  const place = at === '' ? '' : `${at}: `;
  if (typeof schema['x-expected'] === 'string')
    return new QueryError(`${place}expected ${schema['x-expected']}`);
  if (value === undefined) return new QueryError(`${place}expected ${expected(schema)}, got nothing`);
  const meant =
    Array.isArray(schema.enum) && typeof value === 'string'
      ? nearest(value, schema.enum.map(String))
      : undefined;
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return new QueryError(`${place}expected ${expected(schema)}, got ${shown(value)}${hint}`);
}

/** What a schema allows, in words. */
function expected(schema: Schema): string {
  const { minimum: least, maximum: most } = schema;
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.join(', ')}`;
  const duration = schema['x-duration'] as DurationRange | undefined;
  if (duration) {
    return `a duration from ${formatDuration(duration.fromMs)} to ${formatDuration(duration.toMs)} such as 5m or 24h`;
  }
  const type = [schema.type ?? 'value'].flat()[0] as string;
  if (type === 'integer' || type === 'number') {
    const noun = type === 'integer' ? 'a whole number' : 'a number';
    if (least === undefined && most === undefined) return noun;
    return most === undefined ? `${noun} of ${least} or more` : `${noun} from ${least ?? '-∞'} to ${most}`;
  }
  if (type === 'array') {
    const ofTexts = (schema.items as Schema | undefined)?.type === 'string';
    return `a list${ofTexts ? ' of texts' : ''}${lengths(schema.minItems, schema.maxItems, 'entries')}`;
  }
  const nouns: Record<string, string> = {
    string: 'a text',
    boolean: 'true or false',
    object: 'a JSON object',
    null: 'null',
  };
  return `${nouns[type] ?? 'something else'}${lengths(schema.minLength, schema.maxLength, 'characters')}`;
}

function lengths(least: unknown, most: unknown, unit: string): string {
  if (least === undefined && most === undefined) return '';
  return most === undefined ? ` of ${least} ${unit} or more` : ` of ${least ?? 0} to ${most} ${unit}`;
}

function shown(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

import { wellFormed } from './quote.ts';
import { Time } from './time.ts';
import { formatTime } from './time-layout.ts';
import { List, Named, Struct, Table, type Value } from './value.ts';

/**
 * A value as Go's `json.Marshal` writes it.
 *
 * @throws Error for numbers that JSON does not have
 */
export function toJson(value: Value): string {
  if (value === undefined) return 'null';
  if (value instanceof List) return `[${value.items.map(toJson).join(',')}]`;
  if (value instanceof Table)
    return object(value.keys().map((key) => [key, value.entries.get(key)] as const));
  if (value instanceof Struct) {
    if (value instanceof Time)
      return text(formatTime(value.ms, value.zone, '2006-01-02T15:04:05.999999999Z07:00'));
    const names = value.type.jsonNames ?? {};
    return object(Array.from(value.fields, ([name, field]) => [names[name] ?? name, field] as const));
  }
  if (value instanceof Named) return toJson(value.value);
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'number':
      return number(value);
    default:
      return String(value);
  }
}

function object(entries: readonly (readonly [name: string, value: Value])[]): string {
  return `{${entries.map(([name, value]) => `${text(name)}:${toJson(value)}`).join(',')}}`;
}

function text(value: string): string {
  return JSON.stringify(wellFormed(value)).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function number(value: number): string {
  if (!Number.isFinite(value))
    throw new Error(`json: unsupported value: ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`);
  if (Object.is(value, -0)) return '-0';
  // Exponents of one digit are written alike in both.
  return JSON.stringify(value);
}

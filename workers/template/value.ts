/**
 * Values of Go as templates see them. `undefined` is Go's invalid value and untyped nil, a number a float64, a bigint an
 * int. Everything that has fields, elements or methods says so in a table: nothing of JavaScript's own can be reached.
 */
export type Value = undefined | boolean | number | bigint | string | Named | List | Table | Struct;

/** A function or method that templates call. */
export interface Callable {
  /** Go's names of the types of its arguments; `interface {}` takes anything. */
  readonly takes: readonly string[];
  /** Type of any number of further arguments. */
  readonly rest?: string;
  /** Called with values of those types, a method with its receiver before them. @throws Error that ends the template */
  readonly call: (...values: never[]) => Value;
}

export type FunctionTable = ReadonlyMap<string, Callable>;

/** What a type of Go is called and can do. */
export interface TypeInfo {
  /** As Go prints it: `template.KV`. */
  readonly name: string;
  /** Of a named type what it is made of: values of both may stand for each other. */
  readonly underlying?: string;
  readonly methods?: ReadonlyMap<string, Callable>;
  /** Its `String` method. */
  readonly text?: (value: never) => string;
  /** Names of fields in JSON. */
  readonly jsonNames?: Readonly<Record<string, string>>;
}

/** A named string or int: `template.HTML`, `time.Duration`. */
export class Named {
  readonly type: TypeInfo;
  readonly value: string | bigint;

  constructor(type: TypeInfo, value: string | bigint) {
    this.type = type;
    this.value = value;
  }
}

export class List {
  readonly type: TypeInfo;
  readonly items: readonly Value[];

  constructor(type: TypeInfo, items: readonly Value[]) {
    this.type = type;
    this.items = items;
  }
}

/** A map with texts as keys. */
export class Table {
  readonly type: TypeInfo;
  readonly entries: ReadonlyMap<string, Value>;
  /** What a key that is not there has. */
  readonly zero: Value;

  constructor(type: TypeInfo, entries: ReadonlyMap<string, Value>, zero: Value) {
    this.type = type;
    this.entries = entries;
    this.zero = zero;
  }

  keys(): string[] {
    return [...this.entries.keys()].sort(compareText);
  }
}

/** A struct, or a pointer to one where the name of its type begins with `*`. */
export class Struct {
  readonly type: TypeInfo;
  readonly fields: ReadonlyMap<string, Value>;

  constructor(type: TypeInfo, fields: ReadonlyMap<string, Value>) {
    this.type = type;
    this.fields = fields;
  }
}

export const stringMap: TypeInfo = { name: 'map[string]string' };
const anyMap: TypeInfo = { name: 'map[string]interface {}' };
const strings: TypeInfo = { name: '[]string' };

export function stringTable(record: Readonly<Record<string, string>>, type: TypeInfo = stringMap): Table {
  return new Table(type, new Map(Object.entries(record)), '');
}

export function anyTable(entries: ReadonlyMap<string, Value>): Table {
  return new Table(anyMap, entries, undefined);
}

export function stringList(items: readonly string[]): List {
  return new List(strings, items);
}

/** Order of Go's strings: that of code points. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === y) continue;
    // Surrogates stand for code points above all others.
    const [high, low] = [x >= 0xd800 && x < 0xe000, y >= 0xd800 && y < 0xe000];
    return high === low ? x - y : high ? 1 : -1;
  }
  return a.length - b.length;
}

export type Kind = 'invalid' | 'bool' | 'float64' | 'int' | 'string' | 'slice' | 'map' | 'struct';

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'undefined':
      return 'invalid';
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
  }
  if (value instanceof Named) return typeof value.value === 'bigint' ? 'int' : 'string';
  if (value instanceof List) return 'slice';
  return value instanceof Table ? 'map' : 'struct';
}

/** Go's name of the value's type. */
export function typeName(value: Exclude<Value, undefined>): string {
  return typeof value === 'object' ? value.type.name : kindOf(value);
}

/** Whether `if` takes it for true: not the zero of its type. */
export function isTrue(value: Value): boolean {
  if (value instanceof Named) return isTrue(value.value);
  if (value instanceof List) return value.items.length > 0;
  if (value instanceof Table) return value.entries.size > 0;
  if (typeof value === 'number') return value !== 0;
  return Boolean(value);
}

/** Bytes of a text in UTF-8, which Go's strings are made of. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

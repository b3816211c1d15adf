import { printed, sprint, sprintf, sprintln } from './print.ts';
import { isPrintable, wellFormed } from './quote.ts';
import {
  byteLength,
  type Callable,
  compareText,
  type FunctionTable,
  isTrue,
  kindOf,
  List,
  Named,
  type Struct,
  Table,
  typeName,
  type Value,
} from './value.ts';

const interfaceType = 'interface {}';

const anything = (call: (...values: Value[]) => Value, takes = 0): Callable => ({
  takes: Array<string>(takes).fill(interfaceType),
  rest: interfaceType,
  call,
});

/** The functions that each template has (text/template/funcs.go); `and` and `or` are evaluated by the executor. */
export const builtins: FunctionTable = new Map<string, Callable>([
  ['and', anything((...values) => values.find((value) => !isTrue(value)) ?? values.at(-1), 1)],
  ['or', anything((...values) => values.find((value) => isTrue(value)) ?? values.at(-1), 1)],
  ['not', { takes: [interfaceType], call: (value: Value) => !isTrue(value) }],
  ['len', { takes: [interfaceType], call: lengthOf }],
  ['index', anything(indexed, 1)],
  ['slice', anything(sliced, 1)],
  ['print', anything((...values) => sprint(values))],
  [
    'printf',
    {
      takes: ['string'],
      rest: interfaceType,
      call: (format: string, ...values: Value[]) => sprintf(format, values),
    },
  ],
  ['println', anything((...values) => sprintln(values))],
  ['html', anything((...values) => escapeHtml(textOfAll(values)))],
  ['js', anything((...values) => escapeJs(textOfAll(values)))],
  ['urlquery', anything((...values) => escapeQuery(textOfAll(values)))],
  ['call', anything(called, 1)],
  ['eq', anything(areEqual, 1)],
  ['ne', { takes: [interfaceType, interfaceType], call: (a: Value, b: Value) => !areEqual(a, b) }],
  ['lt', { takes: [interfaceType, interfaceType], call: isLess }],
  [
    'le',
    { takes: [interfaceType, interfaceType], call: (a: Value, b: Value) => isLess(a, b) || areEqual(a, b) },
  ],
  [
    'gt',
    { takes: [interfaceType, interfaceType], call: (a: Value, b: Value) => !isLess(a, b) && !areEqual(a, b) },
  ],
  ['ge', { takes: [interfaceType, interfaceType], call: (a: Value, b: Value) => !isLess(a, b) }],
]);

function lengthOf(value: Value): bigint {
  if (value === undefined) throw new Error('reflect: call of reflect.Value.Type on zero Value');
  if (value instanceof List) return BigInt(value.items.length);
  if (value instanceof Table) return BigInt(value.entries.size);
  if (kindOf(value) === 'string') return BigInt(byteLength(bare(value) as string));
  throw new Error(`len of type ${typeName(value)}`);
}

/** Without the name of its type. */
function bare(value: Value): Value {
  return value instanceof Named ? value.value : value;
}

function position(index: Value, most: number): number {
  if (index === undefined) throw new Error('cannot index slice/array with nil');
  if (kindOf(index) !== 'int') throw new Error(`cannot index slice/array with type ${typeName(index)}`);
  const at = Number(bare(index));
  if (at < 0 || at > most) throw new Error(`index out of range: ${at}`);
  return at;
}

/** `index x 1 "a"` is `x[1]["a"]` of Go; a text has bytes. */
function indexed(value: Value, ...indexes: Value[]): Value {
  if (value === undefined) throw new Error('index of untyped nil');
  let item: Value = value;
  for (const index of indexes) {
    if (item === undefined) throw new Error('index of nil pointer');
    if (item instanceof Table) {
      item = entryOf(item, index);
      continue;
    }
    const isText = kindOf(item) === 'string';
    if (!isText && !(item instanceof List)) throw new Error(`can't index item of type ${typeName(item)}`);
    const bytes: readonly Value[] | Buffer = isText
      ? Buffer.from(bare(item) as string)
      : (item as List).items;
    const at = position(index, bytes.length);
    if (at === bytes.length) throw new Error(`reflect: ${isText ? 'string' : 'slice'} index out of range`);
    item = isText ? BigInt(bytes[at] as number) : (bytes[at] as Value);
  }
  return item;
}

function entryOf(table: Table, index: Value): Value {
  if (index === undefined) throw new Error('value is nil; should be of type string');
  if (typeof index !== 'string') throw new Error(`value has type ${typeName(index)}; should be string`);
  return table.entries.has(index) ? table.entries.get(index) : table.zero;
}

function sliced(value: Value, ...indexes: Value[]): Value {
  if (value === undefined) throw new Error('slice of untyped nil');
  if (indexes.length > 3) throw new Error(`too many slice indexes: ${indexes.length}`);
  const isText = kindOf(value) === 'string';
  if (isText && indexes.length === 3) throw new Error('cannot 3-index slice a string');
  if (!isText && !(value instanceof List)) throw new Error(`can't slice item of type ${typeName(value)}`);
  const bytes = isText ? Buffer.from(bare(value) as string) : undefined;
  const length = bytes?.length ?? (value as List).items.length;
  const [from = 0, to = length, most] = indexes.map((index) => position(index, length));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (most !== undefined && to > most) throw new Error(`invalid slice index: ${to} > ${most}`);
  if (bytes !== undefined) return bytes.subarray(from, to).toString();
  return new List((value as List).type, (value as List).items.slice(from, to));
}

/** Templates have no values that are functions. */
function called(value: Value): never {
  throw new Error(value === undefined ? 'call of nil' : `non-function of type ${typeName(value)}`);
}

const basic = new Set(['bool', 'int', 'float64', 'string']);

function incompatible(a: Value, b: Value): Error {
  return new Error(`incompatible types for comparison: ${typeName(a!)} and ${typeName(b!)}`);
}

/** Whether the first is equal to one of the others, of which there must be some. */
function areEqual(first: Value, ...others: Value[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others.some((other) => isEqual(first, other));
}

function isEqual(a: Value, b: Value): boolean {
  const [kind, other] = [kindOf(a), kindOf(b)];
  if (basic.has(kind) || basic.has(other)) {
    if (kind === other) return bare(a) === bare(b);
    if (a === undefined || b === undefined) return false;
    throw incompatible(a, b);
  }
  if (a === undefined || b === undefined) return a === b;
  const [text, otherText] = [sprintf('%s', [a]), sprintf('%s', [b])];
  if (kind !== other)
    throw new Error(`non-comparable types ${text}: ${typeName(a)}, ${typeName(b)}: ${otherText}`);
  // Of structs only times, which have a text, are compared.
  if (kind !== 'struct' || (b as Struct).type.text === undefined)
    throw new Error(`non-comparable type ${otherText}: ${typeName(b)}`);
  return typeName(a) === typeName(b) && text === otherText;
}

function isLess(a: Value, b: Value): boolean {
  const [kind, other] = [kindOf(a), kindOf(b)];
  if (!basic.has(kind) || !basic.has(other)) throw new Error('invalid type for comparison');
  if (kind !== other) throw incompatible(a, b);
  if (kind === 'bool') throw new Error('invalid type for comparison');
  const [x, y] = [bare(a), bare(b)];
  if (typeof x === 'string') return compareText(x, y as string) < 0;
  return (x as number) < (y as number);
}

function textOfAll(values: readonly Value[]): string {
  return values.length === 1 ? printed(values[0]) : sprint(values.map((value) => value ?? '<no value>'));
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

/** A text for HTML, between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (char) => htmlEscapes[char]!);
}

function escapeJs(text: string): string {
  return wellFormed(text).replace(/[\\'"<>&=]|[^ -\x7f]/gu, (char) => {
    if (`\\'"`.includes(char)) return `\\${char}`;
    if (isPrintable(char) && char > '~') return char;
    return `\\u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** A text for the query of a URL, as Go's `url.QueryEscape`. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(wellFormed(text))
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

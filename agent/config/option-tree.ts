import { z } from 'zod';

/** A place in the configuration's shape, as JSON Schema says it; what is read of it here. */
export interface OptionNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, OptionNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: OptionNode | false;
  readonly items?: OptionNode;
  readonly anyOf?: readonly OptionNode[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  /** Must never be shown. */
  readonly secret?: boolean;
  /** Names a file or folder; relative ones are resolved. */
  readonly path?: boolean;
  /** A text of number and unit, from `from` to `to`. */
  readonly quantity?: 'duration' | 'size';
  readonly from?: string;
  readonly to?: string;
}

export type Path = readonly (string | number)[];

/**
 * The shape of a schema's input. A secret that has a `…File` key beside it is not required: the file may stand in
 * for it.
 */
export function optionTree(schema: z.ZodType): OptionNode {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      const { properties, required } = jsonSchema;
      if (!properties || !required) return;
      const left = required.filter((key) => properties[`${key}File`] === undefined);
      if (left.length > 0) jsonSchema.required = left;
      else delete jsonSchema.required;
    },
  }) as OptionNode;
}

/** The node itself, or the choices that it is made of. */
export function choicesOf(node: OptionNode): readonly OptionNode[] {
  return node.anyOf ? node.anyOf.flatMap(choicesOf) : [node];
}

/** The keys that an object at this place may have. */
export function keysOf(node: OptionNode): Readonly<Record<string, OptionNode>> {
  return Object.assign({}, ...choicesOf(node).map((choice) => choice.properties ?? {}));
}

export function childOf(node: OptionNode, key: string | number): OptionNode | undefined {
  for (const choice of choicesOf(node)) {
    if (typeof key === 'number') {
      if (choice.items) return choice.items;
    } else if (choice.properties && Object.hasOwn(choice.properties, key)) {
      return choice.properties[key];
    } else if (choice.additionalProperties) {
      return choice.additionalProperties;
    }
  }
  return undefined;
}

export function nodeAt(root: OptionNode, path: Path): OptionNode | undefined {
  return path.reduce<OptionNode | undefined>((node, key) => node && childOf(node, key), root);
}

/** JSON types that a value at this place may have. */
export function typesOf(node: OptionNode): Set<string> {
  const types = new Set<string>();
  for (const { type, const: only, enum: several } of choicesOf(node)) {
    if (type) types.add(type === 'integer' ? 'number' : type);
    for (const value of several ?? (only === undefined ? [] : [only])) types.add(typeof value);
  }
  return types;
}

/** Calls `visitor` for every value below `value`, parents first, with the node that describes it, if one does. */
export function walk(
  value: unknown,
  node: OptionNode | undefined,
  visitor: (value: unknown, node: OptionNode | undefined, path: Path) => void,
  path: Path = [],
): void {
  visitor(value, node, path);
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    const child = (value as Record<string | number, unknown>)[key];
    walk(child, node && childOf(node, key), visitor, [...path, key]);
  }
}

/** Calls `visitor` for every place there is, parents first; 0 stands for the entries of a list. */
export function walkNodes(
  node: OptionNode,
  visitor: (node: OptionNode, path: Path) => void,
  path: Path = [],
): void {
  visitor(node, path);
  for (const [key, child] of Object.entries(keysOf(node))) walkNodes(child, visitor, [...path, key]);
  for (const { items } of choicesOf(node)) if (items) walkNodes(items, visitor, [...path, 0]);
}

/** `influx[0].url` */
export function pathText(path: Path): string {
  let text = '';
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : `${text && '.'}${key}`;
  return text;
}

/** What belongs at this place, in words that follow "expected". */
export function expectation(node: OptionNode): string {
  const choices = choicesOf(node);
  const values = choices.flatMap((choice) => choice.enum ?? ('const' in choice ? [choice.const] : []));
  const words = choices
    .filter((choice) => !choice.enum && !('const' in choice))
    .map((choice) => kindOf(choice));
  if (values.length > 1) words.unshift(`one of ${[...new Set(values.map(String))].join(', ')}`);
  else if (values.length === 1) words.push(String(values[0]));
  return words.join(', or ');
}

function kindOf(node: OptionNode): string {
  if (node.quantity === 'duration')
    return `a duration with its unit, such as 500ms, 2s or 5m, from ${node.from} to ${node.to}`;
  if (node.quantity === 'size')
    return `a size with its unit, such as 64MB or 2GB, from ${node.from} to ${node.to}`;
  switch (node.type) {
    case 'object':
      return 'a map of keys and values';
    case 'array':
      return lengthOfList(node);
    case 'boolean':
      return 'true or false';
    case 'integer':
    case 'number':
      return `${node.type === 'integer' ? 'a whole number' : 'a number'}${limits(node.minimum, node.maximum)}`;
    default:
      return node.minLength || node.maxLength ? `text${lengths(node)}` : 'text';
  }
}

function lengths({ minLength, maxLength }: OptionNode): string {
  if (maxLength === undefined)
    return minLength === 1 ? ', not empty' : ` of at least ${minLength} characters`;
  return ` of ${minLength ?? 0} to ${maxLength} characters`;
}

function lengthOfList({ minItems, maxItems }: OptionNode): string {
  if (maxItems === undefined) return minItems ? `a list with ${minItems} or more entries` : 'a list';
  return `a list of ${minItems ? `${minItems} to` : 'at most'} ${maxItems} entries`;
}

function limits(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return ` of at least ${least}`;
  return most === undefined ? '' : ` of at most ${most}`;
}

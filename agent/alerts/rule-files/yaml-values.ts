import { isAlias, isMap, isScalar, isSeq, type Scalar, type YAMLMap } from 'yaml';
import type { Node, RuleDocument } from './rule-document.ts';

/** A value and its key, where they were written: behind aliases and merge keys. */
export interface Entry {
  readonly name: string;
  readonly key: Node;
  readonly value: Node;
}

/** Values that aliases and merge keys may repeat, in all. */
const mostValues = 200_000;

/** Plain scalars that are no value. */
const nullWords: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const knownTags: ReadonlySet<string> = new Set(['!', 'tag:yaml.org,2002:str']);

/**
 * Reads nodes as go-yaml v3 decodes them into Prometheus' structures: an alias is what it stands for, `<<` merges, null
 * leaves out, any other scalar is taken as text where text is expected, a key twice is an error.
 */
export class YamlValues {
  readonly #document: RuleDocument;
  #left = mostValues;
  /** Maps that are being merged: an alias to one of them would go on for ever. */
  readonly #open = new Set<Node>();

  constructor(document: RuleDocument) {
    this.#document = document;
  }

  /** True once aliases repeat more than is taken: nothing further is read then. */
  get isExhausted(): boolean {
    return this.#left <= 0;
  }

  /** What stands there, behind an alias; null for null and for what was refused. */
  resolve(node: Node): Exclude<Node, { type?: 'ALIAS' }> {
    const target = this.#target(node);
    if (this.#left-- === 0) this.#refuse(node, `more than ${mostValues} values (aliases written out)`);
    if (this.#left < 0 || target === null || isAlias(target)) return null;
    if (this.#open.has(target)) {
      this.#refuse(node, `the value of this anchor contains itself`);
      return null;
    }
    // As in go-yaml, the tags of maps and lists say nothing.
    if (isScalar(target) && target.tag && !knownTags.has(target.tag)) {
      this.#refuse(target, `the tag ${target.tag.replace('tag:yaml.org,2002:', '!!')} is not taken here`);
      return null;
    }
    return isNull(target) ? null : (target as Exclude<Node, { type?: 'ALIAS' }>);
  }

  /** A scalar, of whatever kind; undefined for null and for what was refused. */
  scalar(node: Node, what: string): Scalar.Parsed | undefined {
    const target = this.resolve(node);
    if (target === null) return undefined;
    if (isScalar(target)) return target as Scalar.Parsed;
    this.#refuse(target, `expected ${what}, got a ${isMap(target) ? 'map' : 'list'}`);
    return undefined;
  }

  /** Items of a list that are not null. */
  items(node: Node, what: string): Node[] {
    const target = this.resolve(node);
    if (target === null) return [];
    if (isSeq(target)) return (target.items as Node[]).filter((item) => !isNull(this.#target(item)));
    this.#refuse(target, `expected a list of ${what}, got ${isMap(target) ? 'a map' : shown(target)}`);
    return [];
  }

  /** Entries of a map by their names, merged ones included; undefined when it is none. */
  entries(node: Node, what: string): Map<string, Entry> | undefined {
    const target = this.resolve(node);
    if (target === null) return undefined;
    if (isMap(target)) {
      const entries = new Map<string, Entry>();
      this.#addEntries(target as YAMLMap.Parsed, entries);
      return entries;
    }
    this.#refuse(target, `expected ${what}, got ${isSeq(target) ? 'a list' : shown(target)}`);
    return undefined;
  }

  #addEntries(map: YAMLMap.Parsed, entries: Map<string, Entry>): void {
    const own = new Map<string, Node>();
    const merged: Node[] = [];
    for (const { key, value } of map.items as { key: Node; value: Node }[]) {
      const written = isAlias(key) ? `*${key.source}` : isScalar(key) ? `=${key.value}` : undefined;
      const first = written === undefined ? undefined : own.get(written);
      if (first) {
        const { line, column } = this.#document.placeOf(first.range[0]);
        this.#refuse(key, `${shown(key)} is written a second time; first at ${line}:${column}`);
        continue;
      }
      if (written !== undefined) own.set(written, key);
      if (isMergeKey(key)) {
        merged.push(value);
        continue;
      }
      const name = this.scalar(key, 'a plain word as the key');
      if (name && !entries.has(String(name.value)))
        entries.set(String(name.value), { name: String(name.value), key, value });
    }
    this.#open.add(map);
    for (const value of merged) this.#merge(value, entries);
    this.#open.delete(map);
  }

  #merge(value: Node, entries: Map<string, Entry>): void {
    const source = this.#target(value);
    for (const item of isSeq(source) ? (source.items as Node[]) : [value]) {
      if (isMap(this.#target(item))) {
        const map = this.resolve(item);
        if (map) this.#addEntries(map as YAMLMap.Parsed, entries);
      } else this.#refuse(item ?? value, 'expected a map, or a list of maps, to merge');
    }
  }

  /** What a node is, behind an alias. */
  #target(node: Node): Node {
    return isAlias(node) ? (this.#document.targets.get(node) ?? null) : node;
  }

  #refuse(node: Node, message: string): void {
    this.#document.refuse(node?.range[0] ?? 0, message);
  }
}

/** A scalar as messages show it. */
export function shown(node: Node): string {
  const text = isScalar(node) ? String(node.value) : isAlias(node) ? `*${node.source}` : '?';
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function isNull(node: Node): boolean {
  if (!isScalar(node)) return node === null;
  return node.type === 'PLAIN' && !node.tag && nullWords.has(String(node.value));
}

function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<' && (!key.tag || key.tag === '!');
}

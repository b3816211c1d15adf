import type { Scalar } from 'yaml';
import type { LabelSet } from '../../../workers/contract/alerts.ts';
import { nearest, nearestQuantity } from '../../spelling.ts';
import type { Node, RuleDocument } from './rule-document.ts';
import { parseRuleDuration } from './rule-duration.ts';
import { type Entry, shown, YamlValues } from './yaml-values.ts';

const wholeNumber = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[0-9]+)$/;
/** Go takes these for whole numbers too, without what is behind the point. */
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

export type Fields = ReadonlyMap<string, Entry>;

/** The typed fields of rule files. What is refused is noted in the document, and reads as if it were not there. */
export class RuleFields {
  readonly document: RuleDocument;
  readonly values: YamlValues;

  constructor(document: RuleDocument) {
    this.document = document;
    this.values = new YamlValues(document);
  }

  refuse(node: Node, message: string): void {
    this.document.refuse(node?.range[0] ?? 0, message);
  }

  notice(node: Node, message: string): void {
    this.document.notice(this.document.placeOf(node?.range[0] ?? 0), message);
  }

  /** Fields of a map, of which only `known` ones are allowed. */
  fields(node: Node, what: string, known: readonly string[]): Fields {
    const entries = this.values.entries(node, what) ?? new Map<string, Entry>();
    for (const { name, key } of entries.values()) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      const hint = near ? `; did you mean ${near}?` : '';
      this.refuse(key, `unknown field ${shown(key)} in ${what}${hint} (allowed: ${known.join(', ')})`);
    }
    return entries;
  }

  scalar(fields: Fields, name: string): Scalar.Parsed | undefined {
    const entry = fields.get(name);
    return entry && this.values.scalar(entry.value, `text as ${name}`);
  }

  /** '' when it is not there. */
  text(fields: Fields, name: string): string {
    return String(this.scalar(fields, name)?.value ?? '');
  }

  durationMs(fields: Fields, name: string): number | undefined {
    const scalar = this.scalar(fields, name);
    if (!scalar) return undefined;
    const ms = parseRuleDuration(String(scalar.value));
    if (ms !== undefined) return ms;
    const guess = nearestQuantity('duration', scalar.value, {});
    const hint = guess && parseRuleDuration(guess) !== undefined ? `; did you mean ${guess}?` : '';
    this.refuse(scalar, `${name}: expected a duration such as 30s, 5m or 1h30m, got ${shown(scalar)}${hint}`);
    return undefined;
  }

  wholeNumber(fields: Fields, name: string): number | undefined {
    const scalar = this.scalar(fields, name);
    if (!scalar) return undefined;
    const text = String(scalar.value).replaceAll('_', '');
    const isNumber = wholeNumber.test(text) || decimal.test(text);
    if (scalar.type === 'PLAIN' && !scalar.tag && isNumber) {
      const number = decimal.test(text) && !/^[-+]?0[0-7]/.test(text) ? Number(text) : numberOfBase(text);
      if (Math.abs(number) < 2 ** 63) return Math.trunc(number);
    }
    this.refuse(scalar, `${name}: expected a whole number, got ${shown(scalar)}`);
    return undefined;
  }

  /** A map of texts by name, such as labels. A name without a value has ''. */
  texts(fields: Fields, name: string): Map<string, TextEntry> {
    const texts = new Map<string, TextEntry>();
    const entry = fields.get(name);
    const entries = entry && this.values.entries(entry.value, `a map of names and texts as ${name}`);
    for (const { name: key, key: keyNode, value } of entries?.values() ?? []) {
      const scalar = this.values.scalar(value, `text as the value of ${JSON.stringify(key)}`);
      texts.set(key, { key: keyNode, scalar, text: String(scalar?.value ?? '') });
    }
    return texts;
  }
}

export interface TextEntry {
  readonly key: Node;
  readonly scalar: Scalar.Parsed | undefined;
  readonly text: string;
}

export function labelSet(texts: ReadonlyMap<string, TextEntry>): LabelSet {
  return Object.fromEntries([...texts].map(([name, { text }]) => [name, text]));
}

/** `0x1f`, `0o17`, `017`, `0b11`, with or without a sign. */
function numberOfBase(text: string): number {
  const digits = text.replace(/^[-+]/, '').replace(/^0(?=[0-7]+$)/, '0o');
  return text.startsWith('-') ? -Number(digits) : Number(digits);
}

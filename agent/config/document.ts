import { isUtf8 } from 'node:buffer';
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Draft, Origin, Place } from './draft.ts';
import { type Path, pathText } from './option-tree.ts';

export const documentLimits = {
  /** Refused before it is parsed. */
  bytes: 256 * 1024,
  /** Levels of maps and lists within each other. */
  depth: 32,
  /** Words and signs: a hostile text makes the parser slow. */
  lexemes: 100_000,
  /** Values, those that aliases repeat included. */
  values: 20_000,
} as const;

const mostSyntaxErrors = 10;

export interface ConfigFile {
  /** As it appears in messages. */
  readonly name: string;
  /** That relative paths start from. */
  readonly folder: string;
  readonly bytes: Uint8Array;
}

type Node = ParsedNode | null;

/**
 * Reads YAML 1.2 (core schema, no merge keys, no tags of its own) into the draft, with the place of every value.
 * Returns false when the text cannot be read at all; why is then among the draft's problems.
 */
export function readDocument(file: ConfigFile, draft: Draft): boolean {
  const lines = new LineCounter();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { text: `${file.name}:${line}:${col}`, rank: 'file', offset };
  };
  const refuse = (offset: number, message: string): false => {
    draft.problems.push({ place: placeOf(offset), path: '', message });
    return false;
  };
  lines.addNewLine(0);
  if (!isUtf8(file.bytes)) {
    const { line, column } = firstInvalid(file.bytes);
    draft.problems.push({
      place: { text: `${file.name}:${line}:${column}`, rank: 'file', offset: 0 },
      path: '',
      message: 'the file is not UTF-8 text',
    });
    return false;
  }
  const document = parse(Buffer.from(file.bytes).toString(), lines, refuse);
  if (!document) return false;
  if (!document.contents) return true;
  const reader = new Reader(file.folder, placeOf, draft);
  draft.value = reader.read(document.contents, [], placeOf(document.contents.range[0]), 0) ?? {};
  return !reader.exhausted;
}

function parse(
  text: string,
  lines: LineCounter,
  refuse: (offset: number, message: string) => false,
): Document.Parsed | false {
  const parser = new Parser(lines.addNewLine);
  const tokens = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++lexemes > documentLimits.lexemes)
      return refuse(parser.offset, `more than ${documentLimits.lexemes} words and signs`);
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > documentLimits.depth + 1)
      return refuse(parser.offset, `nested more than ${documentLimits.depth} levels deep`);
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({ uniqueKeys: false, resolveKnownTags: false, version: '1.2' });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  if (!document) return false;
  const errors = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  const fatal = errors.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED');
  for (const { message, pos } of fatal.slice(0, mostSyntaxErrors)) refuse(pos[0], message);
  // Not quoted: it may be a secret that begins with an exclamation mark.
  for (const { pos } of errors.filter((error) => !fatal.includes(error)))
    refuse(
      pos[0],
      'unknown tag; values are plain text, numbers, lists and maps: put text that begins with ! in quotes',
    );
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2')
    refuse(0, `expected YAML 1.2, got a %YAML ${document.directives.yaml.version} directive`);
  if (second)
    refuse(second.contents?.range?.[0] ?? second.range[0], 'expected one document; a second one begins');
  return fatal.length === 0 && !second ? (document as Document.Parsed) : false;
}

/** Turns nodes into plain values and notes where each is. */
class Reader {
  readonly #folder: string;
  readonly #placeOf: (offset: number) => Place;
  readonly #draft: Draft;
  #left: number = documentLimits.values;
  readonly #anchors = new Map<string, ParsedNode>();
  /** Of the outermost alias that is being written out. */
  #aliasPlace: Place | undefined;
  exhausted = false;

  constructor(folder: string, placeOf: (offset: number) => Place, draft: Draft) {
    this.#folder = folder;
    this.#placeOf = placeOf;
    this.#draft = draft;
  }

  read(node: Node, path: Path, keyPlace: Place, depth: number): unknown {
    const place = node ? this.#placeOf(node.range[0]) : keyPlace;
    const written = isScalar(node) && typeof node.value === 'number' ? node.source : undefined;
    const origin: Origin = {
      ...{ place, keyPlace, folder: this.#folder },
      ...(written !== undefined && written !== String((node as Scalar.Parsed).value) && { written }),
    };
    this.#draft.place(path, origin);
    if (this.exhausted) return undefined;
    if (this.#left-- <= 0 || depth > documentLimits.depth) {
      this.exhausted = true;
      const limit =
        depth > documentLimits.depth ? `${documentLimits.depth} levels` : `${documentLimits.values} values`;
      this.#draft.problems.push({
        place: this.#aliasPlace ?? place,
        path: '',
        message: `more than ${limit} (aliases written out)`,
      });
      return undefined;
    }
    if (node && 'anchor' in node && node.anchor && !this.#aliasPlace) this.#anchors.set(node.anchor, node);
    if (isAlias(node)) return this.#readAlias(node, path, keyPlace, depth);
    if (isMap(node)) return this.#readMap(node, path, depth);
    if (isSeq(node))
      return node.items.map((item, i) => {
        const child = item as Node;
        return this.read(child, [...path, i], child ? this.#placeOf(child.range[0]) : place, depth + 1);
      });
    return isScalar(node) ? node.value : null;
  }

  #readAlias(node: Alias.Parsed, path: Path, keyPlace: Place, depth: number): unknown {
    const target = this.#anchors.get(node.source);
    if (!target) {
      // It is not quoted: it may be a secret that begins with an asterisk.
      this.#draft.fail(
        path,
        'there is no such anchor before this alias; put text that begins with * in quotes',
      );
      return undefined;
    }
    const outer = this.#aliasPlace;
    this.#aliasPlace ??= this.#placeOf(node.range[0]);
    const value = this.read(target, path, keyPlace, depth + 1);
    this.#aliasPlace = outer;
    return value;
  }

  #readMap(node: YAMLMap, path: Path, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const seen = new Map<string, Place>();
    for (const { key, value } of node.items) {
      const keyNode = key as Node;
      const place = this.#placeOf(keyNode ? keyNode.range[0] : (node.range?.[0] ?? 0));
      const refuse = (name: string, message: string) =>
        this.#draft.problems.push({ place, path: pathText([...path, name]), message });
      if (!isScalar(keyNode)) {
        refuse('?', 'expected a plain word as the key');
        continue;
      }
      const name = String(keyNode.value ?? '');
      const first = seen.get(name);
      if (first) refuse(name, `written a second time; first at ${first.text}`);
      else if (name === '<<') refuse(name, 'merge keys are not part of YAML 1.2; write the keys out');
      else if (name === '__proto__') refuse(name, 'unknown key');
      else map[name] = this.read(value as Node, [...path, name], place, depth + 1);
      seen.set(name, place);
    }
    return map;
  }
}

/** Line and column, from 1, of the first byte that is not UTF-8. */
function firstInvalid(bytes: Uint8Array): { line: number; column: number } {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline < 0 ? bytes.length : newline;
    const part = bytes.subarray(start, end);
    if (!isUtf8(part)) return { line, column: new TextDecoder().decode(part).indexOf('\uFFFD') + 1 };
    start = end + 1;
  }
  return { line, column: 1 };
}

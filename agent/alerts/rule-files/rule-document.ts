import { isUtf8 } from 'node:buffer';
import {
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
} from 'yaml';
import type { FilePlace } from '../../../workers/contract/alerts.ts';

export const documentLimits = {
  /** Refused before it is parsed. */
  bytes: 1024 * 1024,
  /** Levels of maps and lists within each other. */
  depth: 32,
  /** Words and signs: a hostile text makes the parser slow. */
  lexemes: 400_000,
} as const;

const mostSyntaxErrors = 10;
/** A message may quote what was written. */
const longestMessage = 600;

/** null where nothing is written. */
export type Node = ParsedNode | null;

/** Something wrong, or worth knowing, at a place of the text. */
export interface Problem {
  readonly place: FilePlace;
  readonly message: string;
}

/** A file of YAML with the places of all that is in it. Every scalar is text; what it means is for its reader to say. */
export class RuleDocument {
  /** Absolute path. */
  readonly file: string;
  /** As it appears in messages. */
  readonly shownFile: string;
  readonly text: string;
  readonly problems: Problem[] = [];
  readonly notices: Problem[] = [];
  readonly contents: Node;
  readonly #lines = new LineCounter();

  /** Reads the first document of the text, as Prometheus does; a byte order mark and CRLF are taken as they come. */
  constructor(file: string, shownFile: string, bytes: Uint8Array) {
    this.file = file;
    this.shownFile = shownFile;
    this.#lines.addNewLine(0);
    this.text = Buffer.from(bytes)
      .toString()
      .replace(/^\uFEFF/, '');
    this.contents = this.#isReadable(bytes) ? this.#read() : null;
  }

  refuse(offset: number, message: string): void {
    const cut = message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
    this.problems.push({ place: this.placeOf(offset), message: cut });
  }

  notice(place: FilePlace, message: string): void {
    this.notices.push({ place, message });
  }

  /** Of an offset in UTF-16 units; columns count the same units. */
  placeOf(offset: number): FilePlace {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line, column: col };
  }

  /** Each as `file:line:column: message`, in the order of the text. */
  linesOf(found: readonly Problem[]): string[] {
    return [...found]
      .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
      .map(({ place: { line, column }, message }) => `${this.shownFile}:${line}:${column}: ${message}`);
  }

  #isReadable(bytes: Uint8Array): boolean {
    const isText = isUtf8(bytes);
    const firstBad = isText ? this.text.search(unreadable) : this.text.indexOf('\uFFFD');
    if (firstBad < 0) return true;
    for (let i = this.text.indexOf('\n'); i >= 0 && i < firstBad; i = this.text.indexOf('\n', i + 1))
      this.#lines.addNewLine(i + 1);
    this.refuse(firstBad, isText ? unreadableSign(this.text.codePointAt(firstBad)!) : notUtf8(bytes));
    return false;
  }

  #read(): Node {
    const parser = new Parser(this.#lines.addNewLine);
    const tokens = [];
    let lexemes = 0;
    for (const lexeme of new Lexer().lex(this.text)) {
      if (++lexemes > documentLimits.lexemes)
        return this.#stop(parser.offset, `more than ${documentLimits.lexemes} words and signs`);
      for (const token of parser.next(lexeme)) tokens.push(token);
      if (parser.stack.length > documentLimits.depth + 1)
        return this.#stop(parser.offset, `nested more than ${documentLimits.depth} levels deep`);
    }
    for (const token of parser.end()) tokens.push(token);
    const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, version: '1.2' });
    const [document, second] = [...composer.compose(tokens, true, this.text.length)] as Document.Parsed[];
    if (!document) return null;
    const errors = [
      ...document.errors,
      ...document.warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED'),
    ];
    for (const { message, pos } of errors.slice(0, mostSyntaxErrors)) this.refuse(pos[0], message);
    if (second) {
      const message = 'a second YAML document begins; only the first one is read, as Prometheus does';
      this.notice(this.placeOf(second.contents?.range?.[0] ?? second.range[0]), message);
    }
    if (errors.length > 0) return null;
    return this.#hasKnownAnchors(document.contents) ? document.contents : null;
  }

  #stop(offset: number, message: string): null {
    this.refuse(offset, message);
    return null;
  }

  /** Binds every alias to the anchor that stands before it. */
  #hasKnownAnchors(contents: Node): boolean {
    const anchors = new Map<string, Node>();
    const before = this.problems.length;
    const visit = (node: Node): void => {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target === undefined)
          this.refuse(node.range[0], `there is no anchor &${node.source} before this alias`);
        this.targets.set(node, target ?? null);
        return;
      }
      if (node?.anchor) anchors.set(node.anchor, node);
      if (isScalar(node) && loneSurrogate.test(String(node.value)))
        this.refuse(node.range[0], 'an escape in this text is half of a character');
      if (isSeq(node)) for (const item of node.items) visit(item as Node);
      if (isMap(node)) {
        for (const { key, value } of node.items) {
          visit(key as Node);
          visit(value as Node);
        }
      }
    };
    visit(contents);
    return this.problems.length === before;
  }

  /** What each alias stands for. */
  readonly targets = new Map<Node, Node>();
}

/**
 * What YAML does not allow in a text (https://yaml.org/spec/1.2.2/#51-character-set), and a carriage return alone, which
 * some readers take for the end of a line and some do not.
 */
const unreadable =
  /\r(?!\n)|[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;
const loneSurrogate = /\p{Surrogate}/u;

function unreadableSign(code: number): string {
  if (code === 0x0d) return 'a carriage return without a line feed; end lines with LF or CRLF';
  return `the control character U+${code.toString(16).padStart(4, '0').toUpperCase()} is not allowed`;
}

function notUtf8([first, second]: Uint8Array): string {
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? 'the file is UTF-16 text; save it as UTF-8' : 'the file is not UTF-8 text';
}

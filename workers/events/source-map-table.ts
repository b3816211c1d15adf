import { resolve } from 'node:path';

/** Of one map; each takes 16 bytes. */
const mostMappings = 1_000_000;
/** Bytes of the names of the sources. */
const mostSourcesBytes = 4 * 2 ** 20;
/** A segment that belongs to no source. */
const noSource = -1;

/** A place in a source; lines and columns from 1. */
export interface SourcePlace {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/**
 * The mappings of a source map, "ECMA-426, source map format", version 3, without its names and the texts of its
 * sources. Only the bytes that it needs are read, and the mappings become typed arrays: a map of 16 MB takes no more
 * than 16 MB outside the heap, where the parser of `node:module` would make an array of each mapping. Maps of
 * several sections are not read.
 */
export class SourceMapTable {
  readonly #sources: readonly string[];
  /** First segment of each generated line, and the end. */
  readonly #lineStarts: Uint32Array;
  readonly #columns: Int32Array;
  readonly #sourceOf: Int32Array;
  readonly #lines: Int32Array;
  readonly #sourceColumns: Int32Array;

  /** `json` is the text of the map, `folder` what its sources are relative to. Throws when it cannot be read. */
  constructor(json: Buffer, folder: string) {
    const members = membersOf(json);
    const mappings = members.get('mappings');
    const sources = members.get('sources');
    if (!mappings || !sources || sources.length > mostSourcesBytes) throw new TypeError('no source map');
    this.#sources = sourceNames(sources, members.get('sourceRoot'), folder);

    const { lines, segments } = sizesOf(mappings);
    this.#lineStarts = new Uint32Array(lines + 1);
    this.#columns = new Int32Array(segments);
    this.#sourceOf = new Int32Array(segments);
    this.#lines = new Int32Array(segments);
    this.#sourceColumns = new Int32Array(segments);
    this.#read(mappings);
  }

  get byteLength(): number {
    return this.#lineStarts.byteLength + 4 * this.#columns.byteLength;
  }

  #read(mappings: Buffer): void {
    const reader = new MappingReader(mappings.subarray(1, -1));
    let [source, sourceLine, sourceColumn, line, segment] = [0, 0, 0, 0, 0];
    let column = 0;
    while (!reader.ended) {
      if (reader.atLineEnd) {
        this.#lineStarts[++line] = segment;
        column = 0;
        reader.skip();
      } else if (reader.atSegmentEnd) reader.skip();
      else {
        const step = reader.number();
        if (step < 0) throw new RangeError('the mappings are not in order');
        this.#columns[segment] = column += step;
        this.#sourceOf[segment] = noSource;
        if (!reader.atSegmentEnd) {
          this.#sourceOf[segment] = source += reader.number();
          this.#lines[segment] = sourceLine += reader.number();
          this.#sourceColumns[segment] = sourceColumn += reader.number();
          if (!reader.atSegmentEnd) reader.number();
        }
        if (!reader.atSegmentEnd) throw new RangeError('a mapping has too many numbers');
        segment++;
      }
    }
    this.#lineStarts.fill(segment, line + 1);
  }

  /** Where a place of the generated file, line and column from 1, comes from; undefined when it is not told. */
  find(line: number, column: number): SourcePlace | undefined {
    if (line < 1 || line >= this.#lineStarts.length) return undefined;
    let low = this.#lineStarts[line - 1]!;
    const first = low;
    let high = this.#lineStarts[line]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#columns[middle]! <= column - 1) low = middle + 1;
      else high = middle;
    }
    const found = low - 1;
    const source = found >= first ? this.#sources[this.#sourceOf[found]!] : undefined;
    if (source === undefined) return undefined;
    return { source, line: this.#lines[found]! + 1, column: this.#sourceColumns[found]! + 1 };
  }
}

const [quote, backslash, comma, semicolon] = [0x22, 0x5c, 0x2c, 0x3b];

/** Digits of base 64, −1 for what is none. */
const digits = new Int8Array(256).fill(-1);
for (const [value, digit] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries())
  digits[digit.charCodeAt(0)] = value;

class MappingReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get atLineEnd(): boolean {
    return this.#bytes[this.#at] === semicolon;
  }

  get atSegmentEnd(): boolean {
    return this.ended || this.atLineEnd || this.#bytes[this.#at] === comma;
  }

  /** Past a comma or semicolon. */
  skip(): void {
    this.#at++;
  }

  /** Base 64, least digit first, five bits each, the sixth when there are more; the lowest bit is the sign. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 5) {
      const digit = digits[this.#bytes[this.#at++] ?? 0]!;
      if (digit < 0) break;
      value += (digit & 31) * 2 ** shift;
      if (digit < 32) return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
    }
    throw new RangeError('the mappings are damaged');
  }
}

function sizesOf(mappings: Buffer): { lines: number; segments: number } {
  let lines = 1;
  let segments = 1;
  for (const byte of mappings) {
    if (byte === semicolon) lines++;
    if (byte === semicolon || byte === comma) segments++;
  }
  if (mappings[0] !== quote || segments > mostMappings) throw new RangeError('no mappings, or too many');
  return { lines, segments };
}

/** Paths of the sources, as names only: nothing is read there. */
function sourceNames(json: Buffer, rootJson: Buffer | undefined, folder: string): string[] {
  const root: unknown = rootJson ? JSON.parse(rootJson.toString()) : '';
  const sources: unknown = JSON.parse(json.toString());
  if (!Array.isArray(sources)) throw new TypeError('no sources');
  return sources.map((source: unknown) => {
    const name =
      typeof root === 'string' && root !== '' ? `${root.replace(/\/$/, '')}/${source}` : `${source}`;
    const path = /^[a-z][a-z\d+.-]+:/i.test(name) ? name : resolve(folder, name);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a name must not begin another line of the stack
    return path.slice(0, 500).replace(/[\u0000-\u001f\u2028\u2029]/g, '?');
  });
}

/** The bytes of each member of a JSON object; the values are not looked into. Throws when it is none. */
function membersOf(json: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let at = skipSpace(json, 0);
  if (json[at] !== 0x7b) throw new TypeError('no JSON object');
  do {
    const key = skipSpace(json, at + 1);
    if (json[key] !== quote) break;
    const keyEnd = stringEnd(json, key);
    const colon = skipSpace(json, keyEnd);
    if (json[colon] !== 0x3a) throw new TypeError('no JSON object');
    const value = skipSpace(json, colon + 1);
    const valueEnd = endOfValue(json, value);
    if (keyEnd - key < 40)
      members.set(json.toString('latin1', key + 1, keyEnd - 1), json.subarray(value, valueEnd));
    at = skipSpace(json, valueEnd);
  } while (json[at] === comma);
  return members;
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (at < json.length && json[at]! <= 0x20) at++;
  return at;
}

/** Behind the quote that ends the string which begins at `from`. */
function stringEnd(json: Buffer, from: number): number {
  for (let at = json.indexOf(quote, from + 1); at >= 0; at = json.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (json[at - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
  throw new TypeError('a string does not end');
}

/** Behind a value: a string, an array or object, or a bare word. */
function endOfValue(json: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length; ) {
    const byte = json[at]!;
    if (byte === quote) at = stringEnd(json, at);
    else {
      const isEnd = byte === 0x5d || byte === 0x7d;
      if (depth === 0 && (isEnd || byte === comma)) return at;
      if (byte === 0x5b || byte === 0x7b) depth++;
      else if (isEnd) depth--;
      at++;
    }
    if (depth === 0 && (byte === quote || byte === 0x5d || byte === 0x7d)) return at;
  }
  throw new TypeError('a value does not end');
}

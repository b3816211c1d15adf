import { isUtf8 } from 'node:buffer';
import type { Refusals } from '../contract/refusals.ts';
import type { Precision } from '../contract/written.ts';
import type { Layout, Tags, TimedPoint } from '../point/point.ts';
import type { Admission, TagSet } from './admission.ts';
import { endOf, parseKey, unescapeName } from './line-names.ts';
import { LineScanner } from './line-scanner.ts';
import { parseTime, truncated } from './time-precision.ts';

/** What lines are read by. */
export interface LineSettings {
  readonly precision: Precision;
  readonly commonTags: Tags;
  /** When the body arrived: the time of points without one. */
  readonly nowMs: number;
  /** Points outside are refused. */
  readonly oldestMs: number;
  readonly newestMs: number;
}

/** What a line's key and field names, as they were spelled, were admitted as. */
interface Spelling {
  readonly set: TagSet;
  readonly layout: Layout;
  /** Where each value of the layout stands in the line; null when in the same order. */
  readonly pick: Int32Array | null;
}

/** Spellings that are remembered, and characters of all of them: those of a body come again and again. */
const mostSpellings = 50_000;
const mostCharacters = 16_000_000;

/**
 * Turns line protocol into points. Fields are floats, integers and booleans (as 0 and 1); texts cannot be stored and are
 * counted. Of two values of one field in a line the last one stands.
 */
export class LineReader {
  readonly #admission: Admission;
  /** By key and field names. */
  readonly #spellings = new Map<string, Map<string, Spelling>>();
  #spellingCount = 0;
  #characters = 0;
  #generation = 0;
  readonly #values: number[] = [];

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Forgets spellings: the agent's own tags are others now. */
  clear(): void {
    this.#spellings.clear();
    this.#spellingCount = 0;
    this.#characters = 0;
  }

  /** Reads lines from `offset` until there are `mostPoints`; gives them, and where the next line begins. */
  read(
    bytes: Uint8Array,
    offset: number,
    mostPoints: number,
    settings: LineSettings,
    refusals: Refusals,
  ): { readonly points: TimedPoint[]; readonly next: number } {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const scanner = new LineScanner(bytes);
    const points: TimedPoint[] = [];
    // Lines that give no point cost as much to read.
    const mostLines = 2 * mostPoints;
    let at = offset;
    for (let lines = 0; at < bytes.length && points.length < mostPoints && lines < mostLines; lines++) {
      const end = scanner.lineEnd(at);
      const start = scanner.skipBlanks(at, end);
      at = end + 1;
      if (start >= end || bytes[start] === hash) continue;
      const problem = scanner.scan(start, end);
      const point = problem || this.#point(buffer, scanner, settings, refusals);
      if (typeof point === 'object') points.push(point);
      else if (problem)
        refusals.unreadable(buffer.toString('utf8', start, Math.min(end, start + 500)), problem);
      else if (point !== noNumbers) refusals.refuse(point);
      else refusals.points++;
    }
    return { points, next: Math.min(at, bytes.length) };
  }

  #point(
    buffer: Buffer,
    scanner: LineScanner,
    settings: LineSettings,
    refusals: Refusals,
  ): TimedPoint | string {
    const { nowMs, oldestMs, newestMs, precision } = settings;
    const { timeStart, timeEnd, keyStart, keyEnd } = scanner;
    const timeMs =
      timeStart === timeEnd
        ? truncated(nowMs, precision)
        : parseTime(buffer.toString('latin1', timeStart, timeEnd), precision);
    if (timeMs === undefined) return 'a timestamp is out of range';
    if (timeMs < oldestMs) return 'points older than the store keeps single readings (store.retention.raw)';
    if (timeMs > newestMs) return 'points more than 10 minutes in the future';
    const unstored = this.#unstored;
    // First of all: a line without a number leaves nothing behind.
    const names = this.#readFields(buffer.toString('latin1', scanner.fieldsStart, scanner.fieldsEnd));
    refusals.unstoredFields += this.#unstored - unstored;
    if (names === '') return noNumbers;
    const key = buffer.toString('latin1', keyStart, keyEnd);
    const spelling = this.#spellings.get(key)?.get(names) ?? this.#admit(key, names, settings);
    if (typeof spelling === 'string') return spelling;
    const { set, layout, pick } = spelling;
    set.lastMs = nowMs;
    const values = pick ? Float64Array.from(pick, (i) => this.#values[i]!) : Float64Array.from(this.#values);
    return { layout, values, timeMs };
  }

  /** Fields seen so far that cannot be stored. */
  #unstored = 0;

  /** Puts the numbers of the fields into `#values`; gives their names as they are spelled, each followed by a line break. */
  #readFields(text: string): string {
    const values = this.#values;
    values.length = 0;
    let names = '';
    for (let at = 0; at < text.length; ) {
      const nameEnd = endOf(text, '=', at);
      const valueEnd = endOfValue(text, nameEnd + 1);
      const name = text.slice(at, nameEnd);
      const value = name === 'time' ? undefined : numberOf(text, nameEnd + 1, valueEnd);
      if (value === undefined) {
        this.#unstored++;
      } else {
        values.push(value);
        names += `${name}\n`;
      }
      at = valueEnd + 1;
    }
    return names;
  }

  /** What is refused is not remembered: it may be let in later. */
  #admit(keyText: string, names: string, { commonTags, nowMs }: LineSettings): Spelling | string {
    const [decodedKey, decodedNames] = [decode(keyText), decode(names)];
    if (decodedKey === undefined || decodedNames === undefined) return notUtf8;
    const key = parseKey(decodedKey);
    if (!key) return 'duplicate tags';
    const all = splitNames(decodedNames).map(unescapeName);
    const places = new Map(all.map((name, i) => [name, i]));
    const admitted = this.#admission.admit(key, [...places.keys()], commonTags, nowMs);
    if (typeof admitted === 'string') return admitted;
    const pick = places.size === all.length ? null : Int32Array.from(places.values());
    const spelling = { ...admitted, pick };
    this.#remember(keyText, names, spelling);
    return spelling;
  }

  #remember(key: string, names: string, spelling: Spelling): void {
    this.#spellingCount++;
    this.#characters += key.length + names.length;
    const { generation } = this.#admission;
    const isFull = this.#spellingCount > mostSpellings || this.#characters > mostCharacters;
    if (isFull || generation !== this.#generation) this.clear();
    this.#generation = generation;
    const byNames = this.#spellings.get(key);
    if (byNames) byNames.set(names, spelling);
    else this.#spellings.set(key, new Map([[names, spelling]]));
  }
}

/** A point without a field that could be stored: its fields are counted. */
const noNumbers = '\n';
const notUtf8 = 'a name is not valid UTF-8';
const hash = 0x23;

/** A line break in a name has a backslash before it, at which no name ends. */
function splitNames(names: string): string[] {
  return names.slice(0, -1).split(/(?<!\\)\n/);
}

/** Text of bytes that were read one character each; undefined when they are no UTF-8. */
function decode(latin1: string): string | undefined {
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** End of a field's value (scanFieldValue of InfluxDB's models/points.go). */
function endOfValue(text: string, start: number): number {
  let isQuoted = false;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (character === '\\' && (text[i + 1] === '"' || text[i + 1] === '\\')) i++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === ',' && !isQuoted) return i;
  }
  return text.length;
}

/** Undefined for a text. */
function numberOf(text: string, start: number, end: number): number | undefined {
  const first = text[start];
  if (first === '"' || start >= end) return undefined;
  if (first === 't' || first === 'T') return 1;
  if (first === 'f' || first === 'F') return 0;
  const last = text[end - 1];
  return Number(text.slice(start, last === 'i' || last === 'u' ? end - 1 : end));
}

import { scanNumber } from './number-scanner.ts';

/**
 * Finds the parts of a line of line protocol exactly as InfluxDB 1.x does (models/points.go of influxdata/influxdb:
 * scanLine, scanMeasurement, scanTags, scanFields, scanTime), errors included. One object is used for many lines: what it
 * holds is of the last one. Nothing is copied or unescaped here.
 */
export class LineScanner {
  readonly #bytes: Uint8Array;
  /** Measurement and tags. */
  keyStart = 0;
  keyEnd = 0;
  /** Where each tag begins; the last entry is one behind the space after the last one. Empty without tags. */
  readonly tagStarts: number[] = [];
  fieldsStart = 0;
  fieldsEnd = 0;
  /** Equal when the line has no timestamp. */
  timeStart = 0;
  timeEnd = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** End of the line that begins at `start`: its line break, or the end of the bytes. A quoted text may hold breaks. */
  lineEnd(start: number): number {
    const bytes = this.#bytes;
    let isQuoted = false;
    let inFields = false;
    let equals = 0;
    let commas = 0;
    for (let i = start; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (byte === backslash && i + 2 < bytes.length) {
        i++;
        continue;
      }
      if (byte === space) inFields = true;
      if (inFields) {
        if (byte === equalsSign && !isQuoted) equals++;
        else if (byte === comma && !isQuoted) commas++;
        else if (byte === quote && equals > commas) isQuoted = !isQuoted;
      }
      if (byte === lineFeed && !isQuoted) return i;
    }
    return bytes.length;
  }

  /** Behind the blanks, tabs and NULs at `at`. */
  skipBlanks(at: number, end: number): number {
    const bytes = this.#bytes;
    let i = at;
    while (i < end && (bytes[i] === space || bytes[i] === tab || bytes[i] === 0)) i++;
    return i;
  }

  /** Finds the parts of the line from `start`, where no blank is, to `end`; gives what is wrong with it, or ''. */
  scan(start: number, end: number): string {
    const problem = this.#scanKey(start, end);
    if (problem) return problem;
    if (this.keyEnd - this.keyStart > mostKeyBytes)
      return `max key length exceeded: ${this.keyEnd - this.keyStart} > ${mostKeyBytes}`;
    return this.#scanFields(this.skipBlanks(this.keyEnd, end), end) || this.#scanTime(end);
  }

  #scanKey(start: number, end: number): string {
    const bytes = this.#bytes;
    this.tagStarts.length = 0;
    this.keyStart = start;
    if (start >= end || bytes[start] === comma) return 'missing measurement';
    for (let i = start + 1; ; i++) {
      if (i >= end) return 'missing fields';
      if (bytes[i - 1] === backslash) continue;
      if (bytes[i] === comma) return this.#scanTags(i + 1, end);
      if (bytes[i] === space) {
        this.keyEnd = i;
        return '';
      }
    }
  }

  #scanTags(from: number, end: number): string {
    const bytes = this.#bytes;
    let i = from;
    for (;;) {
      this.tagStarts.push(i);
      if (i >= end || bytes[i] === space || bytes[i] === comma || bytes[i] === equalsSign)
        return 'missing tag key';
      for (i++; ; i++) {
        if (i >= end || ((bytes[i] === space || bytes[i] === comma) && bytes[i - 1] !== backslash))
          return 'missing tag value';
        if (bytes[i] === equalsSign && bytes[i - 1] !== backslash) break;
      }
      i++;
      if (i >= end || bytes[i] === comma || bytes[i] === space) return 'missing tag value';
      for (i++; ; i++) {
        if (i >= end) return 'missing fields';
        if (bytes[i - 1] === backslash) continue;
        if (bytes[i] === equalsSign) return 'invalid tag format';
        if (bytes[i] === comma || bytes[i] === space) break;
      }
      if (bytes[i] === space) break;
      i++;
    }
    this.tagStarts.push(i + 1);
    this.keyEnd = i;
    return '';
  }

  #scanFields(start: number, end: number): string {
    const bytes = this.#bytes;
    this.fieldsStart = start;
    let isQuoted = false;
    let equals = 0;
    let commas = 0;
    let i = start;
    while (i < end) {
      const byte = bytes[i]!;
      if (byte === backslash && i + 1 < end) {
        i += 2;
        continue;
      }
      if (byte === quote && equals > commas) {
        isQuoted = !isQuoted;
        i++;
        continue;
      }
      if (byte === equalsSign && !isQuoted) {
        equals++;
        const before = bytes[i - 1];
        if ((before === space || before === comma) && bytes[i - 2] !== backslash) return 'missing field key';
        const first = i + 1 < end ? bytes[i + 1]! : comma;
        if (first === comma || first === space) return 'missing field value';
        if (first !== quote) {
          const found = isNumberStart(first) ? scanNumber(bytes, i + 1, end) : this.#scanBoolean(i + 1, end);
          if (typeof found === 'string') return found;
          i = found;
          continue;
        }
      }
      if (byte === comma && !isQuoted) commas++;
      if (byte === space && !isQuoted) break;
      i++;
    }
    if (isQuoted) return 'unbalanced quotes';
    if (equals === 0 || commas !== equals - 1) return 'invalid field format';
    this.fieldsEnd = Math.min(i, end);
    return '';
  }

  #scanBoolean(start: number, end: number): number | string {
    const bytes = this.#bytes;
    let i = start;
    while (i < end && bytes[i] !== comma && bytes[i] !== space) i++;
    return isBoolean(bytes, start, i) ? i : 'invalid boolean';
  }

  #scanTime(end: number): string {
    const bytes = this.#bytes;
    const start = this.skipBlanks(this.fieldsEnd, end);
    let i = start;
    this.timeStart = start;
    for (; i < end && bytes[i] !== lineFeed && bytes[i] !== space; i++) {
      if (i === start && bytes[i] === minus) continue;
      if (bytes[i]! < zero || bytes[i]! > nine) return 'bad timestamp';
    }
    this.timeEnd = i;
    if (i === start) return '';
    for (; i < end; i++) if (bytes[i] !== space) return 'point is invalid';
    return '';
  }
}

const mostKeyBytes = 65_535;

const lineFeed = 0x0a;
const tab = 0x09;
const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const equalsSign = 0x3d;
const backslash = 0x5c;

/** A value that begins so is a number, or the NaN that is refused as one. */
function isNumberStart(byte: number): boolean {
  return (byte >= zero && byte <= nine) || byte === 0x2e || byte === minus || byte === 0x4e || byte === 0x6e;
}

const booleans = ['t', 'T', 'true', 'True', 'TRUE', 'f', 'F', 'false', 'False', 'FALSE'].map((text) =>
  Buffer.from(text),
);

function isBoolean(bytes: Uint8Array, start: number, end: number): boolean {
  return booleans.some(
    (text) => text.length === end - start && text.every((byte, i) => bytes[start + i] === byte),
  );
}

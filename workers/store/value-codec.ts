import { type ByteReader, BytesError, type ByteWriter, unzigzag, zigzag } from '../sketch/bytes.ts';

/**
 * Column codecs. What is written is one byte that names the form, then the form; the number of values is known
 * to who reads. Every float64 comes back bit for bit.
 *
 * - constant: the value;
 * - scaled: the values times 1, 10, 100 or 1000 are whole numbers, written as differences (order 1) or as
 *   differences of differences (order 2);
 * - xor: each value XOR the one before, without the zero bytes at either end (after Gorilla, VLDB 2015, in bytes).
 */
const forms = { constant: 0, scaled: 1, xor: 9 } as const;
const scales = [1, 10, 100, 1000] as const;

/** Whole numbers up to this keep second differences, zigzagged, exact. */
const maxWhole = 2 ** 49;

let whole = new Float64Array(4096);

/** Writes `count` whole numbers, |n| ≤ 2^49, as differences of the given order with runs of zero shortened. */
export function writeDifferences(
  writer: ByteWriter,
  numbers: Float64Array,
  count: number,
  order: 1 | 2,
): void {
  let last = 0;
  let lastStep = 0;
  let zeros = 0;
  for (let i = 0; i < count; i++) {
    const step = numbers[i]! - last;
    last = numbers[i]!;
    const token = order === 1 ? step : step - lastStep;
    // The first number is not a step: taking it for one would make the second one as large.
    if (i > 0) lastStep = step;
    if (token === 0) {
      zeros++;
      continue;
    }
    if (zeros > 0) {
      writeZeros(writer, zeros);
      zeros = 0;
    }
    writer.varint(zigzag(token) + 1);
  }
  if (zeros > 0) writeZeros(writer, zeros);
}

/** 0 and the length less 3 for a long run; a 1 for each zero of a short one. */
function writeZeros(writer: ByteWriter, zeros: number): void {
  if (zeros >= 3) {
    writer.varint(0);
    writer.varint(zeros - 3);
    return;
  }
  for (let i = 0; i < zeros; i++) writer.byte(1);
}

/**
 * Reads `count` numbers written by `writeDifferences` into `into`, each divided by `scale`. `start` is added to each:
 * what was taken off before writing.
 */
export function readDifferences(
  reader: ByteReader,
  into: Float64Array,
  count: number,
  order: 1 | 2,
  scale = 1,
  start = 0,
): void {
  const { bytes } = reader;
  let { at } = reader;
  let last = start;
  let lastStep = 0;
  for (let i = 0; i < count; ) {
    const first = bytes[at++]!;
    if (first === 0) {
      reader.at = at;
      const end = i + reader.varint() + 3;
      at = reader.at;
      if (end > count) throw new BytesError('more values than there should be');
      for (; i < end; i++) {
        last += lastStep;
        into[i] = last / scale;
      }
      continue;
    }
    // Short numbers are read in place, and stay integers: this loop is most of what a question about samples costs.
    let difference: number;
    if (first < 128) difference = unzigzag(first - 1);
    else {
      const second = bytes[at++]!;
      if (second < 128) difference = unzigzag(((first & 127) | (second << 7)) - 1);
      else {
        reader.at = at - 2;
        difference = unzigzag(reader.varint() - 1);
        at = reader.at;
      }
    }
    if (order === 1) last += difference;
    else {
      last += difference + lastStep;
      // The first number is not a step.
      if (i > 0) lastStep += difference;
    }
    into[i++] = last / scale;
  }
  reader.at = at;
}

/** The smallest of 1, 10, 100, 1000 that makes every value a whole number, exactly; 0 when none does. */
export function scaleOf(values: Float64Array, count: number): number {
  let s = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    // Whole numbers have no −0.
    if (Object.is(value, -0)) return 0;
    for (;;) {
      const scale = scales[s]!;
      const scaled = Math.round(value * scale);
      if (Math.abs(scaled) <= maxWhole && Object.is(scaled / scale, value)) break;
      if (++s === scales.length) return 0;
    }
  }
  return scales[s]!;
}

/** Writes the first `count` values in the smallest form. `scale` is what `scaleOf` says of them. */
export function writeValues(writer: ByteWriter, values: Float64Array, count: number, scale: number): void {
  if (isConstant(values, count)) {
    writer.byte(forms.constant);
    writer.float64(values[0]!);
    return;
  }
  if (scale === 0) {
    writer.byte(forms.xor);
    writeXor(writer, values, count);
    return;
  }
  if (whole.length < count) whole = new Float64Array(count * 2);
  for (let i = 0; i < count; i++) whole[i] = Math.round(values[i]! * scale);
  const start = writer.length;
  const form = forms.scaled + scales.indexOf(scale as 1) * 2;
  smallest(writer, start, [
    () => {
      writer.byte(form);
      writeDifferences(writer, whole, count, 1);
    },
    () => {
      writer.byte(form + 1);
      writeDifferences(writer, whole, count, 2);
    },
    () => {
      // Only numbers that jump far are shorter so; below two bytes a value it is not worth trying.
      if (writer.length - start < count * 2) return;
      writer.byte(forms.xor);
      writeXor(writer, values, count);
    },
  ]);
}

/** Lets each attempt write behind the best one so far, and keeps the shorter. */
function smallest(writer: ByteWriter, start: number, attempts: readonly (() => void)[]): void {
  for (const attempt of attempts) {
    const best = writer.length;
    attempt();
    const size = writer.length - best;
    if (best > start && (size === 0 || size >= best - start)) {
      writer.length = best;
      continue;
    }
    writer.bytes.copyWithin(start, best, writer.length);
    writer.length = start + size;
  }
}

/** Reads `count` values written by `writeValues`. Throws `BytesError` when the bytes are not such. */
export function readValues(reader: ByteReader, into: Float64Array, count: number): void {
  const form = reader.byte();
  if (form === forms.constant) into.fill(reader.float64(), 0, count);
  else if (form === forms.xor) readXor(reader, into, count);
  else if (form < forms.xor) {
    const order = (form - forms.scaled) % 2 === 0 ? 1 : 2;
    readDifferences(reader, into, count, order, scales[(form - forms.scaled) >> 1]);
  } else throw new BytesError(`no such form of values: ${form}`);
}

function isConstant(values: Float64Array, count: number): boolean {
  for (let i = 1; i < count; i++) if (!Object.is(values[i], values[0])) return false;
  return true;
}

const pair = new Float64Array(1);
const pairWords = new Uint32Array(pair.buffer);
const pairBytes = new Uint8Array(pair.buffer);

/** A byte 128 + n for n + 1 equal values, else 8 · (zero bytes above) + (zero bytes below) and the bytes between. */
function writeXor(writer: ByteWriter, values: Float64Array, count: number): void {
  let lastLow = 0;
  let lastHigh = 0;
  let equal = 0;
  for (let i = 0; i < count; i++) {
    pair[0] = values[i]!;
    const low = pairWords[0]!;
    const high = pairWords[1]!;
    const xorLow = (low ^ lastLow) >>> 0;
    const xorHigh = (high ^ lastHigh) >>> 0;
    lastLow = low;
    lastHigh = high;
    if (xorLow === 0 && xorHigh === 0) {
      if (++equal === 128) {
        writer.byte(255);
        equal = 0;
      }
      continue;
    }
    if (equal > 0) writer.byte(127 + equal);
    equal = 0;
    const above = xorHigh !== 0 ? Math.clz32(xorHigh) >> 3 : 4 + (Math.clz32(xorLow) >> 3);
    const below = xorLow !== 0 ? lowZeroBytes(xorLow) : 4 + lowZeroBytes(xorHigh);
    writer.byte(above * 8 + below);
    pairWords[0] = xorLow;
    pairWords[1] = xorHigh;
    for (let b = below; b < 8 - above; b++) writer.byte(pairBytes[b]!);
  }
  if (equal > 0) writer.byte(127 + equal);
}

function readXor(reader: ByteReader, into: Float64Array, count: number): void {
  let low = 0;
  let high = 0;
  for (let i = 0; i < count; ) {
    const control = reader.byte();
    let repeat = 1;
    if (control >= 128) repeat = control - 127;
    else {
      pairWords[0] = 0;
      pairWords[1] = 0;
      const end = 8 - (control >> 3);
      for (let b = control & 7; b < end; b++) pairBytes[b] = reader.byte();
      low = (low ^ pairWords[0]!) >>> 0;
      high = (high ^ pairWords[1]!) >>> 0;
    }
    if (i + repeat > count) throw new BytesError('more values than there should be');
    pairWords[0] = low;
    pairWords[1] = high;
    into.fill(pair[0]!, i, i + repeat);
    i += repeat;
  }
}

function lowZeroBytes(word: number): number {
  return (31 - Math.clz32(word & -word)) >> 3;
}

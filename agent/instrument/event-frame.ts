import { frameHeader, frameKind, mostFrameBytes, noDuration } from '../../workers/contract/wire.ts';
import { type Label, noLabel, type TextArena } from './text-arena.ts';

const mostWords = mostFrameBytes / 4;
/** Longer texts are copied by the runtime, shorter ones are quicker by hand. */
const mostWordsByHand = 24;

/** The records and texts of the frame that is being filled: workers/contract/wire.ts has the format. */
export class EventFrame {
  readonly #arena: TextArena;
  readonly #words = new Uint32Array(mostWords);
  readonly #floats = new Float64Array(this.#words.buffer);
  readonly #bytes = new Uint8Array(this.#words.buffer);
  readonly #texts = new Uint32Array(mostWords);
  #recordEnd: number = frameHeader.LENGTH;
  #textEnd = 0;
  #textCount = 0;
  #epoch = 1;
  #first = 0;
  #refused = 0;
  #baseMs = 0;

  constructor(arena: TextArena) {
    this.#arena = arena;
  }

  get records(): number {
    return (this.#recordEnd - frameHeader.LENGTH) >> 2;
  }

  /** Of the frame as it would be sealed now. */
  get byteLength(): number {
    return evenWords(this.#recordEnd + this.#textEnd) * 4;
  }

  /** Events made before the first of this frame. */
  get first(): number {
    return this.#first;
  }

  /** Counts an event that was given up: it lies between this frame and the next. */
  refuse(): void {
    if (this.records === 0) this.#first++;
    else this.#refused++;
  }

  /**
   * Writes a record, and those of its texts that the frame does not have yet; false, and nothing written, where
   * there is no room. `head` has kind, flags and status in their bits. With a label `d` its number is the third
   * word, else `third` is: a duration in µs, or any other number. A time that has no meaning is now.
   */
  add(head: number, a: Label, b: Label, c: Label, d: Label, third: number, timeMs: number): boolean {
    const at = this.#recordEnd;
    const epoch = this.#epoch;
    let needed = 4;
    if (a.epoch < epoch) needed += a.size;
    if (b.epoch < epoch) needed += b.size;
    if (c.epoch < epoch) needed += c.size;
    if (d.epoch < epoch) needed += d.size;
    if (at + this.#textEnd + needed > mostWords) return false;
    if (at === frameHeader.LENGTH) this.#baseMs = Date.now();
    if (needed > 4) {
      if (a.epoch < epoch) this.#place(a);
      if (b.epoch < epoch) this.#place(b);
      if (c.epoch < epoch) this.#place(c);
      if (d.epoch < epoch) this.#place(d);
    }

    let sinceBase = timeMs - this.#baseMs;
    if (!(sinceBase > -0x8000_0000 && sinceBase < 0x7fff_ffff)) sinceBase = Date.now() - this.#baseMs;
    if (!(third >= 0)) third = noDuration;
    else if (third > noDuration) third = noDuration - 1;
    const words = this.#words;
    words[at] = head | (c.number << 18);
    words[at + 1] = a.number | (b.number << 16);
    words[at + 2] = d === noLabel ? third : d.number;
    words[at + 3] = sinceBase;
    this.#recordEnd = at + 4;
    return true;
  }

  /** The frame, until the next record is added: that begins the next frame in the same memory. */
  seal(): Uint8Array {
    const { records, byteLength } = this;
    const words = this.#words;
    words[frameHeader.BYTES] = byteLength;
    words[frameHeader.KIND] = frameKind.EVENTS;
    words[frameHeader.RECORDS] = records;
    words[frameHeader.TEXTS] = this.#textCount;
    this.#floats[frameHeader.FIRST / 2] = this.#first;
    this.#floats[frameHeader.BASE_MS / 2] = this.#baseMs;
    const end = this.#recordEnd + this.#textEnd;
    words.set(this.#texts.subarray(0, this.#textEnd), this.#recordEnd);
    if (end * 4 < byteLength) words[end] = 0;

    this.#first += records + this.#refused;
    this.#refused = 0;
    this.#recordEnd = frameHeader.LENGTH;
    this.#textEnd = 0;
    this.#textCount = 0;
    this.#epoch++;
    return this.#bytes.subarray(0, byteLength);
  }

  #place(label: Label): void {
    const { at, size } = label;
    const from = this.#arena.words;
    const to = this.#texts;
    const end = this.#textEnd;
    if (size > mostWordsByHand) to.set(from.subarray(at, at + size), end);
    else for (let i = 0; i < size; i++) to[end + i] = from[at + i]!;
    this.#textEnd = end + size;
    label.epoch = this.#epoch;
    label.number = ++this.#textCount;
  }
}

/** A frame's length is a multiple of 8 bytes. */
function evenWords(words: number): number {
  return (words + 1) & ~1;
}

import {
  frameHeader,
  frameKind,
  mostFrameBytes,
  mostTextBytes,
  recordKind,
  recordWords,
  runtimeField,
} from '../contract/wire.ts';

const headerWords = frameHeader.BYTES_LENGTH / 4;
const recordBytes = recordWords * 4;
const mostTexts = mostFrameBytes / 4;

/**
 * Looks at one frame of a batch after the other, where they lie. `enter` and `check` together check a frame whole,
 * before anything of it is used; nothing is allocated but the texts that are asked for, each once a frame.
 */
export class FrameView {
  /** The batch as words; `firstWord` is the first record's first. */
  words: Uint32Array = new Uint32Array(0);
  firstWord = 0;
  kind = 0;
  records = 0;
  texts = 0;
  instance = 0;
  baseMs = 0;
  /** Sum of the `reportedPart` bits of the records. `check` finds this and the two that follow. */
  parts = 0;
  httpRecords = 0;
  dbRecords = 0;
  #floats: Float64Array = new Float64Array(0);
  #bytes: Buffer = Buffer.alloc(0);
  readonly #counts = new Int32Array(16);
  readonly #textAt = new Int32Array(mostTexts + 1);
  readonly #textLength = new Int32Array(mostTexts + 1);
  readonly #strings: (string | undefined)[] = [''];

  /** `bytes` are a batch; copied when they do not begin at a multiple of 8. */
  open(bytes: Uint8Array): void {
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
    const { buffer, byteOffset, length } = aligned;
    this.words = new Uint32Array(buffer, byteOffset, length >>> 2);
    this.#floats = new Float64Array(buffer, byteOffset, length >>> 3);
    this.#bytes = Buffer.from(buffer, byteOffset, length);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Bytes of the frame that begins at `at`, or 0 when there is no telling where it ends. */
  frameBytes(at: number): number {
    if (at + frameHeader.BYTES_LENGTH > this.length) return 0;
    const bytes = this.words[at >>> 2]!;
    const fits = bytes >= frameHeader.BYTES_LENGTH && bytes <= mostFrameBytes && bytes % 8 === 0;
    return fits && at + bytes <= this.length ? bytes : 0;
  }

  /** Goes to the frame of `frameBytes` at `at`; gives what is wrong with it but for its records, in words, or ''. */
  enter(at: number, frameBytes: number): string {
    const word = at >>> 2;
    this.kind = this.words[word + frameHeader.KIND]!;
    this.records = this.words[word + frameHeader.RECORDS]!;
    this.texts = this.words[word + frameHeader.TEXTS]!;
    this.instance = this.words[word + frameHeader.INSTANCE]!;
    this.baseMs = this.#floats[(word + frameHeader.BASE_MS) >>> 1]!;
    this.firstWord = word + headerWords;
    if (this.kind === frameKind.RUNTIME) {
      const body = frameBytes - frameHeader.BYTES_LENGTH;
      return body === runtimeField.LENGTH * 8 ? '' : `a runtime frame with a body of ${body} bytes`;
    }
    if (this.kind !== frameKind.EVENTS) return `a frame of kind ${this.kind}`;
    const room = frameBytes - frameHeader.BYTES_LENGTH;
    if (this.records * recordBytes > room) return `no room for ${this.records} records`;
    if (!Number.isFinite(this.baseMs)) return 'a time that is not a number';
    return this.#findTexts(at, at + frameBytes);
  }

  /** What is wrong with the records of the frame, in words, or ''; counts them by kind. */
  check(): string {
    const { words, texts } = this;
    const counts = this.#counts.fill(0);
    // Negative as soon as a record names a text that is not there.
    let texted = 0;
    const end = this.firstWord + this.records * recordWords;
    for (let at = this.firstWord; at < end; at += recordWords) {
      const head = words[at]!;
      const names = words[at + 1]!;
      counts[head & 15]!++;
      texted |= (texts - (names & 0xffff)) | (texts - (names >>> 16)) | (texts - (head >>> 18));
      if ((head & 15) === recordKind.ERROR && words[at + 2]! > texts) texted = -1;
    }
    this.parts = 0;
    for (let kind = 0; kind < counts.length; kind++) {
      if (counts[kind] === 0) continue;
      if (kind < recordKind.HTTP || kind > recordKind.USER) return `a record of kind ${kind}`;
      this.parts |= 1 << (kind - 1);
    }
    this.httpRecords = counts[recordKind.HTTP]!;
    this.dbRecords = counts[recordKind.DB]!;
    return texted < 0 ? 'a text that is not there' : '';
  }

  /** Field of a runtime frame. */
  runtime(field: number): number {
    return this.#floats[(this.firstWord >>> 1) + field]!;
  }

  /** Text of the frame by its number; '' for 0. */
  text(number: number): string {
    const known = this.#strings[number];
    if (known !== undefined) return known;
    const from = this.#textAt[number]!;
    const text = this.#bytes.toString('utf8', from, from + this.#textLength[number]!);
    this.#strings[number] = text;
    return text;
  }

  #findTexts(at: number, end: number): string {
    if (this.texts > mostTexts) return `${this.texts} texts`;
    this.#strings.length = 1;
    let from = at + frameHeader.BYTES_LENGTH + this.records * recordBytes;
    for (let number = 1; number <= this.texts; number++) {
      if (from + 4 > end) return `text ${number} of ${this.texts} is missing`;
      const length = this.words[from >>> 2]!;
      if (length > mostTextBytes || from + 4 + length > end) return `text ${number} has ${length} bytes`;
      this.#textAt[number] = from + 4;
      this.#textLength[number] = length;
      this.#strings[number] = undefined;
      from += 4 + ((length + 3) & ~3);
    }
    return end - from < 8 && from <= end ? '' : `${end - from} bytes too many`;
  }
}

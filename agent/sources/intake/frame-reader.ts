import { frameHeader, frameKind, mostFrameBytes, recordWords } from '../../../workers/contract/wire.ts';
import { mostHelloBytes } from './hello.ts';

const headerBytes = frameHeader.BYTES_LENGTH;
const recordBytes = recordWords * 4;
const none = Buffer.alloc(0);
const place = {
  bytes: frameHeader.BYTES * 4,
  kind: frameHeader.KIND * 4,
  records: frameHeader.RECORDS * 4,
  first: frameHeader.FIRST * 4,
} as const;

/**
 * A whole frame after the first, in two pieces: the bytes of `head` up to `headEnd`, then those of `tail` from
 * `tailStart` to `tailEnd`. Only lent: the same object comes with the next one.
 */
export interface Frame {
  head: Uint8Array;
  headEnd: number;
  tail: Uint8Array;
  tailStart: number;
  tailEnd: number;
  /** FIRST and RECORDS of its header. */
  first: number;
  records: number;
}

export interface FrameTaker {
  /** The first frame of the stream; gives what is wrong with it, '' when nothing is. */
  hello(body: Uint8Array): string;
  frame(frame: Frame): void;
}

/**
 * Cuts the bytes of one stream into frames. Only headers are looked at: a frame costs the same however many records
 * it has. What a frame cut in two has so far is held: at most one frame.
 */
export class FrameReader {
  readonly #taker: FrameTaker;
  #held = none;
  #heldBytes = 0;
  #greeted = false;
  readonly #frame: Frame = {
    head: none,
    headEnd: 0,
    tail: none,
    tailStart: 0,
    tailEnd: 0,
    first: 0,
    records: 0,
  };

  constructor(taker: FrameTaker) {
    this.#taker = taker;
  }

  /** Takes the next bytes of the stream. Gives what is wrong with them, '' when nothing is; after that, no more. */
  push(chunk: Buffer): string {
    let at = 0;
    if (this.#heldBytes > 0) {
      at = this.#fillHeader(chunk);
      if (this.#heldBytes < headerBytes) return '';
      const problem = this.#checkHeader(this.#held, 0);
      if (problem !== '') {
        this.#heldBytes = 0;
        return problem;
      }
      const missing = this.#held.readUInt32LE(place.bytes) - this.#heldBytes;
      if (chunk.length - at < missing) {
        this.#hold(chunk, at);
        return '';
      }
      const heldBytes = this.#heldBytes;
      this.#heldBytes = 0;
      const refused = this.#take(this.#held, heldBytes, chunk, at, at + missing);
      if (refused !== '') return refused;
      at += missing;
    }
    while (chunk.length - at >= headerBytes) {
      const problem = this.#checkHeader(chunk, at);
      if (problem !== '') return problem;
      const end = at + chunk.readUInt32LE(at + place.bytes);
      if (end > chunk.length) break;
      const refused = this.#take(chunk, 0, chunk, at, end);
      if (refused !== '') return refused;
      at = end;
    }
    if (at < chunk.length) this.#hold(chunk, at);
    return '';
  }

  /**
   * Of an events frame that began, is not known to be wrong, and has not come to its end: how many events there were
   * up to its own end.
   */
  cutAt(): number | undefined {
    if (this.#heldBytes < headerBytes || this.#held.readUInt32LE(place.kind) !== frameKind.EVENTS)
      return undefined;
    return this.#held.readDoubleLE(place.first) + this.#held.readUInt32LE(place.records);
  }

  #take(head: Buffer, headEnd: number, tail: Buffer, tailStart: number, tailEnd: number): string {
    if (!this.#greeted) {
      this.#greeted = true;
      const hello = Buffer.concat([head.subarray(0, headEnd), tail.subarray(tailStart, tailEnd)]);
      return this.#taker.hello(hello.subarray(headerBytes));
    }
    const header = headEnd > 0 ? head : tail;
    const at = headEnd > 0 ? 0 : tailStart;
    const frame = this.#frame;
    frame.head = head;
    frame.headEnd = headEnd;
    frame.tail = tail;
    frame.tailStart = tailStart;
    frame.tailEnd = tailEnd;
    frame.first = header.readDoubleLE(at + place.first);
    frame.records = header.readUInt32LE(at + place.records);
    this.#taker.frame(frame);
    return '';
  }

  /** What is wrong with a header, '' when nothing is. */
  #checkHeader(buffer: Buffer, at: number): string {
    const bytes = buffer.readUInt32LE(at + place.bytes);
    if (bytes < headerBytes || bytes > mostFrameBytes || bytes % 8 !== 0) {
      return `a frame of ${bytes} bytes; it takes ${headerBytes} to ${mostFrameBytes} and a multiple of 8`;
    }
    const kind = buffer.readUInt32LE(at + place.kind);
    const records = buffer.readUInt32LE(at + place.records);
    if (!this.#greeted) {
      if (kind !== frameKind.HELLO) return 'its first frame is no hello';
      return bytes - headerBytes > mostHelloBytes ? `a hello of ${bytes} bytes` : '';
    }
    if (kind !== frameKind.EVENTS && kind !== frameKind.RUNTIME) return `a frame of kind ${kind}`;
    if (kind === frameKind.RUNTIME ? records !== 0 : records * recordBytes + headerBytes > bytes) {
      return `${records} records in a frame of kind ${kind} and ${bytes} bytes`;
    }
    const first = buffer.readDoubleLE(at + place.first);
    return Number.isSafeInteger(first) && first >= 0 ? '' : 'a frame that does not say where it begins';
  }

  /** Completes the header of what is held, as far as the chunk goes; gives how much of the chunk that took. */
  #fillHeader(chunk: Buffer): number {
    if (this.#heldBytes >= headerBytes) return 0;
    const copied = chunk.copy(this.#held, this.#heldBytes, 0, headerBytes - this.#heldBytes);
    this.#heldBytes += copied;
    return copied;
  }

  /** Keeps the rest of a chunk: the beginning of a frame, or more of the one that is held. */
  #hold(chunk: Buffer, at: number): void {
    const wanted = this.#heldBytes + chunk.length - at;
    if (this.#held.length < Math.max(wanted, headerBytes)) this.#grow(wanted);
    chunk.copy(this.#held, this.#heldBytes, at);
    this.#heldBytes = wanted;
  }

  #grow(wanted: number): void {
    const larger = Buffer.allocUnsafeSlow(
      Math.min(mostFrameBytes, Math.max(64, 2 ** Math.ceil(Math.log2(wanted)))),
    );
    this.#held.copy(larger, 0, 0, this.#heldBytes);
    this.#held = larger;
  }
}

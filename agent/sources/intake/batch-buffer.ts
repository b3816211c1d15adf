import { frameHeader } from '../../../workers/contract/wire.ts';
import type { Frame } from './frame-reader.ts';

/** So many bytes of frames may be in one; what is not written costs no memory. */
export const mostBatchBytes = 4 << 20;

/** Memory that came back and is kept for the next ones. */
const mostFree = 2;

type SharedBytes = Uint8Array<SharedArrayBuffer>;

/**
 * Whole frames one behind the other, in memory that the worker reads where it is: moving it there and making new one
 * each time would cost more than all else that the main loop does with a frame.
 */
export class BatchBuffer {
  /** Of the frames in it. */
  bytes = 0;
  records = 0;
  #buffer: SharedBytes | undefined;
  #words: Uint32Array<SharedArrayBuffer> = new Uint32Array(new SharedArrayBuffer(0));
  readonly #free: SharedBytes[] = [];

  /**
   * Copies a frame in, which may lie in two pieces, and puts the number of its instance into its header. The caller sees
   * to it that it has room.
   */
  append({ head, headEnd, tail, tailStart, tailEnd, records }: Frame, instance: number): void {
    const buffer = this.#use();
    const at = this.bytes;
    if (headEnd > 0) buffer.set(head.subarray(0, headEnd), at);
    buffer.set(tail.subarray(tailStart, tailEnd), at + headEnd);
    this.#words[at / 4 + frameHeader.INSTANCE] = instance;
    this.bytes = at + headEnd + tailEnd - tailStart;
    this.records += records;
  }

  /** Moves all frames of another one in, under other numbers; the caller sees to it that they have room. */
  appendAll(other: BatchBuffer, numberOf: (number: number) => number): void {
    if (other.bytes === 0) return;
    const { records } = other;
    const taken = other.take();
    const words = new Uint32Array(taken.buffer, 0, taken.length / 4);
    for (let at = 0; at < words.length; at += words[at + frameHeader.BYTES]! / 4) {
      words[at + frameHeader.INSTANCE] = numberOf(words[at + frameHeader.INSTANCE]!);
    }
    this.#use().set(taken, this.bytes);
    this.bytes += taken.length;
    this.records += records;
    other.giveBack(taken);
  }

  /** Gives the frames away, until they are given back. */
  take(): Uint8Array {
    const taken = this.bytes === 0 ? new Uint8Array(0) : this.#use().subarray(0, this.bytes);
    if (this.bytes > 0) this.#buffer = undefined;
    this.bytes = 0;
    this.records = 0;
    return taken;
  }

  /** Nobody reads what was taken any more. */
  giveBack(taken: Uint8Array): void {
    const { buffer } = taken;
    if (!(buffer instanceof SharedArrayBuffer) || this.#free.length >= mostFree) return;
    this.#free.push(new Uint8Array(buffer));
  }

  #use(): SharedBytes {
    if (!this.#buffer) {
      this.#buffer = this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(mostBatchBytes));
      this.#words = new Uint32Array(this.#buffer.buffer);
    }
    return this.#buffer;
  }
}

import { frameHeader } from '../../../workers/contract/wire.ts';
import type { Frame } from './frame-reader.ts';

const leastBytes = 65_536;

/**
 * Whole frames one behind the other, in memory that is given away with them. It begins as large as the last one
 * became, half as large when that stayed under a quarter.
 */
export class BatchBuffer {
  /** Of the frames in it. */
  bytes = 0;
  records = 0;
  #begin = leastBytes;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #words: Uint32Array<ArrayBuffer> = new Uint32Array(0);

  /** Copies a frame in, which may lie in two pieces, and puts the number of its instance into its header. */
  append({ head, headEnd, tail, tailStart, tailEnd, records }: Frame, instance: number): void {
    const at = this.bytes;
    const end = at + headEnd + tailEnd - tailStart;
    if (end > this.#buffer.length) this.#grow(end);
    if (headEnd > 0) this.#buffer.set(head.subarray(0, headEnd), at);
    this.#buffer.set(tail.subarray(tailStart, tailEnd), at + headEnd);
    this.#words[at / 4 + frameHeader.INSTANCE] = instance;
    this.bytes = end;
    this.records += records;
  }

  /** Moves all frames of another one in, under other numbers. */
  appendAll(other: BatchBuffer, numberOf: (number: number) => number): void {
    const { records } = other;
    const bytes = other.take();
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    for (let at = 0; at < words.length; at += words[at + frameHeader.BYTES]! / 4) {
      words[at + frameHeader.INSTANCE] = numberOf(words[at + frameHeader.INSTANCE]!);
    }
    const end = this.bytes + bytes.length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.set(bytes, this.bytes);
    this.bytes = end;
    this.records += records;
  }

  /** Gives the frames away; their buffer is the caller's. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.bytes);
    if (this.bytes > 0)
      this.#begin = this.bytes < this.#buffer.length / 4 ? this.#buffer.length / 2 : this.#buffer.length;
    this.#buffer = new Uint8Array(0);
    this.#words = new Uint32Array(0);
    this.bytes = 0;
    this.records = 0;
    return taken;
  }

  #grow(wanted: number): void {
    let size = Math.max(leastBytes, this.#buffer.length * 2 || this.#begin);
    while (size < wanted) size *= 2;
    // Not cleared, which would cost as much as filling it; nothing behind `bytes` is ever read.
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.#buffer.subarray(0, this.bytes));
    this.#buffer = larger;
    this.#words = new Uint32Array(larger.buffer);
  }
}

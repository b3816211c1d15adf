import { frameHeader } from '../../../workers/contract/wire.ts';
import type { Frame } from './frame-reader.ts';

/** So many bytes of frames may be in one; what is not written costs no memory. */
export const mostBatchBytes = 8 << 20;

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
   * Copies a frame in, which may lie in two pieces, and puts the number of its instance into its header. False when it
   * has no room.
   */
  append({ head, headEnd, tail, tailStart, tailEnd, records }: Frame, instance: number): boolean {
    const at = this.bytes;
    const end = at + headEnd + tailEnd - tailStart;
    if (end > mostBatchBytes) return false;
    const buffer = this.#use();
    if (headEnd > 0) buffer.set(head.subarray(0, headEnd), at);
    buffer.set(tail.subarray(tailStart, tailEnd), at + headEnd);
    this.#words[at / 4 + frameHeader.INSTANCE] = instance;
    this.bytes = end;
    this.records += records;
    return true;
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

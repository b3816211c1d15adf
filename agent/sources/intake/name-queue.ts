import type { Frame } from './frame-reader.ts';
import type { Member } from './instances.ts';

/** Who has so many bytes here has to wait with sending more. */
const pauseMemberBytes = 256 * 1024;
/** When all together have so many, each of them has to. */
const pauseAllBytes = 2 << 20;
/**
 * No more is taken. Those who come while all have to wait bring a few KB each with their hello, for which there is
 * room: only one that connects anew over and over gets here.
 */
export const mostQueuedBytes = 4 << 20;

const none = new Uint8Array(0);

interface Entry {
  /** Monotonic milliseconds. */
  readonly untilMs: number;
  readonly frames: Frame[];
  bytes: number;
}

/** Instances that wait for the configured name of their process, each with the frames that it sent meanwhile. */
export class NameQueue {
  /** Of the frames in it. */
  records = 0;
  #bytes = 0;
  readonly #entries = new Map<Member, Entry>();

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  has(member: Member): boolean {
    return this.#entries.has(member);
  }

  /** Begins to wait; who waits already keeps its time. */
  add(member: Member, untilMs: number): void {
    if (!this.#entries.has(member)) this.#entries.set(member, { untilMs, frames: [], bytes: 0 });
  }

  /** Copies a frame of one who waits; false when it has no room. */
  append(frame: Frame, member: Member): boolean {
    const { head, headEnd, tail, tailStart, tailEnd, first, records } = frame;
    const length = headEnd + tailEnd - tailStart;
    const entry = this.#entries.get(member)!;
    if (this.#bytes + length > mostQueuedBytes) return false;
    const copy = new Uint8Array(length);
    copy.set(head.subarray(0, headEnd));
    copy.set(tail.subarray(tailStart, tailEnd), headEnd);
    entry.frames.push({ head: none, headEnd: 0, tail: copy, tailStart: 0, tailEnd: length, first, records });
    entry.bytes += length;
    this.#bytes += length;
    this.records += records;
    return true;
  }

  /** Whether this one waits for its name and may send nothing more until it has it. */
  isFull(member: Member): boolean {
    const entry = this.#entries.get(member);
    return entry !== undefined && (entry.bytes >= pauseMemberBytes || this.#bytes >= pauseAllBytes);
  }

  /** Lets those go who have their name, went, or have waited long enough; everyone when `all`. */
  *leaving(nowMs: number, all: boolean): Generator<readonly [Member, readonly Frame[]]> {
    for (const [member, { untilMs, frames, bytes }] of this.#entries) {
      if (!all && !member.isConfigured && member.line !== null && nowMs < untilMs) continue;
      this.#entries.delete(member);
      this.#bytes -= bytes;
      for (const { records } of frames) this.records -= records;
      yield [member, frames];
    }
  }
}

const bits = 13;
const slots = 1 << bits;

/**
 * How often the same three words came in one frame: an error or a user that comes a thousand times is told once. A
 * frame has at most 4,093 records, so that half of the slots stay free. Nothing is allocated while it counts.
 */
export class RecordTally {
  /** Slots in use, in the order in which they came. */
  readonly used = new Int32Array(slots);
  size = 0;
  readonly first = new Uint32Array(slots);
  readonly second = new Uint32Array(slots);
  readonly third = new Uint32Array(slots);
  /** 0: the slot is free. */
  readonly counts = new Uint32Array(slots);
  /** Time of the newest one, ms from the base of the frame. */
  readonly offsetsMs = new Int32Array(slots);

  add(first: number, second: number, third: number, offsetMs: number): void {
    const hash = Math.imul(Math.imul(first ^ second, 0x9e3779b1) ^ second ^ third, 0x85ebca6b);
    let slot = hash >>> (32 - bits);
    while (this.counts[slot] !== 0) {
      if (this.first[slot] === first && this.second[slot] === second && this.third[slot] === third) {
        this.counts[slot]!++;
        if (offsetMs > this.offsetsMs[slot]!) this.offsetsMs[slot] = offsetMs;
        return;
      }
      slot = (slot + 1) & (slots - 1);
    }
    this.counts[slot] = 1;
    this.first[slot] = first;
    this.second[slot] = second;
    this.third[slot] = third;
    this.offsetsMs[slot] = offsetMs;
    this.used[this.size++] = slot;
  }

  clear(): void {
    for (let i = 0; i < this.size; i++) this.counts[this.used[i]!] = 0;
    this.size = 0;
  }
}

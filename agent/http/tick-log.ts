/** What was sent of the last ticks, so that a viewer who was away for a moment misses nothing. */

interface Entry {
  readonly timeMs: number;
  readonly event: Buffer;
}

/** A quarter of an hour at the usual interval. */
export const mostTicks = 450;
/** A snapshot of a thousand queues has 200 KB. */
const mostBytes = 4 * 1024 * 1024;

/** The newest ticks, numbered from 0 in the order in which they came; at most 450 of them and 4 MB. */
export class TickLog {
  #entries: Entry[] = [];
  #first = 0;
  #bytes = 0;

  /** Number of the oldest one that is here; `end` when there is none. */
  get first(): number {
    return this.#first;
  }

  /** Number of the one that comes next. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  get newest(): Entry | undefined {
    return this.#entries.at(-1);
  }

  at(number: number): Entry | undefined {
    return this.#entries[number - this.#first];
  }

  add(timeMs: number, event: Buffer): void {
    this.#entries.push({ timeMs, event });
    this.#bytes += event.length;
    while (this.#entries.length > 1 && (this.#entries.length > mostTicks || this.#bytes > mostBytes)) {
      this.#bytes -= this.#entries.shift()!.event.length;
      this.#first++;
    }
  }

  clear(): void {
    this.#first = this.end;
    this.#entries = [];
    this.#bytes = 0;
  }

  /**
   * Number of the tick behind the one at `timeMs`. `isMissing`: that one is not here, and neither is, perhaps, what
   * came between; after the clock went back nobody can tell.
   */
  after(timeMs: number): { readonly number: number; readonly isMissing: boolean } {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      if (this.#entries[i]!.timeMs === timeMs) return { number: this.#first + i + 1, isMissing: false };
    }
    return { number: this.#first, isMissing: true };
  }
}

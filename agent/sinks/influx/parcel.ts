import type { RefusedLine } from '../../../workers/contract/tasks.ts';

/** Some lines of a parcel, to be sent in one request. */
export interface Load {
  readonly text: string;
  readonly lines: number;
}

/**
 * The lines of one batch on their way: which still have to be sent, oldest first, and which were refused.
 *
 * Splitting halves the front load and sends both halves, so one bad line in n costs 1 + 2 × ceil(log2 n) requests at
 * most: 27 in 5,000. The server's words are always about the lines that were just sent. What is known stays known
 * when a request in between fails.
 */
export class Parcel {
  readonly #text: string;
  readonly #count: number;
  #lines: readonly string[] | undefined;
  /** Line indexes still to be sent; the last list is the front. */
  readonly #waiting: (readonly number[])[];
  readonly #refused = new Map<number, string>();

  /** `text`: `lines` lines, each with its line break. */
  constructor(text: string, lines: number) {
    this.#text = text;
    this.#count = lines;
    this.#waiting = lines === 0 ? [] : [Array.from({ length: lines }, (_, i) => i)];
  }

  /** The load to send now, of at most `maxLines` lines; undefined when nothing is left. */
  front(maxLines: number): Load | undefined {
    let front = this.#waiting.at(-1);
    while (front && front.length > Math.max(1, maxLines)) {
      this.split();
      front = this.#waiting.at(-1);
    }
    if (!front) return undefined;
    const isWhole = front.length === this.#count;
    return { text: isWhole ? this.#text : this.#textOf(front), lines: front.length };
  }

  /** The front load was written. */
  delivered(): void {
    this.#waiting.pop();
  }

  /** Of the front load these were refused, by index in it; the others were written, or are sent again. */
  partlyRefused(refused: ReadonlyMap<number, string>, others: 'written' | 'again'): void {
    const front = this.#waiting.pop() ?? [];
    for (const [position, reason] of refused) this.#refused.set(front[position]!, reason);
    const rest = front.filter((_, position) => !refused.has(position));
    if (others === 'again' && rest.length > 0) this.#waiting.push(rest);
  }

  /** Every line of the front load was refused. */
  refused(reason: string): void {
    for (const i of this.#waiting.pop() ?? []) this.#refused.set(i, reason);
  }

  /** Halves the front load, which has at least two lines. */
  split(): void {
    const front = this.#waiting.pop() ?? [];
    const half = Math.ceil(front.length / 2);
    this.#waiting.push(front.slice(half), front.slice(0, half));
  }

  /** Indexes of the lines still to be sent. */
  waiting(): ReadonlySet<number> {
    return new Set(this.#waiting.flat());
  }

  /** Refused lines by index, oldest first, without line breaks. */
  refusals(): ReadonlyMap<number, RefusedLine> {
    const all = this.#refused.size === 0 ? [] : this.#allLines();
    const inOrder = [...this.#refused].sort(([a], [b]) => a - b);
    return new Map(inOrder.map(([i, reason]) => [i, { line: all[i]!, reason }]));
  }

  #textOf(indexes: readonly number[]): string {
    const all = this.#allLines();
    return indexes.map((i) => `${all[i]}\n`).join('');
  }

  #allLines(): readonly string[] {
    this.#lines ??= this.#text.slice(0, -1).split('\n');
    return this.#lines;
  }
}

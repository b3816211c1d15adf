import type { TopEntry } from '../contract/events.ts';
import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';

/**
 * The most frequent names of a stream in bounded memory: Space-Saving of Metwally, Agrawal, El Abbadi, "Efficient
 * computation of frequent and top-k elements in data streams" (2005). When there is no room a new name takes the
 * place of the rarest one and its count, which is the most by which its own is then too high. No count is too low,
 * and every name of more than total / capacity is there. A binary heap with the rarest on top: O(log capacity).
 */
export class TopList {
  readonly #capacity: number;
  /** Names, counts and overs lie in slots; the heap orders the slots. */
  readonly #slotOf = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #counts: Float64Array;
  readonly #overs: Float64Array;
  readonly #heap: Uint16Array;
  readonly #placeOf: Uint16Array;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#counts = new Float64Array(capacity);
    this.#overs = new Float64Array(capacity);
    this.#heap = new Uint16Array(capacity);
    this.#placeOf = new Uint16Array(capacity);
  }

  get size(): number {
    return this.#names.length;
  }

  /** The most that a name which is not there may have had. */
  get floor(): number {
    return this.size < this.#capacity ? 0 : this.#counts[this.#heap[0]!]!;
  }

  /** `over` is the most by which `count` is too high. */
  add(name: string, count: number, over = 0): void {
    const known = this.#slotOf.get(name);
    if (known !== undefined) {
      this.#counts[known]! += count;
      this.#overs[known]! += over;
      this.#sink(known, this.#placeOf[known]!);
    } else if (this.size < this.#capacity) {
      const slot = this.#names.push(name) - 1;
      this.#fill(slot, name, count, over);
      this.#rise(slot, slot);
    } else {
      const slot = this.#heap[0]!;
      const rarest = this.#counts[slot]!;
      this.#slotOf.delete(this.#names[slot]!);
      this.#fill(slot, name, rarest + count, rarest + over);
      this.#sink(slot, 0);
    }
  }

  #fill(slot: number, name: string, count: number, over: number): void {
    this.#names[slot] = name;
    this.#counts[slot] = count;
    this.#overs[slot] = over;
    this.#slotOf.set(name, slot);
  }

  #place(slot: number, place: number): void {
    this.#heap[place] = slot;
    this.#placeOf[slot] = place;
  }

  #rise(slot: number, from: number): void {
    const count = this.#counts[slot]!;
    let place = from;
    while (place > 0) {
      const above = this.#heap[(place - 1) >> 1]!;
      if (this.#counts[above]! <= count) break;
      this.#place(above, place);
      place = (place - 1) >> 1;
    }
    this.#place(slot, place);
  }

  #sink(slot: number, from: number): void {
    const count = this.#counts[slot]!;
    let place = from;
    for (let below = 2 * place + 1; below < this.size; below = 2 * place + 1) {
      const right = below + 1;
      if (right < this.size && this.#countAt(right) < this.#countAt(below)) below = right;
      if (this.#countAt(below) >= count) break;
      this.#place(this.#heap[below]!, place);
      place = below;
    }
    this.#place(slot, place);
  }

  #countAt(place: number): number {
    return this.#counts[this.#heap[place]!]!;
  }

  /** The most frequent first; names of equal counts in the order of their letters. */
  entries(): TopEntry[] {
    return this.#names
      .map((name, i) => ({ name, count: this.#counts[i]!, over: this.#overs[i]! }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }

  /**
   * The `capacity` most frequent names as a list of its own. What it lacks had no more than its rarest, as in every
   * list.
   */
  cut(capacity: number): TopList {
    const list = new TopList(capacity);
    for (const { name, count, over } of this.entries().slice(0, capacity)) list.add(name, count, over);
    return list;
  }

  /** Capacity, number of names, then of each its text, count and over. */
  write(writer: ByteWriter): void {
    writer.varint(this.#capacity);
    writer.varint(this.size);
    for (const [i, name] of this.#names.entries()) {
      writeText(writer, name);
      writer.varint(this.#counts[i]!);
      writer.varint(this.#overs[i]!);
    }
  }

  /** Reads what `write` wrote. Throws `BytesError` when the bytes end, RangeError when they hold something else. */
  static read(reader: ByteReader, mostCapacity: number): TopList {
    const capacity = reader.varint();
    const size = reader.varint();
    if (capacity > mostCapacity || size > capacity) throw new RangeError('more names than there is room for');
    const list = new TopList(capacity);
    for (let i = 0; i < size; i++) list.add(readText(reader), reader.varint(), reader.varint());
    return list;
  }
}

/**
 * The top of several lists together, the most frequent first. A name that a full list lacks may have had as many as
 * the rarest of that list: it is counted so, and in `over`. After Agarwal et al., "Mergeable summaries" (2012).
 */
export function mergeTopLists(lists: readonly TopList[], limit: number): TopEntry[] {
  const sums = new Map<string, { name: string; count: number; over: number }>();
  let floors = 0;
  for (const list of lists) {
    const { floor } = list;
    for (const { name, count, over } of list.entries()) {
      const sum = sums.get(name);
      // What the list adds beyond the floor that every name gets in the end.
      if (sum) {
        sum.count += count - floor;
        sum.over += over - floor;
      } else sums.set(name, { name, count: count - floor, over: over - floor });
    }
    floors += floor;
  }
  return [...sums.values()]
    .map(({ name, count, over }) => ({ name, count: count + floors, over: over + floors }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, limit);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Length in bytes, then UTF-8. */
export function writeText(writer: ByteWriter, text: string): void {
  const bytes = encoder.encode(text);
  writer.varint(bytes.length);
  writer.append(bytes);
}

export function readText(reader: ByteReader): string {
  return decoder.decode(reader.take(reader.varint()));
}

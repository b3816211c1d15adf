import type { TopEntry } from '../contract/events.ts';
import type { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { mergeTopLists, TopList } from './top-list.ts';

const hourMs = 3_600_000;
const hours = 24;
/** Twice as many as a day has: a clock that jumps back makes several of one hour. */
const mostLists = 48;
/** Names of the hour that runs: many, so that the frequent ones are told well from the others. */
const mostNames = 500;
/** Names that are kept of an hour that is over. */
const keptNames = 100;

interface HourList {
  /** Number of the hour since 1970. */
  hour: number;
  list: TopList;
}

/**
 * The most frequent names of the last 24 hours: the hour that runs and the 23 before it, each a list of its own, so
 * that nothing older than 24 hours is counted.
 */
export class TopHours {
  /** In the order of their hours. */
  readonly #lists: HourList[] = [];

  add(name: string, count: number, timeMs: number): void {
    const hour = Math.floor(timeMs / hourMs);
    let newest = this.#lists.at(-1);
    // What is late, or came after the clock jumped back, is of the newest hour.
    if (!newest || hour > newest.hour) newest = this.#begin(hour);
    newest.list.add(name, count);
  }

  #begin(hour: number): HourList {
    const last = this.#lists.at(-1);
    if (last && last.list.size > keptNames) last.list = last.list.cut(keptNames);
    const begun = { hour, list: new TopList(mostNames) };
    this.#lists.push(begun);
    this.#forget(hour);
    return begun;
  }

  #forget(now: number): void {
    while (this.#lists.length > 0 && (this.#lists[0]!.hour <= now - hours || this.#lists.length > mostLists))
      this.#lists.shift();
  }

  /** The `limit` most frequent first. What was later than `nowMs`, before the clock jumped back, becomes of now. */
  top(nowMs: number, limit: number): TopEntry[] {
    const now = Math.floor(nowMs / hourMs);
    for (const list of this.#lists) list.hour = Math.min(list.hour, now);
    this.#forget(now);
    return mergeTopLists(
      this.#lists.map(({ list }) => list),
      limit,
    );
  }

  /** Number of lists, then of each its hour and names. */
  write(writer: ByteWriter): void {
    writer.varint(this.#lists.length);
    for (const { hour, list } of this.#lists) {
      writer.signed(hour);
      list.write(writer);
    }
  }

  /** Reads what `write` wrote. Throws as `TopList.read`. */
  static read(reader: ByteReader): TopHours {
    const top = new TopHours();
    for (let lists = reader.varint(); lists > 0; lists--) {
      top.#lists.push({ hour: reader.signed(), list: TopList.read(reader, mostNames) });
      if (lists > mostLists) throw new RangeError('more lists than there is room for');
    }
    return top;
  }
}

import { noDuration, recordFlag, recordKind, recordWords } from '../contract/wire.ts';
import type { CurrentTick } from './current-tick.ts';
import type { FrameView } from './frame-view.ts';
import { cutError, cutQuery, type RecentEvents } from './recent-events.ts';
import { RecordTally } from './record-tally.ts';
import { type SeriesDirectory, seriesSlots, slotOf } from './series-directory.ts';
import { cleanLabel, isOtherSeries, statusClassOf } from './series-name.ts';
import type { UserKey } from './user-key.ts';

/** How far from its arrival an event may say that it was: one day. */
const farthestMs = 86_400_000;
const untimedBit = recordFlag.UNTIMED << 4;

/** Bits of `meanings`. */
const meaning = {
  /** Of `slotOf`. */
  SLOT: 15,
  /** By its status. */
  FAILED: 16,
  /** By its flag. */
  MAY_FAIL: 32,
  /** `b` is a user. */
  HAS_USER: 64,
  /** Not counted as an event. */
  TALLIED: 128,
} as const;

/** What kind and status of a record mean, by `kind << 10 | status`: a look-up costs less than branches that vary. */
const meanings = Uint8Array.from({ length: 1 << 14 }, (_, i) => {
  const kind = i >>> 10;
  const status = i & 1023;
  if (kind > recordKind.JOB || kind < recordKind.HTTP) return meaning.TALLIED;
  const slot = slotOf(kind - recordKind.HTTP, statusClassOf(status));
  if (kind === recordKind.HTTP) return slot | meaning.HAS_USER | (status >= 400 ? meaning.FAILED : 0);
  return slot | meaning.MAY_FAIL | (kind === recordKind.SOCKET ? meaning.HAS_USER : 0);
});

/** Where a frame is from, and what of it is kept. */
export interface FrameOrigin {
  readonly process: string;
  /** When it came, milliseconds since 1970, and monotonic. */
  readonly arrivedMs: number;
  readonly nowMs: number;
  /** Where its requests and queries are kept; null where enough newer ones follow. */
  readonly requests: RecentEvents | null;
  readonly queries: RecentEvents | null;
}

/** Counts the records of frames into the current tick. Its loop is what every event costs. */
export class FrameCounter {
  /** Errors and named sessions of the frame, see `PeopleBook`. */
  readonly tally = new RecordTally();
  /** Numbers of the users' texts of the frame, and how often each came; 0 is no user. */
  readonly users: number[] = [];
  userCounts = new Int32Array(64);
  readonly #directory: SeriesDirectory;
  readonly #tick: CurrentTick;
  readonly #userKey: UserKey;
  readonly #slowUs: number;
  /** Series of each text and slot, −1 where it is not looked up yet. */
  #series = new Int32Array(64 * seriesSlots);

  constructor(directory: SeriesDirectory, tick: CurrentTick, userKey: UserKey, slowUs: number) {
    this.#directory = directory;
    this.#tick = tick;
    this.#userKey = userKey;
    this.#slowUs = slowUs;
  }

  /** Counts a frame that was checked. */
  count(frame: FrameView, origin: FrameOrigin): void {
    this.#begin(frame.texts);
    // What the loop looks at is in locals: every event costs a look at most of it.
    const { words } = frame;
    const known = this.#series;
    const users = this.userCounts;
    const tick = this.#tick;
    const slowUs = this.#slowUs;
    const end = frame.firstWord + frame.records * recordWords;
    const keeps = origin.requests !== null || origin.queries !== null;
    for (let at = frame.firstWord; at < end; at += recordWords) {
      const head = words[at]!;
      const names = words[at + 1]!;
      const means = meanings[((head & 15) << 10) | ((head >>> 8) & 1023)]!;
      if ((means & meaning.TALLIED) !== 0) {
        this.#tally(words, at, head & 15);
        continue;
      }
      const place = (names & 0xffff) * seriesSlots + (means & meaning.SLOT);
      let series = known[place]!;
      if (series < 0) {
        series = this.#find(frame, origin, at);
        known[place] = series;
      }
      const failed = ((means >>> 4) | ((means >>> 5) & (head >>> 4))) & 1;
      const durationUs = words[at + 2]!;
      if (durationUs === noDuration || (head & untimedBit) !== 0) tick.count(series, failed);
      // What took less than a microsecond counts as one.
      else tick.countTimed(series, failed, durationUs === 0 ? 1 : durationUs, slowUs);
      // Without a user it is number 0, whose count is worth nothing.
      const user = (names >>> 16) & -((means >>> 6) & 1);
      if (users[user]!++ === 0) this.users.push(user);
      if (keeps) this.#keep(frame, at, series, origin);
    }
  }

  /** When an event was by the clock of its process, as far as that can be: a day before or after its arrival. */
  timeOf(frame: FrameView, offsetMs: number, arrivedMs: number): number {
    const timeMs = frame.baseMs + offsetMs;
    return Math.min(arrivedMs + farthestMs, Math.max(arrivedMs - farthestMs, timeMs));
  }

  #begin(texts: number): void {
    if (texts >= this.userCounts.length) {
      this.#series = new Int32Array((texts + 1) * 2 * seriesSlots);
      this.userCounts = new Int32Array((texts + 1) * 2);
      this.users.length = 0;
    }
    this.#series.fill(-1, 0, (texts + 1) * seriesSlots);
    for (const user of this.users) this.userCounts[user] = 0;
    this.users.length = 0;
    this.tally.clear();
  }

  #tally(words: Uint32Array, at: number, kind: number): void {
    const isError = kind === recordKind.ERROR;
    const first = isError ? words[at]! & 0xfffc000f : kind;
    this.tally.add(first >>> 0, words[at + 1]!, isError ? words[at + 2]! : 0, words[at + 3]! | 0);
  }

  #find(frame: FrameView, { process, nowMs }: FrameOrigin, at: number): number {
    const head = frame.words[at]!;
    const kind = head & 15;
    const statusClass = kind === recordKind.HTTP ? statusClassOf((head >>> 8) & 1023) : 0;
    const text = frame.text(frame.words[at + 1]! & 0xffff);
    return this.#directory.find(kind - recordKind.HTTP, process, text, statusClass, nowMs);
  }

  #keep(frame: FrameView, at: number, series: number, origin: FrameOrigin): void {
    const { words } = frame;
    const head = words[at]!;
    const names = words[at + 1]!;
    const isRequest = (head & 15) === recordKind.HTTP;
    const events = isRequest ? origin.requests : (head & 15) === recordKind.DB ? origin.queries : null;
    if (!events) return;
    const place = events.next();
    events.timesMs[place] = this.timeOf(frame, words[at + 3]! | 0, origin.arrivedMs);
    events.durationsUs[place] = words[at + 2]! === noDuration ? Number.NaN : words[at + 2]!;
    events.statuses[place] = (head >>> 8) & 1023;
    const third = frame.text(names >>> 16);
    events.c[place] = isRequest ? this.#userKey.hash(third) : cutQuery(third);
    events.errors[place] = cutError(frame.text(head >>> 18));
    events.processes[place] = origin.process;
    const name = this.#directory.names[series]!;
    if (isOtherSeries(series)) {
      const [a, b] = cleanLabel(frame.text(names & 0xffff)).split('\0') as [string, string];
      events.a[place] = a;
      events.b[place] = b;
    } else {
      events.a[place] = name.a;
      events.b[place] = name.b;
    }
  }
}

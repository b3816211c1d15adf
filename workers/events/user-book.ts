import type { ProcessUsers } from '../contract/events.ts';
import { ByteReader, ByteWriter } from '../sketch/bytes.ts';
import { TopHours } from './top-hours.ts';
import { readText, writeText } from './top-list.ts';
import { Uniques, uniquesKeptMs } from './uniques.ts';
import { hashed, hashText } from './user-hash.ts';

/** Processes at once; further ones are counted together under `otherProcess`. */
const mostProcesses = 64;
const otherProcess = 'other';
/** Of top users and routes that are told. */
const mostTop = 20;
const stateVersion = 1;

/**
 * Who uses the service, for each process: distinct users and sessions of sliding windows, and the most active users
 * and routes of the last 24 hours. Times are milliseconds since 1970 by the agent's clock, when it received what it
 * notes. Users and sessions are any texts; which, and whether hashed, is up to the caller.
 */
export class UserBook {
  readonly #sessionIdleMs: number;
  readonly #processes = new Map<string, ProcessBook>();

  /** A session that is silent for longer than `sessionIdleMs` is over. */
  constructor(sessionIdleMs: number) {
    this.#sessionIdleMs = sessionIdleMs;
  }

  /**
   * Notes `count` requests or events of a user. '' as `user`, `session` or `route` is "not known": what is known is
   * counted.
   */
  note(process: string, user: string, session: string, route: string, count: number, timeMs: number): void {
    let book = this.#processes.get(process);
    if (!book) {
      const name = this.#processes.size < mostProcesses ? process : otherProcess;
      book = this.#processes.get(name) ?? new ProcessBook();
      this.#processes.set(name, book);
    }
    book.note(user, session, route, count, timeMs);
  }

  /** What is known of each process that had a user in the last 24 hours; others are forgotten. */
  activity(nowMs: number): ProcessUsers[] {
    const processes: ProcessUsers[] = [];
    for (const [process, book] of this.#processes) {
      if (book.lastNoteMs(nowMs) < nowMs - uniquesKeptMs) this.#processes.delete(process);
      else processes.push({ process, ...book.activity(nowMs, this.#sessionIdleMs) });
    }
    return processes;
  }

  /** The state to go on from, with a check sum. */
  encode(): Uint8Array {
    const writer = new ByteWriter();
    writer.byte(stateVersion);
    writer.varint(this.#processes.size);
    for (const [process, book] of this.#processes) {
      writeText(writer, process);
      book.write(writer);
    }
    const sum = checkSum(writer.view());
    for (let shift = 0; shift < 32; shift += 8) writer.byte((sum >>> shift) & 255);
    return writer.copy();
  }

  /** Goes on from what `encode` gave; begins anew when there is nothing, or what is there is damaged. */
  static decode(bytes: Uint8Array | undefined, sessionIdleMs: number): UserBook {
    const book = new UserBook(sessionIdleMs);
    try {
      if (bytes && isWhole(bytes)) book.#read(new ByteReader(bytes.subarray(0, -4)));
    } catch {
      return new UserBook(sessionIdleMs);
    }
    return book;
  }

  #read(reader: ByteReader): void {
    if (reader.byte() !== stateVersion) return;
    for (let processes = reader.varint(); processes > 0; processes--)
      this.#processes.set(readText(reader), ProcessBook.read(reader));
  }
}

/** The users of one process. */
class ProcessBook {
  #users = new Uniques();
  #sessions = new Uniques();
  /** Users that named a session: they are counted by it. */
  #sessionUsers = new Uniques();
  #topUsers = new TopHours();
  #topRoutes = new TopHours();
  #lastNoteMs = 0;

  note(user: string, session: string, route: string, count: number, timeMs: number): void {
    this.#lastNoteMs = timeMs;
    if (route !== '') this.#topRoutes.add(route, count, timeMs);
    if (session !== '') {
      hashText(session);
      this.#sessions.add(hashed.high, hashed.low, timeMs);
    }
    if (user === '') return;
    this.#topUsers.add(user, count, timeMs);
    hashText(user);
    this.#users.add(hashed.high, hashed.low, timeMs);
    if (session !== '') this.#sessionUsers.add(hashed.high, hashed.low, timeMs);
  }

  lastNoteMs(nowMs: number): number {
    this.#lastNoteMs = Math.min(this.#lastNoteMs, nowMs);
    return this.#lastNoteMs;
  }

  activity(nowMs: number, sessionIdleMs: number): Omit<ProcessUsers, 'process'> {
    for (const uniques of [this.#users, this.#sessions, this.#sessionUsers]) uniques.clamp(nowMs);
    const usersIn = (windowMs: number) => Math.round(this.#users.estimate(windowMs, nowMs));
    const withSession = this.#sessionUsers.estimate(sessionIdleMs, nowMs);
    const without = Math.max(0, this.#users.estimate(sessionIdleMs, nowMs) - withSession);
    return {
      active5m: usersIn(300_000),
      active1h: usersIn(3_600_000),
      active24h: usersIn(uniquesKeptMs),
      sessions: Math.round(this.#sessions.estimate(sessionIdleMs, nowMs) + without),
      topUsers: this.#topUsers.top(nowMs, mostTop),
      topRoutes: this.#topRoutes.top(nowMs, mostTop),
    };
  }

  write(writer: ByteWriter): void {
    writer.varint(Math.floor(this.#lastNoteMs));
    for (const part of [this.#users, this.#sessions, this.#sessionUsers]) part.write(writer);
    for (const part of [this.#topUsers, this.#topRoutes]) part.write(writer);
  }

  static read(reader: ByteReader): ProcessBook {
    const book = new ProcessBook();
    book.#lastNoteMs = reader.varint();
    book.#users = Uniques.read(reader);
    book.#sessions = Uniques.read(reader);
    book.#sessionUsers = Uniques.read(reader);
    book.#topUsers = TopHours.read(reader);
    book.#topRoutes = TopHours.read(reader);
    return book;
  }
}

/** FNV-1a of 32 bits (Fowler, Noll, Vo). */
function checkSum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}

function isWhole(bytes: Uint8Array): boolean {
  if (bytes.length < 5) return false;
  const end = bytes.length - 4;
  const sum = new DataView(bytes.buffer, bytes.byteOffset + end, 4).getUint32(0, true);
  return sum === checkSum(bytes.subarray(0, end));
}

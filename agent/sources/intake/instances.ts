import type { Instance } from '../../../workers/contract/events.ts';
import type { Hello } from '../../../workers/contract/wire.ts';

/** A slot is kept for its owner for so long after it went, while its process lives. */
const slotKeptMs = 30_000;
/** Whose process is not seen any more does not come back for a frame that was cut off after so long. */
const cutKeptMs = 30_000;

/** Of so many instances that went it is remembered up to which event they came. */
const mostGone = 1024;

/** The connection of an instance. */
export interface Line {
  end(): void;
}

/** What a later run has to know of an instance to go on counting it. */
export interface Remembered {
  readonly hello: Hello;
  /** Value of the tag `process`, and whether it is the configured name of a watched process. */
  process: string;
  isConfigured: boolean;
  /** -1 when another one has it now. */
  slot: number;
  /** Events that it made up to here are counted as received or lost. */
  next: number;
  /**
   * Events that it had made up to the end of a frame that was cut off, 0 when none was. A service that lives sends that
   * frame again first thing.
   */
  cutEnd: number;
}

/** One process or thread of a service that is connected or lately was. */
export interface Member extends Remembered {
  readonly key: string;
  /** INSTANCE of its frames: of the slot, so that who takes over the slot goes on with it. */
  number: number;
  line: Line | null;
  /** Monotonic milliseconds; when the connection ended. */
  wentMs: number;
}

export interface InstancesParts {
  /** The configured name of the watched process with this pid. */
  readonly processOf: (pid: number) => string | undefined;
  readonly monotonicMs: () => number;
  readonly isAlive: (pid: number) => boolean;
}

/**
 * Who is connected, under which tags, and up to which event each has been counted. An instance is known by pid,
 * thread and start time, over any number of connections.
 */
export class Instances {
  /** Events that reached us. */
  received = 0;
  /** Events that were made and never reached us. */
  lost = 0;
  readonly #parts: InstancesParts;
  /** By key; those that went stand in the order in which they went. */
  readonly #members = new Map<string, Member>();
  #gone = 0;
  #numbers = 0;
  /** Those that went or were renamed since the text was last asked for: frames of theirs may go with it. */
  #leaving: Instance[] = [];
  #text = '[]';
  #isCurrent = true;

  constructor(parts: InstancesParts) {
    this.#parts = parts;
  }

  /** Goes on from what an earlier run knew, as if all of those had just gone. */
  recall(instances: readonly Remembered[]): void {
    for (const instance of instances.slice(-mostGone)) {
      const key = keyOf(instance.hello);
      const { monotonicMs } = this.#parts;
      this.#members.set(key, {
        ...instance,
        key,
        number: ++this.#numbers,
        line: null,
        wentMs: monotonicMs(),
      });
    }
    this.#gone = this.#members.size;
  }

  /** What a later run has to know. */
  remembered(): Remembered[] {
    return [...this.#members.values()].map(({ hello, process, isConfigured, slot, next, cutEnd }) => {
      return { hello, process, isConfigured, slot, next, cutEnd };
    });
  }

  /** Takes a hello; a connection that the same instance had before is ended. */
  join(hello: Hello, line: Line): Member {
    const key = keyOf(hello);
    const known = this.#members.get(key);
    if (known?.line) {
      const older = known.line;
      this.leave(known, older);
      older.end();
    }
    const member = known ?? this.#enrol(key, hello);
    if (known) {
      this.#gone--;
      member.cutEnd = 0;
      this.#countLost(member, hello.resume);
    }
    member.line = line;
    if (member.slot < 0) this.#seat(member);
    this.#isCurrent = false;
    return member;
  }

  /** The connection ended, if it still is the member's. `cutEnd`: of `Remembered`. */
  leave(member: Member, line: Line, cutEnd = 0): void {
    if (member.line !== line) return;
    member.cutEnd = cutEnd;
    member.line = null;
    member.wentMs = this.#parts.monotonicMs();
    this.#leaving.push(instanceOf(member));
    this.#isCurrent = false;
    this.#members.delete(member.key);
    this.#members.set(member.key, member);
    this.#gone++;
    if (this.#gone > mostGone) this.#forgetOldest();
  }

  /** Those that are connected, and those that lately were. */
  members(): Iterable<Member> {
    return this.#members.values();
  }

  /** Counts a frame of events that are numbered from `first`. */
  count(member: Member, first: number, records: number): void {
    this.#countLost(member, first);
    this.received += records;
    if (first + records > member.next) member.next = first + records;
  }

  /** Looks again for the configured names of processes that had none: the watched process may be found later. */
  rename(): void {
    for (const member of this.#members.values()) {
      if (member.isConfigured || !member.line) continue;
      const process = this.#configuredName(member.hello);
      if (process === undefined) continue;
      this.#leaving.push(instanceOf(member));
      member.isConfigured = true;
      member.process = process;
      this.#seat(member);
      this.#isCurrent = false;
    }
  }

  /** Counts frames that were cut off as lost where nobody is left to send them again. */
  settleCut(): void {
    const { monotonicMs, isAlive } = this.#parts;
    for (const member of this.#members.values()) {
      if (member.cutEnd === 0 || monotonicMs() - member.wentMs < cutKeptMs || isAlive(member.hello.pid))
        continue;
      this.#loseCut(member);
    }
  }

  /** Frames of this one go with the next text, though it may have gone. */
  mention(member: Member): void {
    this.#leaving.push(instanceOf(member));
    this.#isCurrent = false;
  }

  connectedUnder(number: number): Member | undefined {
    for (const member of this.#members.values()) if (member.line && member.number === number) return member;
    return undefined;
  }

  /** JSON of those connected and of those that went or were renamed since it was last asked for. */
  text(): string {
    if (this.#isCurrent) return this.#text;
    const listed = new Map<number, Instance>();
    for (const member of this.#members.values())
      if (member.line) listed.set(member.number, instanceOf(member));
    for (const instance of this.#leaving)
      if (!listed.has(instance.number)) listed.set(instance.number, instance);
    this.#text = JSON.stringify([...listed.values()]);
    this.#isCurrent = this.#leaving.length === 0;
    this.#leaving = [];
    return this.#text;
  }

  #enrol(key: string, hello: Hello): Member {
    const configured = this.#configuredName(hello);
    const process = configured ?? hello.name;
    const member: Member = {
      ...{ hello, key, process, isConfigured: configured !== undefined, slot: -1, number: 0 },
      ...{ next: hello.resume, cutEnd: 0, line: null, wentMs: 0 },
    };
    this.#members.set(key, member);
    return member;
  }

  #configuredName({ pid, ppid }: Hello): string | undefined {
    return this.#parts.processOf(pid) ?? this.#parts.processOf(ppid);
  }

  #countLost(member: Member, madeBefore: number): void {
    if (madeBefore <= member.next) return;
    this.lost += madeBefore - member.next;
    member.next = madeBefore;
  }

  #loseCut(member: Member): void {
    this.#countLost(member, member.cutEnd);
    member.cutEnd = 0;
  }

  /** Gives the lowest free slot of the member's process; the first is a main thread's. */
  #seat(member: Member): void {
    const holders = new Map<number, Member>();
    for (const other of this.#members.values()) {
      if (other !== member && other.process === member.process && other.slot >= 0)
        holders.set(other.slot, other);
    }
    let slot = member.hello.threadId === 0 ? 0 : 1;
    for (let holder = holders.get(slot); holder && this.#keeps(holder); holder = holders.get(slot)) slot++;
    const former = holders.get(slot);
    member.slot = slot;
    member.number = former?.number ?? ++this.#numbers;
    if (former) former.slot = -1;
  }

  #keeps({ line, wentMs, hello }: Member): boolean {
    const { monotonicMs, isAlive } = this.#parts;
    return line !== null || (monotonicMs() - wentMs < slotKeptMs && isAlive(hello.pid));
  }

  #forgetOldest(): void {
    for (const member of this.#members.values()) {
      if (member.line) continue;
      this.#loseCut(member);
      this.#members.delete(member.key);
      this.#gone--;
      return;
    }
  }
}

function keyOf({ pid, threadId, startedMs }: Hello): string {
  return `${pid} ${threadId} ${startedMs}`;
}

function instanceOf({ number, process, slot }: Member): Instance {
  return { number, process, worker: String(slot) };
}

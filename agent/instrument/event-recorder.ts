import type { NetConnectOpts } from 'node:net';
import { clearInterval, setInterval, setTimeout } from 'node:timers';
import {
  flushEveryMs,
  frameHeader,
  frameKind,
  noDuration,
  recordFlag,
  recordKind,
  runtimeEveryMs,
  runtimeField,
} from '../../workers/contract/wire.ts';
import { CleaningBudget } from './cleaning-budget.ts';
import { EventFrame } from './event-frame.ts';
import { FrameStream } from './frame-stream.ts';
import { helloFrame } from './hello.ts';
import { intakeAddress } from './intake-address.ts';
import { LabelTable, PairTable } from './label-table.ts';
import { cleanMessage, cleanMethod, cleanName, cleanRoute, cleanTitle } from './privacy.ts';
import type { ErrorPlace, RecordedRequest, Recorder } from './recorder.ts';
import { RuntimeProbe } from './runtime-probe.ts';
import { cleanQuery } from './sql-text.ts';
import { type Label, noLabel, TextArena } from './text-arena.ts';
import { describeThrown, framesOf } from './thrown.ts';

/** New queries, messages and stacks between two flushes. */
const mostCleanings = 100;

/** A recorder with a stream of its own. */
export interface StreamingRecorder extends Recorder {
  /** Counts an event that has no meaning as given up. */
  refuse(): void;
  /** Sends what there is now, as far as the kernel takes it: all that can still be done while a process exits. */
  finish(): void;
  /** Ends the stream and all timers; what is recorded then is lost. */
  close(): void;
}

/**
 * A recorder that sends to the agent at `address`, from its first event on. Nothing of it keeps a process alive.
 * An address that has no meaning is like an agent that is away. Of more than 200 new queries, messages and stacks in
 * a second the rest is recorded without them.
 */
export function createRecorder(
  address: () => NetConnectOpts | undefined = () => intakeAddress(process.env),
  monotonicMs: () => number = () => performance.now(),
): StreamingRecorder {
  return new EventRecorder(address, monotonicMs);
}

class EventRecorder implements StreamingRecorder {
  readonly #arena = new TextArena(() => this.#forget());
  readonly #frame = new EventFrame(this.#arena);
  readonly #stream: FrameStream;
  readonly #probe = new RuntimeProbe();
  readonly #requests = new PairTable(
    this.#arena,
    (route, method) => `${cleanMethod(method)}\0${cleanRoute(route)}`,
  );
  readonly #models = new PairTable(
    this.#arena,
    (model, operation) => `${cleanName(model)}\0${cleanName(operation)}`,
  );
  readonly #events = new PairTable(
    this.#arena,
    (event, namespace) => `${cleanTitle(event)}\0${cleanRoute(namespace)}`,
  );
  readonly #jobs = new PairTable(this.#arena, (name, queue) => `${cleanTitle(queue)}\0${cleanTitle(name)}`);
  readonly #types = new LabelTable(this.#arena, (type) => `${cleanName(type)}\0`);
  readonly #sites: PairTable;
  readonly #queries: LabelTable;
  readonly #messages: LabelTable;
  readonly #users = new LabelTable(this.#arena, cleanName);
  readonly #seen = new WeakSet<object>();
  #flushTimer: NodeJS.Timeout | null = null;
  #runtimeTimer: NodeJS.Timeout | null = null;
  #connections = Number.NaN;
  #parts = 0;

  constructor(address: () => NetConnectOpts | undefined, monotonicMs: () => number) {
    const budget = new CleaningBudget(mostCleanings, flushEveryMs, monotonicMs);
    this.#sites = new PairTable(
      this.#arena,
      (stacks, type) => `${cleanName(type)}\0${framesOf(stacks)}`,
      budget,
    );
    this.#queries = new LabelTable(this.#arena, cleanQuery, budget);
    this.#messages = new LabelTable(this.#arena, cleanMessage, budget);
    this.#stream = new FrameStream({
      address,
      hello: helloFrame,
      onConnected: () => this.#connected(),
      onDisconnected: () => this.#disconnected(),
    });
  }

  request(request: RecordedRequest): void {
    try {
      const { status, error } = request;
      let head = recordKind.HTTP | (request.untimed ? recordFlag.UNTIMED << 4 : 0);
      if (status > 0 && status < 1024) head |= status << 8;
      this.#add(
        head,
        this.#requests.get(request.route, request.method),
        this.#users.get(request.user),
        error === '' ? noLabel : this.#messages.get(error),
        noLabel,
        request.durationUs,
        request.timeMs,
      );
    } catch {
      this.refuse();
    }
  }

  query(
    model: string,
    operation: string,
    query: string,
    durationUs: number,
    timeMs: number,
    failed: boolean,
    error: string,
  ): void {
    try {
      const head = recordKind.DB | (failed ? recordFlag.FAILED << 4 : 0);
      const what = this.#models.get(model, operation);
      const text = this.#queries.get(query);
      this.#add(head, what, text, this.#messages.get(error), noLabel, durationUs, timeMs);
    } catch {
      this.refuse();
    }
  }

  socketEvent(
    event: string,
    namespace: string,
    durationUs: number,
    timeMs: number,
    user: string,
    error: string,
  ): void {
    try {
      const head = recordKind.SOCKET | (error === '' ? 0 : recordFlag.FAILED << 4);
      const what = this.#events.get(event, namespace);
      const who = this.#users.get(user);
      this.#add(head, what, who, this.#messages.get(error), noLabel, durationUs, timeMs);
    } catch {
      this.refuse();
    }
  }

  job(queue: string, name: string, durationUs: number, timeMs: number, failed: boolean, error: string): void {
    try {
      const head = recordKind.JOB | (failed ? recordFlag.FAILED << 4 : 0);
      const what = this.#jobs.get(name, queue);
      this.#add(head, what, noLabel, this.#messages.get(error), noLabel, durationUs, timeMs);
    } catch {
      this.refuse();
    }
  }

  error(error: unknown, at: ErrorPlace): void {
    try {
      if (typeof error === 'object' && error !== null) {
        if (this.#seen.has(error)) return;
        this.#seen.add(error);
      }
      const { type, message, stacks } = describeThrown(error);
      const { method = '', route = '', user = '', timeMs = Date.now() } = at;
      let site = this.#sites.get(stacks, type);
      if (site === noLabel) site = this.#types.get(type);
      const text = this.#messages.get(message);
      const place = method === '' && route === '' ? noLabel : this.#requests.get(route, method);
      this.#add(recordKind.ERROR, site, text, place, this.#users.get(user), 0, timeMs);
    } catch {
      this.refuse();
    }
  }

  user(user: string, session: string, timeMs: number): void {
    if (user === '') {
      this.refuse();
      return;
    }
    try {
      const who = this.#users.get(user);
      const where = this.#users.get(session);
      this.#add(recordKind.USER, who, where, noLabel, noLabel, noDuration, timeMs);
    } catch {
      this.refuse();
    }
  }

  connections(count: number): void {
    this.#connections = count;
    this.#stream.start();
  }

  reports(parts: number): void {
    this.#parts |= parts;
    this.#stream.start();
  }

  refuse(): void {
    try {
      this.#frame.refuse();
      this.#stream.start();
    } catch {
      // Not even timers can be made.
    }
  }

  finish(): void {
    this.#seal();
    this.#pushRuntime();
    this.#stream.writeNow();
  }

  close(): void {
    this.#stream.close();
    this.#disconnected();
  }

  #forget(): void {
    for (const table of [this.#requests, this.#models, this.#events, this.#jobs, this.#sites]) table.forget();
    for (const table of [this.#types, this.#queries, this.#messages, this.#users]) table.forget();
  }

  #add(head: number, a: Label, b: Label, c: Label, d: Label, third: number, timeMs: number): void {
    const frame = this.#frame;
    if (!frame.add(head, a, b, c, d, third, timeMs)) {
      if (!this.#seal() || !frame.add(head, a, b, c, d, third, timeMs)) {
        frame.refuse();
        return;
      }
    }
    if (frame.records === 1) this.#begun();
  }

  /** A frame has its first record. */
  #begun(): void {
    if (this.#stream.isConnected) this.#flushLater();
    else this.#stream.start();
  }

  #flushLater(): void {
    if (this.#flushTimer === null) {
      this.#flushTimer = setTimeout(() => this.#flush(), flushEveryMs);
      this.#flushTimer.unref();
    } else this.#flushTimer.refresh();
  }

  #flush(): void {
    // While the agent is behind or away the frame may as well go on filling.
    if (this.#stream.isIdle) this.#seal();
    else if (this.#stream.isConnected) this.#flushLater();
  }

  /** Hands the frame on, if there is anything in it; false where there is no room for it. */
  #seal(): boolean {
    const frame = this.#frame;
    if (frame.records === 0) return true;
    if (!this.#stream.makeRoom(frame.byteLength)) return false;
    this.#stream.push(frame.seal());
    return true;
  }

  #connected(): void {
    this.#seal();
    this.#probe.start();
    this.#pushRuntime();
    this.#runtimeTimer = setInterval(() => {
      // A reading that would wait is not worth its room: the next one will do.
      if (this.#stream.isIdle) this.#pushRuntime();
    }, runtimeEveryMs);
    this.#runtimeTimer.unref();
  }

  #disconnected(): void {
    if (this.#runtimeTimer !== null) clearInterval(this.#runtimeTimer);
    this.#runtimeTimer = null;
    this.#probe.stop();
  }

  #pushRuntime(): void {
    const frame = new Float64Array(frameHeader.LENGTH / 2 + runtimeField.LENGTH);
    const header = new Uint32Array(frame.buffer);
    header[frameHeader.BYTES] = frame.byteLength;
    header[frameHeader.KIND] = frameKind.RUNTIME;
    frame[frameHeader.FIRST / 2] = this.#frame.first;
    const fields = frame.subarray(frameHeader.LENGTH / 2);
    this.#probe.read(fields);
    fields[runtimeField.CONNECTIONS] = this.#connections;
    fields[runtimeField.PARTS] = this.#parts;
    if (this.#stream.hasRoom(frame.byteLength)) this.#stream.push(new Uint8Array(frame.buffer));
  }
}

import {
  type BatchResult,
  type DurationHistograms,
  type EventSettings,
  type EventTexts,
  type FrameBatch,
  mostEventTexts,
  type StoredErrorGroup,
  type TickExtras,
  type UserActivity,
} from '../contract/events.ts';
import type { Reading } from '../contract/tasks.ts';
import { type EventBuffers, eventLimits } from '../contract/window-cells.ts';
import { frameKind, reportedPart } from '../contract/wire.ts';
import { CurrentTick, type GroupedDurations } from './current-tick.ts';
import { HistogramBook } from './duration-histograms.ts';
import { FrameCounter } from './frame-counter.ts';
import { FrameView } from './frame-view.ts';
import { type ConnectedInstance, InstanceBook } from './instance-book.ts';
import { PeopleBook, type PeopleMemory } from './people-book.ts';
import { queryJson, RecentEvents, requestJson } from './recent-events.ts';
import { RequestRing } from './request-ring.ts';
import { SeriesDirectory } from './series-directory.ts';
import { SeriesReading } from './series-reading.ts';
import { SocketReading } from './socket-reading.ts';
import { UserKey } from './user-key.ts';
import { WindowLog } from './window-log.ts';

/** What the services told since the tick before. */
export interface FoldedEvents extends TickExtras {
  readonly readings: readonly Reading[];
  readonly histograms: DurationHistograms | null;
  readonly errorGroups: readonly StoredErrorGroup[];
  /** Null when nobody asked for them or there are none. */
  readonly texts: EventTexts | null;
  /** Every 10 s, less often when asked for; null between, and while no service tells of users. */
  readonly users: UserActivity | null;
}

export interface EventClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds of a clock that never jumps and is the same for all threads. */
  monotonicMs(): number;
}

const systemClock: EventClock = {
  now: Date.now,
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};

/** A frame of the batch that was found whole. */
interface WholeFrame {
  readonly at: number;
  readonly bytes: number;
  readonly instance: ConnectedInstance;
  readonly requests: number;
  readonly queries: number;
}

/**
 * Counts what services tell of their insides: frames between ticks, and once a tick what came of them. Windows and
 * totals are in shared cells, so that the worker that takes the place of this one goes on with them; errors and users
 * go on from what the store kept.
 *
 *     take   batch ─▶ FrameView: whole or refused ─▶ FrameCounter: current tick, recent events
 *                                                 └▶ PeopleBook: errors, users
 *     fold   current tick ─▶ WindowLog: 5 minutes, totals, summary
 *                         ├▶ readings, histograms for the store
 *            recent events ─▶ RequestRing, JSON texts
 */
export class EventBook {
  readonly #clock: EventClock;
  readonly #settings: EventSettings;
  readonly #frame = new FrameView();
  readonly #instances = new InstanceBook();
  readonly #directory: SeriesDirectory;
  readonly #tick: CurrentTick;
  readonly #log: WindowLog;
  readonly #counter: FrameCounter;
  readonly #people: PeopleBook;
  readonly #requests: RecentEvents;
  readonly #queries: RecentEvents | null;
  readonly #ring: RequestRing;
  readonly #series: readonly SeriesReading[];
  readonly #sockets: SocketReading;
  readonly #histograms: HistogramBook;

  /** Takes over buffers as they are. */
  constructor(
    buffers: EventBuffers,
    settings: EventSettings,
    memory: PeopleMemory,
    clock: EventClock = systemClock,
  ) {
    this.#clock = clock;
    this.#settings = settings;
    const userKey = new UserKey(settings.userKey);
    this.#directory = new SeriesDirectory(buffers);
    this.#tick = new CurrentTick(buffers);
    this.#log = new WindowLog(buffers);
    this.#counter = new FrameCounter(this.#directory, this.#tick, userKey, settings.slowQueryMs * 1000);
    this.#people = new PeopleBook(this.#instances, userKey, settings.sessionIdleMs, memory);
    this.#requests = new RecentEvents(settings.wantTexts ? mostEventTexts : eventLimits.requests);
    this.#queries = settings.wantTexts ? new RecentEvents(mostEventTexts) : null;
    this.#ring = new RequestRing(buffers);
    const measurements = ['http', 'db', 'job'] as const;
    this.#series = measurements.map((name) => new SeriesReading(name, this.#directory, buffers));
    this.#sockets = new SocketReading(this.#directory, buffers);
    this.#histograms = new HistogramBook(this.#directory);
  }

  /**
   * Counts the frames of a batch into the current tick. A frame that cannot be read is refused whole. `records` are
   * those that were counted. Never throws, whatever the bytes.
   */
  take({ bytes, instances }: FrameBatch): BatchResult {
    this.#instances.use(instances);
    this.#frame.open(bytes);
    const offenders = new Map<number, string>();
    const { whole, refused } = this.#sort(offenders);
    const arrivedMs = this.#clock.now();
    const nowMs = this.#clock.monotonicMs();
    let requestsLeft = whole.reduce((sum, frame) => sum + frame.requests, 0);
    let queriesLeft = whole.reduce((sum, frame) => sum + frame.queries, 0);
    let records = 0;
    for (const { at, bytes: length, instance, requests, queries } of whole) {
      this.#frame.enter(at, length);
      if (this.#frame.kind === frameKind.RUNTIME) {
        this.#instances.takeReport(instance, this.#frame, nowMs);
        continue;
      }
      records += this.#frame.records;
      requestsLeft -= requests;
      queriesLeft -= queries;
      const { process } = instance;
      this.#counter.count(this.#frame, {
        process,
        arrivedMs,
        nowMs,
        requests: requestsLeft < this.#requests.capacity ? this.#requests : null,
        queries: queriesLeft < mostEventTexts ? this.#queries : null,
      });
      this.#people.take(this.#frame, this.#counter, instance, arrivedMs);
    }
    return { records, refused, offenders: [...offenders].map(([number, problem]) => ({ number, problem })) };
  }

  /** Checks every frame of the batch before any is counted. */
  #sort(offenders: Map<number, string>): { readonly whole: readonly WholeFrame[]; readonly refused: number } {
    const frame = this.#frame;
    const whole: WholeFrame[] = [];
    let refused = 0;
    let at = 0;
    while (at < frame.length) {
      const bytes = frame.frameBytes(at);
      if (bytes === 0) break;
      let problem = frame.enter(at, bytes);
      const isEvents = frame.kind === frameKind.EVENTS;
      if (problem === '' && isEvents) problem = frame.check();
      const instance = this.#instances.get(frame.instance);
      if (problem === '' && !instance) problem = 'a connection that is not known';
      if (problem === '' && instance) {
        if (isEvents) instance.parts |= frame.parts;
        const [requests, queries] = isEvents ? [frame.httpRecords, frame.dbRecords] : [0, 0];
        whole.push({ at, bytes, instance, requests, queries });
      } else {
        offenders.set(frame.instance, problem);
        if (isEvents) refused += Math.min(frame.records, Math.floor((bytes - 40) / 16));
      }
      at += bytes;
    }
    return { whole, refused };
  }

  /**
   * Closes the current tick. `slowFactor` says how many times less often than usual what is dear is due. Points are
   * at `timeMs`, milliseconds since 1970. With `isLast` the state to go on from is among what is kept.
   */
  fold(timeMs: number, slowFactor: number, isLast = false): FoldedEvents {
    const nowMs = this.#clock.monotonicMs();
    const tick = this.#tick;
    const active = this.#directory.known.flat().filter((series) => tick.isActive(series));
    const durations = tick.group(active);
    this.#log.append(active, tick, durations, nowMs);
    this.#summarize(nowMs);
    const sockets = this.#sockets.read(tick, durations, this.#instances, nowMs);
    const histograms = this.#histograms.fold(active, tick, durations, {
      ticks: sockets.ticks,
      reading: this.#sockets,
    });
    const readings = [...this.#readSeries(durations, nowMs), sockets.reading, this.#instances.read(nowMs)];
    for (const series of active) {
      const name = this.#directory.names[series]!;
      if (name.measurement === 'http')
        this.#people.noteRoute(name.process, name.a, name.b, tick.countOf(series), timeMs);
    }
    tick.clear(active);
    this.#directory.tickOver();
    const people = this.#people.fold(timeMs, nowMs, slowFactor, isLast);
    this.#ring.add(this.#requests);
    const texts = this.#texts();
    this.#requests.clear();
    this.#queries?.clear();
    const { errorGroups, kept, users } = people;
    const all = [...readings, ...people.readings].filter((reading) => reading !== null);
    return { readings: all, histograms, errorGroups, kept, texts, users };
  }

  #readSeries(durations: GroupedDurations, nowMs: number): (Reading | null)[] {
    const isConnected = (process: string) => this.#instances.isConnected(process);
    return this.#series.map((reading) => reading.read(this.#tick, durations, nowMs, isConnected));
  }

  #summarize(nowMs: number): void {
    const { HTTP, DB, SOCKET } = reportedPart;
    this.#log.summarize({
      http: this.#instances.reports(HTTP),
      db: this.#instances.reports(DB),
      socket: this.#instances.reports(SOCKET),
      connections: this.#instances.connections(nowMs),
    });
  }

  #texts(): EventTexts | null {
    const requests = this.#requests;
    const queries = this.#queries;
    if (!this.#settings.wantTexts || !queries || requests.count + queries.count === 0) return null;
    return {
      api: Array.from(requests.newest(mostEventTexts), (i) => requestJson(requests, i)),
      db: Array.from(queries.newest(mostEventTexts), (i) => queryJson(queries, i)),
    };
  }
}

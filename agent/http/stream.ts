import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { withoutSecrets } from './routes/health.ts';
import { eventBytes, gapEvent, type SnapshotEncoder } from './stream-events.ts';
import { TickLog } from './tick-log.ts';
import { Viewer } from './viewer.ts';
import type { HttpViews } from './views.ts';

/** More are told to come back later. */
const mostViewers = 256;
/** Proxies and browsers take a connection that says nothing for dead. */
const heartbeatMs = 15_000;
/** A stream ends after so long: who comes back shows anew that it may look on, and misses nothing. */
const longestMs = 3_600_000;
/** Ticks are kept for so long after the last viewer left. */
const keptMs = 15 * 60_000;
/** How often it is said at most that viewers do not read. */
const toldEveryMs = 60_000;

const heartbeat = Buffer.from(':\n\n');
/** How long a browser waits before it comes back. */
const opening = 'retry: 2000\n\n';

export interface LiveStreamParts {
  readonly views: HttpViews;
  readonly encoder: SnapshotEncoder;
  readonly clock: Clock;
  readonly log: Log;
}

/** One who wants to look on. */
export interface Newcomer {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly name: string;
  /** Time of the tick that it saw last, in milliseconds since 1970. */
  readonly lastTimeMs?: number | undefined;
  /** False when the login or token that opened it is no longer valid. */
  readonly mayStay: () => boolean;
}

/**
 * The live stream: each tick as event `snapshot`, `alerts` and `ready` when those changed, and at the start all three.
 * What is sent is encoded once for all viewers. Ticks are kept while anybody looks on and some time after, so that a
 * viewer who comes back gets what it missed; event `gap` says what is not kept.
 */
export class LiveStream {
  readonly #parts: LiveStreamParts;
  readonly #viewers = new Set<Viewer>();
  readonly #log = new TickLog();
  #alerts: { readonly version: number; readonly event: Buffer } | undefined;
  #ready: { readonly json: string; readonly event: Buffer } | undefined;
  #leftMs = Number.NEGATIVE_INFINITY;
  #sentMs = 0;
  #endedSlow = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  #toldSlow = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: LiveStreamParts) {
    this.#parts = parts;
    const { views } = parts;
    views.onTick(() => this.#afterTick());
    views.onEvaluation(() => this.#tellChanges());
  }

  isFull(): boolean {
    return this.#viewers.size >= mostViewers || this.#isClosed;
  }

  /** Takes over the response of one who may look on. */
  add({ response, headers, name, lastTimeMs, mayStay }: Newcomer): void {
    const { socket } = response;
    if (!socket || response.destroyed) return;
    const viewer = new Viewer(response, socket, { name, sinceMs: this.#parts.clock.monotonicMs(), mayStay });
    this.#viewers.add(viewer);
    viewer.begin(headers, opening, () => this.#remove(viewer));
    this.#timer ??= setInterval(() => this.#beat(), heartbeatMs).unref();
    this.#noteSnapshot();
    this.#sendPast(viewer, lastTimeMs);
    for (const event of [this.#alertsNow().event, this.#readyNow().event]) viewer.send(event);
  }

  /** Ends every stream, and takes no more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const viewer of this.#viewers) viewer.end();
  }

  #remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    this.#leftMs = this.#parts.clock.monotonicMs();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** What the viewer missed, or the newest tick. */
  #sendPast(viewer: Viewer, lastTimeMs: number | undefined): void {
    const { newest } = this.#log;
    if (!newest) return;
    if (lastTimeMs === undefined) {
      viewer.send(newest.event);
      return;
    }
    const { number, isMissing } = this.#log.after(lastTimeMs);
    if (isMissing) viewer.send(gapEvent(lastTimeMs, this.#log.at(number)!.timeMs));
    if (number < this.#log.end) viewer.catchUp(this.#log, number, lastTimeMs);
    else viewer.send(newest.event);
  }

  #afterTick(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#viewers.size === 0 && nowMs - this.#leftMs > keptMs) {
      this.#log.clear();
      return;
    }
    this.#endUnknown();
    const event = this.#noteSnapshot();
    if (event) this.#each(nowMs, (viewer) => viewer.sendTick(event, nowMs));
    this.#tellChanges();
  }

  /** Ends the streams of those who logged out or whose token ended. */
  #endUnknown(): void {
    for (const viewer of this.#viewers) if (!viewer.mayStay()) viewer.end();
  }

  /** Puts the newest snapshot into the log; gives its event unless it is there already. */
  #noteSnapshot(): Buffer | undefined {
    const { views, encoder } = this.#parts;
    const snapshot = views.snapshot();
    if (!snapshot) return undefined;
    const { timeMs, event } = encoder.encode(snapshot);
    if (this.#log.newest?.event === event) return undefined;
    this.#log.add(timeMs, event);
    return event;
  }

  #tellChanges(): void {
    if (this.#viewers.size === 0) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const before = [this.#alerts?.event, this.#ready?.event];
    for (const { event } of [this.#alertsNow(), this.#readyNow()]) {
      if (!before.includes(event)) this.#each(nowMs, (viewer) => viewer.send(event));
    }
  }

  #alertsNow(): { readonly event: Buffer } {
    const standing = this.#parts.views.alerts.standing();
    if (this.#alerts?.version !== standing.version) {
      this.#alerts = { version: standing.version, event: eventBytes('alerts', JSON.stringify(standing)) };
    }
    return this.#alerts;
  }

  #readyNow(): { readonly event: Buffer } {
    const { ready, parts } = this.#parts.views.ready();
    const told = { ready, parts: parts.map(({ part, ok, problem }) => ({ part, ok, problem })) };
    const json = JSON.stringify(told, withoutSecrets);
    if (this.#ready?.json !== json) this.#ready = { json, event: eventBytes('ready', json) };
    return this.#ready;
  }

  #each(nowMs: number, send: (viewer: Viewer) => boolean): void {
    this.#sentMs = nowMs;
    for (const viewer of this.#viewers) {
      if (send(viewer)) continue;
      this.#endedSlow++;
      viewer.destroy();
    }
    this.#tellSlow(nowMs);
  }

  #tellSlow(nowMs: number): void {
    if (this.#endedSlow === this.#toldSlow || nowMs - this.#toldMs < toldEveryMs) return;
    this.#parts.log.info('http: viewers of the stream were ended because they do not read', {
      ended: this.#endedSlow - this.#toldSlow,
      viewers: this.#viewers.size,
    });
    this.#toldMs = nowMs;
    this.#toldSlow = this.#endedSlow;
  }

  #beat(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const viewer of this.#viewers) if (nowMs - viewer.sinceMs > longestMs) viewer.end();
    this.#endUnknown();
    this.#tellChanges();
    if (nowMs - this.#sentMs >= heartbeatMs) this.#each(nowMs, (viewer) => viewer.send(heartbeat));
  }
}

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gapEvent } from './stream-events.ts';
import type { TickLog } from './tick-log.ts';

/** Bytes that may wait for one viewer. */
export const mostWaitingBytes = 256 * 1024;
/** Of ticks that it missed, so many bytes are handed over at once: the next ones when they have left. */
const portionBytes = 64 * 1024;
/** A viewer that takes nothing of what it missed for so long does not read. */
const stuckMs = 15_000;

/** What a viewer missed and still gets, from tick `next` on; the one before was at `lastTimeMs`. */
interface Missed {
  readonly log: TickLog;
  next: number;
  lastTimeMs: number;
}

/**
 * One reader of the stream. Its answer has no length and is not chunked, it ends with the connection: so one buffer
 * serves all viewers, and a tick is one write to each socket.
 */
export class Viewer {
  /** Who looks on, for the log. */
  readonly name: string;
  /** When it came; monotonic milliseconds. */
  readonly sinceMs: number;
  /** False when the login or token that opened it is no longer valid. */
  readonly mayStay: () => boolean;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  #missed: Missed | undefined;
  #taken = { bytes: -1, atMs: 0 };

  constructor(
    response: ServerResponse,
    socket: Socket,
    { name, sinceMs, mayStay }: Pick<Viewer, 'name' | 'sinceMs' | 'mayStay'>,
  ) {
    this.#response = response;
    this.#socket = socket;
    this.name = name;
    this.sinceMs = sinceMs;
    this.mayStay = mayStay;
  }

  /** Sends the headers with the first bytes, and lets no silence end the connection. `gone` is called once. */
  begin(headers: Readonly<Record<string, string>>, first: string, gone: () => void): void {
    const response = this.#response;
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.once('close', gone);
    // Writing to one who just left fails; `close` follows.
    response.on('error', () => {});
    response.writeHead(200, headers);
    response.write(first);
    this.#socket.setTimeout(0);
  }

  /** False when too much waits for it already: whoever does not read is to be ended. */
  send(event: Buffer): boolean {
    const waiting = this.#socket.writableLength;
    if (waiting > 0 && waiting + event.length > mostWaitingBytes) return false;
    this.#socket.write(event);
    return true;
  }

  /** A tick. While the viewer still gets what it missed, this one comes behind it. False as of `send`. */
  sendTick(event: Buffer, nowMs: number): boolean {
    return this.#missed ? this.#isTaking(nowMs) : this.send(event);
  }

  /** Sends the ticks from `number` on, as fast as they are read; the one before was at `lastTimeMs`. */
  catchUp(log: TickLog, number: number, lastTimeMs: number): void {
    this.#missed = { log, next: number, lastTimeMs };
    this.#socket.on('drain', this.#sendMissed);
    this.#sendMissed();
  }

  readonly #sendMissed = (): void => {
    const missed = this.#missed;
    while (missed && this.#socket.writableLength < portionBytes) {
      const { log } = missed;
      if (missed.next >= log.end) {
        this.#missed = undefined;
        this.#socket.off('drain', this.#sendMissed);
        return;
      }
      this.#socket.write(Buffer.concat(nextPortion(missed)));
    }
  };

  #isTaking(nowMs: number): boolean {
    const bytes = this.#socket.bytesWritten - this.#socket.writableLength;
    if (bytes > this.#taken.bytes) this.#taken = { bytes, atMs: nowMs };
    return nowMs - this.#taken.atMs < stuckMs;
  }

  /** Ends it when it has read what waits. */
  end(): void {
    this.#response.end();
  }

  /** Ends it now. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** Some ticks, and moves on behind them: one, or as many as a portion holds. */
function nextPortion(missed: Missed): Buffer[] {
  const { log } = missed;
  const portion: Buffer[] = [];
  for (let bytes = 0; missed.next < log.end; missed.next++) {
    if (missed.next < log.first) {
      missed.next = log.first;
      portion.push(gapEvent(missed.lastTimeMs, log.at(log.first)!.timeMs));
    }
    const { timeMs, event } = log.at(missed.next)!;
    bytes += event.length;
    if (portion.length > 0 && bytes > portionBytes) break;
    portion.push(event);
    missed.lastTimeMs = timeMs;
  }
  return portion;
}

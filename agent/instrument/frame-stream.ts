import { writeSync } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { frameHeader, frameKind } from '../../workers/contract/wire.ts';
import { mostWaitingBytes } from './memory-budget.ts';

const mostReconnectMs = 2000;
const firstReconnectMs = 100;
/** A connection attempt that the kernel holds would keep the process alive. */
const mostConnectMs = 1000;
/** How long to leave a reader that does not keep up. */
const busyMs = 10;

export interface StreamSetup {
  /** Asked before every attempt; undefined where nobody can be expected to listen. */
  readonly address: () => NetConnectOpts | undefined;
  /** The first frame of a stream; `resume` is what `Hello` says of it. */
  readonly hello: (resume: number) => Uint8Array;
  readonly onConnected: () => void;
  readonly onDisconnected: () => void;
}

/**
 * Frames on their way to the agent: a bounded queue, in which new ones push out the oldest, and a connection that comes
 * back by itself.
 *
 * Bytes are written straight to the descriptor, as many as the kernel takes at once: a write that libuv holds would
 * keep the process alive until the agent reads, and could not be made while the process exits. Of the frame that was
 * written in part when a stream breaks the agent has seen nothing, so it is the first of the next stream.
 */
export class FrameStream {
  readonly #setup: StreamSetup;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** Events that were made up to the last one that the kernel took. */
  #handed = 0;
  /** The hello of this stream, until it is written. */
  #greeting: Uint8Array | null = null;
  #isGreeted = false;
  /** Of the greeting or, without one, of the first that waits: bytes that the kernel took. */
  #written = 0;
  #isConnected = false;
  #isClosed = false;
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #busyTimer: NodeJS.Timeout | null = null;
  #reconnectMs = firstReconnectMs;
  #connectedAtMs = 0;

  constructor(setup: StreamSetup) {
    this.#setup = setup;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** The kernel took all that was pushed. */
  get isIdle(): boolean {
    return this.#isConnected && this.#waiting.length === 0;
  }

  hasRoom(byteLength: number): boolean {
    return this.#waitingBytes + byteLength <= mostWaitingBytes;
  }

  /** Gives up the oldest that wait until there is room; what was written in part has to stay. */
  makeRoom(byteLength: number): boolean {
    const oldest = this.#written > 0 && this.#greeting === null ? 1 : 0;
    while (!this.hasRoom(byteLength)) {
      const [given] = this.#waiting.splice(oldest, 1);
      if (given === undefined) return false;
      this.#waitingBytes -= given.byteLength;
    }
    return true;
  }

  /** Connects, unless it has or tries to. */
  start(): void {
    if (this.#socket !== null || this.#timer !== null || this.#isClosed) return;
    try {
      const address = this.#setup.address();
      if (address === undefined) {
        this.#retryLater();
        return;
      }
      const socket = connect(address);
      this.#socket = socket;
      socket.on('error', ignore);
      socket.once('close', () => this.#disconnected());
      socket.once('connect', () => this.#connected(socket));
      // Nothing is expected, but the end is only seen by who reads.
      socket.once('end', () => socket.destroy());
      socket.resume();
      socket.unref();
      this.#timer = setTimeout(() => socket.destroy(), mostConnectMs);
      this.#timer.unref();
    } catch {
      this.#socket = null;
      this.#retryLater();
    }
  }

  /** Takes a frame, or a copy of it where it has to wait; the caller has asked whether there is room. */
  push(frame: Uint8Array): void {
    const waiting = this.#waiting;
    waiting.push(frame);
    this.#waitingBytes += frame.byteLength;
    if (this.#isConnected && this.#busyTimer === null) this.#write();
    if (waiting.length > 0) waiting[waiting.length - 1] = frame.slice();
  }

  /** Writes what the kernel takes, even on a connection that the event loop has not seen established: at exit. */
  writeNow(): void {
    if (this.#socket !== null) this.#write();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimers();
    this.#socket?.destroy();
  }

  #connected(socket: Socket): void {
    this.#stopTimers();
    socket.setNoDelay();
    this.#isConnected = true;
    this.#connectedAtMs = performance.now();
    this.#write();
    this.#setup.onConnected();
  }

  #disconnected(): void {
    this.#stopTimers();
    this.#socket = null;
    this.#greeting = null;
    this.#isGreeted = false;
    this.#written = 0;
    if (this.#isConnected) {
      this.#isConnected = false;
      // One that is refused at once is not to be tried at full speed.
      if (performance.now() - this.#connectedAtMs > mostReconnectMs) this.#reconnectMs = firstReconnectMs;
      this.#setup.onDisconnected();
    }
    this.#retryLater();
  }

  #write(): void {
    try {
      const descriptor = descriptorOf(this.#socket);
      if (!this.#isGreeted) {
        this.#greeting = this.#setup.hello(this.#handed);
        this.#isGreeted = true;
      }
      for (;;) {
        const bytes = this.#greeting ?? this.#waiting[0];
        if (bytes === undefined) return;
        this.#written += writeSync(descriptor, bytes, this.#written);
        if (this.#written === bytes.byteLength) this.#shift();
      }
    } catch (error) {
      if (!this.#isConnected) return;
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') this.#writeLater();
      else this.#socket?.destroy();
    }
  }

  /** The first that waits is with the kernel. */
  #shift(): void {
    this.#written = 0;
    if (this.#greeting !== null) {
      this.#greeting = null;
      return;
    }
    const { buffer, byteOffset, byteLength } = this.#waiting.shift()!;
    this.#waitingBytes -= byteLength;
    const header = new DataView(buffer, byteOffset);
    if (header.getUint32(frameHeader.KIND * 4, true) !== frameKind.EVENTS) return;
    const first = header.getFloat64(frameHeader.FIRST * 4, true);
    this.#handed = first + header.getUint32(frameHeader.RECORDS * 4, true);
  }

  #writeLater(): void {
    this.#busyTimer ??= setTimeout(() => {
      this.#busyTimer = null;
      this.#write();
    }, busyMs);
    this.#busyTimer.unref();
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.start();
    }, this.#reconnectMs);
    this.#timer.unref();
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, mostReconnectMs);
  }

  #stopTimers(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#busyTimer !== null) clearTimeout(this.#busyTimer);
    this.#timer = null;
    this.#busyTimer = null;
  }
}

function ignore(): void {}

/** The file descriptor of a socket; Node shows it on the handle only. */
function descriptorOf(socket: Socket | null): number {
  const handle = (socket as { readonly _handle?: { readonly fd?: number } | null } | null)?._handle;
  return handle?.fd ?? -1;
}

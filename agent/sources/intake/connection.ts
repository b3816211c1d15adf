import { Socket, type SocketConstructorOpts } from 'node:net';
import type { Hello } from '../../../workers/contract/wire.ts';
import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { type Frame, FrameReader, type FrameTaker } from './frame-reader.ts';
import { readHello } from './hello.ts';
import type { Line, Member } from './instances.ts';

const helloWithinMs = 5000;

export const mostReadBytes = 256 * 1024;
/** What every socket reads into: a chunk is used up before the next one is read. */
const readBuffer = Buffer.allocUnsafeSlow(mostReadBytes);
/** Before its hello nobody can say whether a service has to wait. */
const greetingBuffer = readBuffer.subarray(0, 4096);

export interface ConnectionOwner {
  join(hello: Hello, connection: Connection): Member;
  frame(frame: Frame, member: Member): void;
  /** All whole frames of a chunk were given. */
  chunkDone(): void;
  /** The connection was closed for what was sent. */
  refused(problem: string): void;
  closed(connection: Connection, cutAt: number | undefined): void;
}

/** One stream of a service. What is wrong with it ends it and no other. */
export class Connection implements Line, FrameTaker {
  member: Member | null = null;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #reader = new FrameReader(this);
  readonly #ended = new AbortController();
  #isPaused = false;

  /** `accepted` has not begun to read. */
  constructor(accepted: Socket, owner: ConnectionOwner, clock: Clock) {
    this.#owner = owner;
    this.#socket = readingInto(
      () => (this.member ? readBuffer : greetingBuffer),
      accepted,
      (chunk) => this.#push(chunk),
    );
    // 'close' follows.
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => this.end());
    void clock.sleep(helloWithinMs, this.#ended.signal).then(() => {
      if (!this.member) this.refuse(`no hello within ${helloWithinMs} ms`);
    });
  }

  /** Nothing is read while it is paused. */
  setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Ends the connection and says why. */
  refuse(problem: string): void {
    if (this.#ended.signal.aborted) return;
    const { member } = this;
    const who = member
      ? `pid ${member.hello.pid} (${member.hello.name})`
      : 'a service that has not said its name';
    this.#owner.refused(`closed the connection of ${who}: ${problem}`);
    this.end();
  }

  end(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#owner.closed(this, this.#reader.cutAt());
    this.#socket.destroy();
  }

  hello(body: Uint8Array): string {
    const hello = readHello(body);
    if (typeof hello === 'string') return hello;
    this.member = this.#owner.join(hello, this);
    return '';
  }

  frame(frame: Frame): void {
    this.#owner.frame(frame, this.member!);
  }

  #push(chunk: Buffer): void {
    if (this.#ended.signal.aborted) return;
    try {
      const problem = this.#reader.push(chunk);
      if (problem !== '') this.refuse(problem);
      this.#owner.chunkDone();
    } catch (error) {
      this.refuse(`what it sent could not be taken: ${messageOf(error)}`);
    }
  }
}

/**
 * `buffer` gives what the next read goes into. A server's sockets get a buffer of 64 KB for every read, and collecting those is most of what receiving at full
 * rate would cost. A socket made with `onread` has one for all, so the accepted one's handle goes to such a socket.
 * The handle is none of Node's public interface: where there is none the socket is read as usual.
 */
function readingInto(buffer: () => Buffer, accepted: Socket, take: (chunk: Buffer) => void): Socket {
  const inner = accepted as unknown as { _handle: object | null };
  const handle = inner._handle;
  if (!handle) {
    accepted.on('data', take);
    return accepted;
  }
  inner._handle = null;
  accepted.destroy();
  const callback = (bytes: number, into: Uint8Array) => {
    take((into as Buffer).subarray(0, bytes));
    return true;
  };
  const socket = new Socket({ handle, onread: { buffer, callback } } as SocketConstructorOpts);
  socket.resume();
  return socket;
}

import { noDuration } from '../../../workers/contract/wire.ts';
import { mostWaitingCalls } from '../memory-budget.ts';
import type { Recorder } from '../recorder.ts';
import { unmatched } from './exchange.ts';
import { messageOf } from './safety.ts';
import { labelOf, type Socket, userOfSocket } from './socket-names.ts';

type Ack = (this: unknown, ...args: unknown[]) => unknown;

/** The event whose handlers run now. */
const state = { running: null as SocketCall | null, isMonitoring: false };

/**
 * Acknowledgements that are still to come, of all sockets, the oldest first; they are counted without a time when the
 * socket closes, or grow too many.
 */
const waiting = new Set<SocketCall>();

/** An event from its arrival until it is recorded: with its acknowledgement, or when its handlers have run. */
export class SocketCall {
  readonly event: string;
  readonly #recorder: Recorder;
  readonly #socket: Socket;
  readonly #startMs = performance.now();
  readonly isAcknowledged: boolean;
  #isRecorded = false;

  constructor(recorder: Recorder, socket: Socket, event: unknown[]) {
    this.#recorder = recorder;
    this.#socket = socket;
    const name = String(event[0]);
    // Else clients would choose which events there are.
    this.event = socket.listenerCount(name) === 0 ? unmatched : name;
    const last = event.length - 1;
    const ack = event[last];
    this.isAcknowledged = typeof ack === 'function';
    if (!this.isAcknowledged) return;
    this.#wait();
    const call = this;
    event[last] = function (this: unknown, ...args: unknown[]) {
      call.#acknowledged();
      return (ack as Ack).apply(this, args);
    };
  }

  #wait(): void {
    waiting.add(this);
    if (waiting.size <= mostWaitingCalls) return;
    const [oldest] = waiting;
    oldest!.record('');
  }

  isOf(socket: Socket): boolean {
    return this.#socket === socket;
  }

  #acknowledged(): void {
    this.record('', Math.round((performance.now() - this.#startMs) * 1000));
  }

  record(error: string, durationUs = noDuration): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    waiting.delete(this);
    const socket = this.#socket;
    this.#recorder.socketEvent(
      this.event,
      labelOf(socket.nsp),
      durationUs,
      Date.now(),
      userOfSocket(socket),
      error,
    );
  }

  fail(error: unknown): void {
    const user = userOfSocket(this.#socket);
    this.#recorder.error(error, { method: 'socket', route: this.event, user });
    this.record(messageOf(error) || 'failed');
  }
}

/** Its handlers run from now on. */
export function begin(call: SocketCall): void {
  state.running = call;
}

/** Its handlers have run, as far as they do not wait. */
export function end(call: SocketCall): void {
  state.running = null;
  if (!call.isAcknowledged) call.record('');
}

/** What a handler throws ends in Node's hands: it is seen on its way, with the event that it came from. */
export function observeUncaught(): void {
  if (state.isMonitoring) return;
  state.isMonitoring = true;
  process.prependListener('uncaughtExceptionMonitor', (error) => state.running?.fail(error));
}

/** Counts the events of a socket that closes before it acknowledged them. */
export function giveUpWaiting(socket: Socket): void {
  for (const call of waiting) if (call.isOf(socket)) call.record('');
}

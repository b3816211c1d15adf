import { noDuration, reportedPart } from '../../../workers/contract/wire.ts';
import type { Recorder } from '../recorder.ts';
import { userOf } from './exchange.ts';
import { messageOf, quietly, replaceMethod, sharedOnce } from './safety.ts';

interface Namespace {
  readonly name: string;
  readonly server: SocketServer;
  readonly sockets: ReadonlyMap<string, Socket>;
  except(room: readonly string[]): object;
}

/** What is used of a Socket.IO server. */
export interface SocketServer {
  readonly _nsps?: ReadonlyMap<string, Namespace>;
  readonly parentNsps?: ReadonlyMap<unknown, ParentNamespace>;
  readonly parentNamespacesFromRegExp?: ReadonlyMap<RegExp, ParentNamespace>;
  of(name: string): unknown;
}

interface ParentNamespace extends Namespace {
  readonly children: ReadonlySet<Namespace>;
}

interface Socket {
  readonly nsp: Namespace;
  readonly data?: object;
  readonly request?: object;
  readonly handshake?: { readonly auth?: unknown };
}

type Ack = (this: unknown, ...args: unknown[]) => unknown;

/** Who is watched, shared by all copies of the library. */
const watch = sharedOnce('socket.io', () => ({
  recorders: new WeakMap<SocketServer, Recorder>(),
  /** For servers that nobody attached by hand. */
  everyone: undefined as Recorder | undefined,
  open: new WeakSet<Socket>(),
  connections: 0,
  /** The event whose handlers run now. */
  running: null as SocketCall | null,
  isMonitoring: false,
}));

/**
 * Watches a Socket.IO 4 server: connections of all its namespaces, `connect`, `disconnect` and every event that comes
 * in, timed until it is acknowledged where the client asked for that, and every broadcast (`io.emit`, `to(…).emit`,
 * `socket.broadcast.emit`), once a call, as `emit:NAME`. What a service sends to one client alone is not an event.
 *
 * The methods that are watched return before handlers run, so that they stand in no handler's stack.
 */
export function attachSocketIo(recorder: Recorder, io: object): void {
  try {
    const server = io as SocketServer;
    watch.recorders.set(server, recorder);
    const namespace = server.of('/') as Namespace;
    observeNamespaces(Object.getPrototypeOf(namespace) as Namespace);
    for (const one of server._nsps?.values() ?? [namespace])
      for (const socket of one.sockets.values()) {
        observeSockets(Object.getPrototypeOf(socket) as object);
        opened(socket);
      }
    recorder.reports(reportedPart.SOCKET);
    recorder.connections(watch.connections);
  } catch (error) {
    quietly('Socket.IO', error);
  }
}

/** Watches every server made of the classes of a copy of Socket.IO. */
export function observeSocketIo(
  recorder: Recorder,
  classes: { readonly Namespace: { prototype: Namespace }; readonly Socket: { prototype: object } },
): void {
  watch.everyone = recorder;
  observeSockets(classes.Socket.prototype);
  observeBroadcasts(classes.Namespace.prototype);
  recorder.reports(reportedPart.SOCKET);
  recorder.connections(watch.connections);
}

function recorderOf(socket: Socket): Recorder | undefined {
  return watch.recorders.get(socket.nsp.server) ?? watch.everyone;
}

type Run = (this: Namespace, socket: Socket, done: unknown) => unknown;

/** The class of sockets is known with the first one: `run` and `_doConnect` get it before it is connected. */
function observeNamespaces(prototype: Namespace): void {
  observeBroadcasts(prototype);
  for (const name of ['run', '_doConnect']) {
    if (!(name in prototype)) continue;
    replaceMethod<Run>(prototype, name, (original) => function (socket, done) {
      try {
        observeSockets(Object.getPrototypeOf(socket) as object);
      } catch (error) {
        quietly('Socket.IO socket', error);
      }
      return original.call(this, socket, done);
    });
  }
}

type Emit = (this: { readonly adapter?: { readonly nsp?: Namespace } }, event: unknown, ...args: unknown[]) => unknown;

function observeBroadcasts(prototype: Namespace): void {
  // Only so does a namespace tell the class of what it broadcasts with.
  const operator = prototype.except.call({ adapter: {} } as never, []);
  replaceMethod<Emit>(Object.getPrototypeOf(operator) as object, 'emit', (original) => function (event, ...args) {
    const namespace = this.adapter?.nsp;
    const recorder = namespace && (watch.recorders.get(namespace.server) ?? watch.everyone);
    if (recorder !== undefined)
      recorder.socketEvent(`emit:${String(event)}`, labelOf(namespace!), noDuration, Date.now(), '', '');
    return original.call(this, event, ...args);
  });
}

function observeSockets(prototype: object): void {
  replaceMethod(prototype, '_onconnect', (original: (this: Socket) => unknown) => function (this: Socket) {
    const result = original.call(this);
    opened(this);
    recorderOf(this)?.socketEvent('connect', labelOf(this.nsp), noDuration, Date.now(), userOfSocket(this), '');
    return result;
  });
  replaceMethod(prototype, '_cleanup', (original: (this: Socket) => unknown) => function (this: Socket) {
    closed(this);
    return original.call(this);
  });
  replaceMethod(
    prototype,
    'dispatch',
    (original: (this: Socket, event: unknown[]) => unknown) =>
      function (this: Socket, event: unknown[]) {
        const recorder = recorderOf(this);
        if (recorder === undefined) return original.call(this, event);
        const call = new SocketCall(recorder, this, event);
        // Handlers run in the next tick, where no middleware comes first: between these two.
        process.nextTick(begin, call);
        const result = original.call(this, event);
        process.nextTick(end, call);
        return result;
      },
  );
  observeUncaught();
}

function opened(socket: Socket): void {
  if (watch.open.has(socket)) return;
  watch.open.add(socket);
  watch.connections++;
  recorderOf(socket)?.connections(watch.connections);
}

function closed(socket: Socket): void {
  for (const call of waiting.get(socket) ?? []) call.record('');
  if (!watch.open.delete(socket)) return;
  watch.connections--;
  const recorder = recorderOf(socket);
  recorder?.connections(watch.connections);
  recorder?.socketEvent('disconnect', labelOf(socket.nsp), noDuration, Date.now(), userOfSocket(socket), '');
}

/** Acknowledgements that are still to come; they are counted without a time when the socket closes, or grow too many. */
const waiting = new WeakMap<Socket, Set<SocketCall>>();
const mostWaiting = 1000;

/** An event from its arrival until it is recorded: with its acknowledgement, or when its handlers have run. */
class SocketCall {
  readonly event: string;
  readonly #recorder: Recorder;
  readonly #socket: Socket;
  readonly #startMs = performance.now();
  readonly isAcknowledged: boolean;
  #isRecorded = false;

  constructor(recorder: Recorder, socket: Socket, event: unknown[]) {
    this.#recorder = recorder;
    this.#socket = socket;
    this.event = String(event[0]);
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
    let calls = waiting.get(this.#socket);
    if (calls === undefined) {
      calls = new Set();
      waiting.set(this.#socket, calls);
    }
    calls.add(this);
    if (calls.size <= mostWaiting) return;
    const [oldest] = calls;
    oldest!.record('');
  }

  #acknowledged(): void {
    this.record('', Math.round((performance.now() - this.#startMs) * 1000));
  }

  record(error: string, durationUs = noDuration): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    waiting.get(this.#socket)?.delete(this);
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

function begin(call: SocketCall): void {
  watch.running = call;
}

function end(call: SocketCall): void {
  watch.running = null;
  if (!call.isAcknowledged) call.record('');
}

/** What a handler throws ends in Node's hands: it is seen on its way, with the event that it came from. */
function observeUncaught(): void {
  if (watch.isMonitoring) return;
  watch.isMonitoring = true;
  process.prependListener('uncaughtExceptionMonitor', (error) => watch.running?.fail(error));
}

const labels = new WeakMap<Namespace, string>();

/** The name of a namespace; of one that a client made by naming it, the pattern that allowed it. */
function labelOf(namespace: Namespace): string {
  let label = labels.get(namespace);
  if (label === undefined) {
    label = madeBy(namespace) ?? namespace.name;
    labels.set(namespace, label);
  }
  return label;
}

function madeBy(namespace: Namespace): string | undefined {
  const { parentNsps, parentNamespacesFromRegExp } = namespace.server;
  for (const [pattern, parent] of parentNamespacesFromRegExp ?? [])
    if (parent === namespace || parent.children.has(namespace)) return pattern.source;
  for (const parent of parentNsps?.values() ?? [])
    if (parent === namespace || parent.children.has(namespace)) return 'dynamic';
  return undefined;
}

/** `user` or `auth` in `socket.data`, or of the request that opened the connection. */
function userOfSocket(socket: Socket): string {
  try {
    return userOf(socket.data ?? {}) || userOf(socket.request ?? {});
  } catch {
    return '';
  }
}

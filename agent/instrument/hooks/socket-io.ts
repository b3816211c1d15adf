import { noDuration, reportedPart } from '../../../workers/contract/wire.ts';
import type { Recorder } from '../recorder.ts';
import { quietly, replaceMethod, sharedOnce } from './safety.ts';
import { begin, end, giveUpWaiting, observeUncaught, SocketCall } from './socket-call.ts';
import { labelOf, type Namespace, type Socket, type SocketServer, userOfSocket } from './socket-names.ts';

/** Who is watched, shared by all copies of the library. */
const watch = sharedOnce('socket.io', () => ({
  recorders: new WeakMap<SocketServer, Recorder>(),
  /** For servers that nobody attached by hand. */
  everyone: undefined as Recorder | undefined,
  open: new WeakSet<Socket>(),
  connections: 0,
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
        count(socket);
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
    replaceMethod<Run>(
      prototype,
      name,
      (original) =>
        function (socket, done) {
          try {
            observeSockets(Object.getPrototypeOf(socket) as object);
          } catch (error) {
            quietly('Socket.IO socket', error);
          }
          return original.call(this, socket, done);
        },
    );
  }
}

type Emit = (
  this: { readonly adapter?: { readonly nsp?: Namespace } },
  event: unknown,
  ...args: unknown[]
) => unknown;

function observeBroadcasts(prototype: Namespace): void {
  // Only so does a namespace tell the class of what it broadcasts with.
  const operator = prototype.except.call({ adapter: {} } as never, []);
  replaceMethod<Emit>(
    Object.getPrototypeOf(operator) as object,
    'emit',
    (original) =>
      function (event, ...args) {
        const result = original.call(this, event, ...args);
        try {
          tellBroadcast(event, this.adapter?.nsp);
        } catch (error) {
          quietly('Socket.IO broadcast', error);
        }
        return result;
      },
  );
}

function tellBroadcast(event: unknown, namespace: Namespace | undefined): void {
  if (namespace === undefined) return;
  const recorder = watch.recorders.get(namespace.server) ?? watch.everyone;
  recorder?.socketEvent(`emit:${String(event)}`, labelOf(namespace), noDuration, Date.now(), '', '');
}

type Lifecycle = (this: Socket) => unknown;
type Dispatch = (this: Socket, event: unknown[]) => unknown;

/** All three or none: connections that are counted in must be counted out. */
function observeSockets(prototype: object): void {
  const methods = ['_onconnect', '_cleanup', 'dispatch'] as const;
  const odd = methods.find((name) => typeof (prototype as Record<string, unknown>)[name] !== 'function');
  if (odd !== undefined) throw new TypeError(`no method ${odd}`);
  replaceMethod<Lifecycle>(
    prototype,
    '_onconnect',
    (original) =>
      function () {
        const result = original.call(this);
        told(opened, this);
        return result;
      },
  );
  replaceMethod<Lifecycle>(
    prototype,
    '_cleanup',
    (original) =>
      function () {
        told(closed, this);
        return original.call(this);
      },
  );
  replaceMethod<Dispatch>(
    prototype,
    'dispatch',
    (original) =>
      function (event) {
        const call = callOf(this, event);
        if (call === null) return original.call(this, event);
        // Handlers run in the next tick, where no middleware comes first: between these two.
        process.nextTick(begin, call);
        const result = original.call(this, event);
        process.nextTick(end, call);
        return result;
      },
  );
  observeUncaught();
}

function callOf(socket: Socket, event: unknown[]): SocketCall | null {
  try {
    const recorder = recorderOf(socket);
    return recorder === undefined ? null : new SocketCall(recorder, socket, event);
  } catch (error) {
    quietly('Socket.IO event', error);
    return null;
  }
}

function told(what: (socket: Socket) => void, socket: Socket): void {
  try {
    what(socket);
  } catch (error) {
    quietly('Socket.IO socket', error);
  }
}

function opened(socket: Socket): void {
  const recorder = recorderOf(socket);
  if (recorder === undefined) return;
  count(socket);
  recorder.connections(watch.connections);
  tell(recorder, 'connect', socket);
}

function count(socket: Socket): void {
  if (watch.open.has(socket)) return;
  watch.open.add(socket);
  watch.connections++;
}

function closed(socket: Socket): void {
  giveUpWaiting(socket);
  if (!watch.open.delete(socket)) return;
  watch.connections--;
  const recorder = recorderOf(socket);
  if (recorder === undefined) return;
  recorder.connections(watch.connections);
  tell(recorder, 'disconnect', socket);
}

function tell(recorder: Recorder, event: string, socket: Socket): void {
  recorder.socketEvent(event, labelOf(socket.nsp), noDuration, Date.now(), userOfSocket(socket), '');
}

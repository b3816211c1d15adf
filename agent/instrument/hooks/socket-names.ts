import { userOf } from './exchange.ts';

/** What is used of Socket.IO, which is not imported. */
export interface Namespace {
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

export interface ParentNamespace extends Namespace {
  readonly children: ReadonlySet<Namespace>;
}

export interface Socket {
  readonly nsp: Namespace;
  readonly data?: object;
  readonly request?: object;
  listenerCount(event: string): number;
}

const labels = new WeakMap<Namespace, string>();

/** The name of a namespace; of one that a client made by naming it, the pattern that allowed it. */
export function labelOf(namespace: Namespace): string {
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
export function userOfSocket(socket: Socket): string {
  try {
    return userOf(socket.data ?? {}) || userOf(socket.request ?? {});
  } catch {
    return '';
  }
}

import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../errors.ts';
import { listenOnFile, type SocketFile } from './socket-file.ts';

const tryAgainMs = 30_000;

/** Where to listen. */
export type Place =
  | { readonly path: string; readonly group: string | undefined }
  | { readonly host: string; readonly port: number };

export interface DoorParts {
  /** Takes a socket that has not begun to read. */
  readonly onConnection: (socket: Socket) => void;
  readonly monotonicMs: () => number;
}

/** One place that services connect to. What keeps it shut is told and tried again, never thrown. */
export class Door {
  /** Why it is shut, in words for a person; '' while it is open. */
  problem = 'not tried yet';
  readonly #placeNow: () => Place;
  readonly #parts: DoorParts;
  #place: Place;
  #server: Server | undefined;
  #file: SocketFile | null = null;
  #triedMs = Number.NEGATIVE_INFINITY;
  #tending: Promise<void> | undefined;
  #isClosed = false;

  constructor(placeNow: () => Place, parts: DoorParts) {
    this.#placeNow = placeNow;
    this.#place = placeNow();
    this.#parts = parts;
  }

  /** Where it was opened or tried last. */
  get place(): Place {
    return this.#place;
  }

  /**
   * Opens the door where it is shut, and looks whether its socket is still there and still in the right place; does so
   * every 30 s. Never rejects.
   */
  async tend(): Promise<void> {
    const nowMs = this.#parts.monotonicMs();
    if (!this.#tending && !this.#isClosed && nowMs - this.#triedMs >= tryAgainMs) {
      this.#triedMs = nowMs;
      this.#tending = this.#tendNow().finally(() => {
        this.#tending = undefined;
      });
    }
    await this.#tending;
  }

  /** Nobody comes in any more; who is inside stays. The socket is removed if it still is this door's. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#tending;
    await this.#shut();
  }

  async #tendNow(): Promise<void> {
    try {
      const place = this.#placeNow();
      const isHere = isSame(place, this.#place) && (!this.#file || (await this.#file.isThere()));
      if (this.#server && !isHere) await this.#shut();
      this.#place = place;
      if (this.#server) return;
      const server = createServer({ pauseOnConnect: true }, this.#parts.onConnection);
      this.#file = await listen(server, this.#place);
      server.on('error', () => {});
      this.#server = server;
      this.problem = '';
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  async #shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.problem = 'closed';
    await this.#file?.remove();
    this.#file = null;
    // Its callback would wait for who is inside.
    server?.close();
  }
}

function isSame(one: Place, other: Place): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function listen(server: Server, place: Place): Promise<SocketFile | null> {
  if ('path' in place) return listenOnFile(server, place.path, place.group);
  const { host, port } = place;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error, host, port)));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return null;
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process listens there; name another intake.port',
    EACCES: 'ports below 1024 need a privilege; name another intake.port',
    EADDRNOTAVAIL: 'intake.host must be an address of this machine',
    ENOTFOUND: 'intake.host must be an address of this machine',
  };
  const why = hints[error.code ?? ''] ?? messageOf(error);
  return new Error(`cannot listen on ${host} port ${port}: ${why}`, { cause: error });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReadFrame, type ReadRecord, readFrames } from './frame-reader.ts';

/** A place for sockets that is gone after the test. */
export interface Place {
  readonly folder: string;
  readonly path: string;
  remove(): void;
}

export function temporaryPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'nova-instrument-'));
  return {
    folder,
    path: join(folder, 'intake.sock'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Listens where a service sends to, and keeps what comes. */
export class Intake {
  readonly streams: Buffer[][] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(isReading: boolean) {
    this.#server = createServer({ pauseOnConnect: !isReading }, (socket) => {
      const chunks: Buffer[] = [];
      this.streams.push(chunks);
      this.sockets.push(socket);
      socket.on('error', () => {});
      if (isReading) socket.on('data', (chunk) => chunks.push(chunk));
    });
  }

  static listen(where: string | number, { isReading = true } = {}): Promise<Intake> {
    const intake = new Intake(isReading);
    return new Promise((resolve, reject) => {
      intake.#server.once('error', reject).listen(where, () => resolve(intake));
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Begins to read connections that were left alone. */
  read(): void {
    for (const [i, socket] of this.sockets.entries()) {
      socket.on('data', (chunk: Buffer) => this.streams[i]!.push(chunk));
      socket.resume();
    }
  }

  frames(): ReadFrame[][] {
    return this.streams.map((chunks) => readFrames(Buffer.concat(chunks)));
  }

  records(): ReadRecord[] {
    return this.frames()
      .flat()
      .flatMap((frame) => (frame.kind === 'events' ? frame.records : []));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Waits until it is so, and fails after 30 s. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

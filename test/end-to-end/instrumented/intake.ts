import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  frameHeader,
  frameKind,
  type Hello,
  noDuration,
  recordFlag,
  recordKind,
  recordWords,
} from '../../../workers/contract/wire.ts';
import { temporaryFolder, untilTrue } from '../../support/servers.ts';

/** One record of the wire, in words. */
export interface SentEvent {
  readonly kind: 'http' | 'db' | 'socket' | 'job' | 'error' | 'user';
  /** The parts of the first text. */
  readonly what: readonly string[];
  readonly second: string;
  readonly third: string;
  readonly status: number;
  readonly failed: boolean;
  readonly untimed: boolean;
  /** null where there is none. */
  readonly durationUs: number | null;
  /** Of an error: its user. */
  readonly user: string;
  readonly pid: number;
  readonly threadId: number;
}

/** A place where services send to, which reads what they send by the words of workers/contract/wire.ts alone. */
export interface Intake {
  readonly socket: string;
  readonly events: readonly SentEvent[];
  readonly hellos: readonly Hello[];
  /** Sorted `METHOD route status` of the requests. */
  requests(): string[];
  /** Waits until `probe` does not throw. */
  until(probe: () => void): Promise<void>;
  close(): Promise<void>;
}

const kinds = new Map(Object.entries(recordKind).map(([name, kind]) => [kind as number, name.toLowerCase()]));

export async function startIntake(): Promise<Intake> {
  const folder = await temporaryFolder('nova-intake-');
  const socket = join(folder, 'intake.sock');
  const events: SentEvent[] = [];
  const hellos: Hello[] = [];
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection);
    let bytes = Buffer.alloc(0);
    let hello: Hello | undefined;
    connection.on('data', (data) => {
      bytes = Buffer.concat([bytes, data]);
      while (bytes.length >= frameHeader.BYTES_LENGTH && bytes.length >= bytes.readUInt32LE(0)) {
        const frame = bytes.subarray(0, bytes.readUInt32LE(0));
        bytes = bytes.subarray(frame.length);
        if (frame.readUInt32LE(frameHeader.KIND * 4) === frameKind.HELLO) {
          hello = JSON.parse(frame.toString('utf8', frameHeader.BYTES_LENGTH)) as Hello;
          hellos.push(hello);
        }
        if (frame.readUInt32LE(frameHeader.KIND * 4) === frameKind.EVENTS)
          events.push(...eventsOf(frame, hello!));
      }
    });
    connection.on('error', () => {});
    connection.on('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    events,
    hellos,
    requests: () =>
      events
        .filter(({ kind }) => kind === 'http')
        .map(({ what, status }) => `${what.join(' ')} ${status}`)
        .sort(),
    until: (probe) => untilTrue(probe),
    close: async () => {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function eventsOf(frame: Buffer, { pid, threadId }: Hello): SentEvent[] {
  const word = (index: number): number => frame.readUInt32LE(index * 4);
  const records = word(frameHeader.RECORDS);
  const texts = [''];
  let at = frameHeader.BYTES_LENGTH + records * recordWords * 4;
  for (let i = 0; i < word(frameHeader.TEXTS); i++) {
    const length = frame.readUInt32LE(at);
    texts.push(frame.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return Array.from({ length: records }, (_, index): SentEvent => {
    const first = frameHeader.LENGTH + index * recordWords;
    const head = word(first);
    const kind = kinds.get(head & 15) as SentEvent['kind'];
    const flags = (head >> 4) & 15;
    const third = word(first + 2);
    return {
      kind,
      what: texts[word(first + 1) & 0xffff]!.split('\0'),
      second: texts[word(first + 1) >>> 16]!,
      third: texts[head >>> 18]!,
      status: (head >> 8) & 1023,
      failed: (flags & recordFlag.FAILED) !== 0,
      untimed: (flags & recordFlag.UNTIMED) !== 0,
      durationUs: kind === 'error' || third === noDuration ? null : third,
      user: kind === 'error' ? texts[third]! : '',
      pid,
      threadId,
    };
  });
}

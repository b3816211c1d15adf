import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import { createIntake, type Intake, type IntakeParts } from '../../../../agent/sources/intake/intake.ts';
import { type IntakeOptions, intakeOptions } from '../../../../agent/sources/intake/options.ts';
import type { BatchResult, FrameBatch, Instance } from '../../../../workers/contract/events.ts';
import { frameHeader, type Hello } from '../../../../workers/contract/wire.ts';
import { temporaryFolder, untilTrue } from '../../../support/servers.ts';
import { helloFrame } from './frame-makers.ts';

export interface Rig {
  readonly intake: Intake;
  readonly path: string;
  readonly folder: string;
  /** Lines of the log. */
  readonly lines: readonly string[];
}

export async function testFolder(t: TestContext): Promise<string> {
  const folder = await temporaryFolder('nova-intake-');
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A listening intake on a socket of its own. */
export async function startIntake(
  t: TestContext,
  given: Partial<IntakeParts> & { readonly options?: Partial<IntakeOptions>; readonly folder?: string } = {},
): Promise<Rig> {
  const { options, folder = await testFolder(t), ...parts } = given;
  const path = parts.defaultSocket?.() ?? options?.socket ?? join(folder, 'run', 'intake.sock');
  const defaults = intakeOptions.parse({}) as IntakeOptions;
  const lines: string[] = [];
  const intake = createIntake(
    { ...defaults, ...options, socket: parts.defaultSocket ? undefined : path },
    {
      clock: systemClock,
      log: createLog('debug', (line) => lines.push(line)),
      processOf: () => undefined,
      handOver: async (batch) => countBatch(batch),
      ...parts,
    },
  );
  t.after(() => intake.close());
  await intake.read({ timeMs: 0, slow: false }).catch(() => {});
  return { intake, path, folder, lines };
}

/** A clock that stands still but for `pass`; sleeps end when their time has come. */
export function handClock(): Clock & { pass(ms: number): void } {
  let nowMs = 1000;
  const sleepers = new Set<{ atMs: number; wake: () => void }>();
  return {
    ...systemClock,
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { atMs: nowMs + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
    pass: (ms) => {
      nowMs += ms;
      for (const sleeper of sleepers) {
        if (sleeper.atMs > nowMs) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}

/** Says that all of a batch was processed. */
export function countBatch(batch: FrameBatch, refused = 0): BatchResult {
  return { records: framesOf(batch).reduce((sum, { records }) => sum + records, 0), refused, offenders: [] };
}

export interface SeenFrame {
  readonly kind: number;
  readonly records: number;
  readonly first: number;
  readonly instance: number;
  readonly bytes: Buffer;
}

/** The frames of a batch, read word by word. */
export function framesOf({ bytes }: FrameBatch): SeenFrame[] {
  const frames: SeenFrame[] = [];
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < all.length; ) {
    const length = all.readUInt32LE(at);
    if (length < frameHeader.BYTES_LENGTH) throw new Error(`a frame of ${length} bytes at ${at}`);
    frames.push({
      kind: all.readUInt32LE(at + frameHeader.KIND * 4),
      records: all.readUInt32LE(at + frameHeader.RECORDS * 4),
      first: all.readDoubleLE(at + frameHeader.FIRST * 4),
      instance: all.readUInt32LE(at + frameHeader.INSTANCE * 4),
      bytes: all.subarray(at, at + length),
    });
    at += length;
  }
  return frames;
}

export function instancesOf(batch: FrameBatch | null): Instance[] {
  return JSON.parse(batch?.instances ?? '[]') as Instance[];
}

export interface Sender {
  readonly socket: Socket;
  send(...frames: readonly Uint8Array[]): void;
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

/** A connection, with its hello unless `hello` is null. */
export async function connectTo(
  t: TestContext,
  where: string | { readonly host: string; readonly port: number },
  hello: Partial<Hello> | null = {},
): Promise<Sender> {
  const socket = typeof where === 'string' ? connect(where) : connect(where);
  t.after(() => socket.destroy());
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume();
  await once(socket, 'connect');
  socket.on('error', () => {});
  if (hello) socket.write(helloFrame(hello));
  return {
    socket,
    ended,
    send: (...frames) => {
      for (const frame of frames) socket.write(frame);
    },
    end: async () => {
      socket.end();
      await ended;
    },
  };
}

/** Until so many events were received. */
export function untilReceived({ intake }: Rig, events: number): Promise<void> {
  return untilTrue(() => {
    const { received } = intake.counts();
    if (received < events) throw new Error(`${received} of ${events} events`);
  });
}

/** Until so many instances are connected. */
export async function untilConnected({ intake }: Rig, count: number): Promise<Instance[]> {
  let seen: Instance[] = [];
  await untilTrue(() => {
    const batch = intake.take();
    if (batch) intake.settle(batch, countBatch(batch));
    seen = instancesOf(batch);
    if (seen.length !== count) throw new Error(`${seen.length} of ${count}: ${JSON.stringify(seen)}`);
  });
  return seen;
}

export function untilProblem({ intake }: Rig, pattern: RegExp): Promise<void> {
  return untilTrue(() => {
    const problem = intake.problem?.() ?? '';
    if (!pattern.test(problem)) throw new Error(`the problem is "${problem}"`);
  });
}

/** Until a number has been the same for a while. */
export async function untilSteady(read: () => number): Promise<void> {
  let last = Number.NaN;
  let same = 0;
  await untilTrue(() => {
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
    if (same < 16) throw new Error(`still changes: ${now}`);
  });
}

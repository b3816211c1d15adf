import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { BatchResult, FrameBatch } from '../../../workers/contract/events.ts';
import { defaultIntakeSocket } from '../../../workers/contract/intake-place.ts';
import type { Reading } from '../../../workers/contract/tasks.ts';
import { type Hello, mostFrameBytes } from '../../../workers/contract/wire.ts';
import type { Clock } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Source } from '../source.ts';
import { BatchBuffer, mostBatchBytes } from './batch-buffer.ts';
import { Connection, type ConnectionOwner, mostReadBytes } from './connection.ts';
import { Door, type Place } from './door.ts';
import { EventLedger, type IntakeCounts } from './event-ledger.ts';
import type { Frame } from './frame-reader.ts';
import { Instances, type Member } from './instances.ts';
import { IntakeReading } from './intake-reading.ts';
import { leaveMemory, takeMemory } from './memory-file.ts';
import { mostQueuedBytes, NameQueue } from './name-queue.ts';
import type { IntakeOptions } from './options.ts';

const mostConnections = 256;
/** So much is handed over between ticks. */
const handOverBytes = 1 << 20;
/**
 * When so much waits nothing more is read: one more chunk, the frame that it completes, and all who wait for their name
 * still have room.
 */
const pauseBytes = mostBatchBytes - mostQueuedBytes - mostReadBytes - mostFrameBytes;
/** How long a closed connection is told as a problem. */
const toldMs = 60_000;

export interface IntakeParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Owned by the caller: up to which event each instance was counted is kept there from run to run. */
  readonly dataDir?: string;
  /** The configured name of the watched process with this pid; asked again while there is none. */
  readonly processOf: (pid: number) => string | undefined;
  /**
   * How long, in milliseconds, an instance that has no such name waits for one before it is counted under its own: a
   * watched process that has just started is found at the next tick. 0 when no process is watched.
   */
  readonly nameWithinMs?: number;
  /** Has a batch processed between ticks. */
  readonly handOver: (batch: FrameBatch) => Promise<BatchResult>;
  /** Whether there is a process with this pid. */
  readonly isAlive?: (pid: number) => boolean;
  /** Where to listen when no socket is configured; asked again every 30 s, because runtime folders come and go. */
  readonly defaultSocket?: () => string;
}

/**
 * What services send, up to the worker. The main loop looks at headers and copies each frame once; at most 12 MB
 * wait here or in the worker, 8 MB more of those who wait for a name, and 64 KB for each connection: then services have to wait, and
 * nothing is lost. Who waits for its name holds up nobody else.
 */
export interface Intake extends Source {
  /** Where services connect, in words. */
  readonly place: string;
  /**
   * Everything that came since it was last asked or handed over; null when there is nothing to say. Its memory is shared
   * with the worker until `settle` or `noteFailed` is called.
   */
  take(): FrameBatch | null;
  settle(batch: FrameBatch, result: BatchResult): void;
  /** The worker failed on a batch. */
  noteFailed(batch: FrameBatch): void;
  counts(): IntakeCounts;
  /** Ends every connection and listens no more; what has come can still be taken. */
  close(): Promise<void>;
}

/** Begins to listen at once. What keeps it from that is told by `read` and tried again. */
export function createIntake(options: IntakeOptions, parts: IntakeParts): Intake {
  const intake = new SocketIntake(options, parts);
  intake.open();
  return intake;
}

class SocketIntake implements Intake, ConnectionOwner {
  readonly name = 'intake';
  readonly #parts: IntakeParts;
  readonly #doors: readonly Door[];
  readonly #connections = new Set<Connection>();
  readonly #instances: Instances;
  readonly #batch = new BatchBuffer();
  readonly #nameless = new NameQueue();
  readonly #ledger = new EventLedger();
  readonly #reading = new IntakeReading();
  #opening: Promise<void> | undefined;
  #textGiven = '[]';
  #isHandingOver = false;
  #isClosed = false;
  #told: { readonly problem: string; readonly untilMs: number } = { problem: '', untilMs: 0 };

  constructor(options: IntakeOptions, parts: IntakeParts) {
    this.#parts = parts;
    const monotonicMs = () => parts.clock.monotonicMs();
    const { processOf, isAlive = isProcessAlive } = parts;
    this.#instances = new Instances({ processOf, monotonicMs, isAlive });
    const { socket, host = '127.0.0.1', port, group } = options;
    const { defaultSocket = defaultSocketHere } = parts;
    const places: (() => Place)[] = [() => ({ path: socket ?? defaultSocket(), group })];
    if (port !== undefined) places.push(() => ({ host, port }));
    const onConnection = (socket: Socket) => this.#accept(socket);
    this.#doors = places.map((place) => new Door(place, { onConnection, monotonicMs }));
  }

  get place(): string {
    return this.#doors
      .map(({ place }) => ('path' in place ? place.path : `${place.host}:${place.port}`))
      .join(' and ');
  }

  open(): void {
    const { dataDir } = this.#parts;
    const recalled = dataDir === undefined ? Promise.resolve([]) : takeMemory(dataDir);
    this.#opening = recalled.then(async (instances) => {
      this.#instances.recall(instances);
      if (!this.#isClosed) await this.#tend();
    });
  }

  async read(): Promise<Reading> {
    await this.#opening;
    await this.#tend();
    // At the end the doors are closed on purpose, and the last reading tells what the last tick counts.
    const shut = this.#isClosed ? [] : this.#doors.filter(({ problem }) => problem !== '');
    if (shut.length === this.#doors.length) {
      throw new AgentError('SOURCE_FAILED', problemsOf(shut), { retryable: true });
    }
    return { source: this.name, ...this.#reading.take(this.counts(), this.#instances.members()) };
  }

  problem(): string {
    const { problem, untilMs } = this.#told;
    const told = this.#parts.clock.monotonicMs() < untilMs ? problem : '';
    return [this.#isClosed ? '' : problemsOf(this.#doors), told].filter((text) => text !== '').join('; ');
  }

  take(): FrameBatch | null {
    this.#instances.rename();
    this.#instances.settleCut();
    this.#settleNames();
    const instances = this.#instances.text();
    if (this.#batch.bytes === 0 && instances === '[]' && this.#textGiven === '[]') return null;
    return this.#seal(instances);
  }

  settle(batch: FrameBatch, { refused, offenders }: BatchResult): void {
    if (!this.#ledger.settle(batch, refused)) return;
    this.#batch.giveBack(batch.bytes);
    for (const { number, problem } of offenders) {
      const member = this.#instances.connectedUnder(number);
      for (const connection of this.#connections)
        if (connection.member === member) connection.refuse(problem);
    }
  }

  noteFailed(batch: FrameBatch): void {
    // A worker that was given up may still read the bytes: they are not used again.
    this.#ledger.fail(batch);
  }

  counts(): IntakeCounts {
    const { received, lost } = this.#instances;
    return this.#ledger.counts(received, lost, this.#batch.records + this.#nameless.records);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#opening;
    await Promise.all(this.#doors.map((door) => door.close()));
    for (const connection of [...this.#connections]) connection.end();
    const { dataDir, log } = this.#parts;
    if (dataDir === undefined) return;
    await leaveMemory(dataDir, this.#instances.remembered()).catch((error) =>
      log.warn(`intake: the next run will not know what was lost meanwhile: ${messageOf(error)}`),
    );
  }

  join(hello: Hello, connection: Connection): Member {
    const member = this.#instances.join(hello, connection);
    const { process, slot } = member;
    const { nameWithinMs = 0, clock } = this.#parts;
    if (!member.isConfigured && nameWithinMs > 0)
      this.#nameless.add(member, clock.monotonicMs() + nameWithinMs);
    this.#parts.log.debug(`intake: ${process} is connected`, {
      worker: slot,
      pid: hello.pid,
      node: hello.node,
    });
    return member;
  }

  frame(frame: Frame, member: Member): void {
    this.#instances.count(member, frame.first, frame.records);
    const isTaken =
      !this.#nameless.isEmpty && this.#nameless.has(member)
        ? this.#nameless.append(frame, member)
        : this.#batch.append(frame, member.number);
    if (!isTaken) this.#ledger.overflow(frame.records);
  }

  chunkDone(): void {
    if (this.#batch.bytes >= handOverBytes && !this.#isHandingOver) void this.#handOver();
    if (this.#batch.bytes >= pauseBytes || !this.#nameless.isEmpty) this.#regulate();
  }

  refused(problem: string): void {
    this.#told = { problem, untilMs: this.#parts.clock.monotonicMs() + toldMs };
  }

  closed(connection: Connection, cutAt: number | undefined): void {
    this.#connections.delete(connection);
    if (connection.member) this.#instances.leave(connection.member, connection, cutAt);
  }

  async #tend(): Promise<void> {
    await Promise.all(this.#doors.map((door) => door.tend()));
  }

  /** Counts those that need not wait for a name any longer under the one that they have now. */
  #settleNames(): void {
    if (this.#nameless.isEmpty) return;
    for (const [member, frames] of this.#nameless.leaving(this.#parts.clock.monotonicMs(), this.#isClosed)) {
      this.#instances.mention(member);
      for (const frame of frames)
        if (!this.#batch.append(frame, member.number)) this.#ledger.overflow(frame.records);
    }
  }

  /** Lets everyone wait while too much does, and who waits for its name while it has sent much; no one else. */
  #regulate(): void {
    const isFull = this.#batch.bytes >= pauseBytes;
    for (const connection of this.#connections) {
      const { member } = connection;
      connection.setPaused(isFull || (member !== null && this.#nameless.isFull(member)));
    }
  }

  #accept(socket: Socket): void {
    if (this.#isClosed || this.#connections.size >= mostConnections) {
      if (!this.#isClosed) this.refused(`${mostConnections} connections are open; further ones are refused`);
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this, this.#parts.clock);
    this.#connections.add(connection);
    this.#regulate();
  }

  /** What waits, as a batch of its own. */
  #seal(instances: string): FrameBatch {
    const { records } = this.#batch;
    const batch = { bytes: this.#batch.take(), instances };
    this.#textGiven = instances;
    this.#ledger.handOver(batch, records);
    this.#regulate();
    return batch;
  }

  /** One after the other until less than enough for one waits. Never rejects. */
  async #handOver(): Promise<void> {
    this.#isHandingOver = true;
    while (this.#batch.bytes >= handOverBytes) {
      const batch = this.#seal(this.#instances.text());
      try {
        this.settle(batch, await this.#parts.handOver(batch));
      } catch (error) {
        this.noteFailed(batch);
        this.refused(`a batch could not be processed: ${messageOf(error)}`);
      }
    }
    this.#isHandingOver = false;
  }
}

function defaultSocketHere(): string {
  return defaultIntakeSocket(process.getuid?.() ?? 0, existsSync);
}

function problemsOf(doors: readonly Door[]): string {
  return doors
    .map(({ problem }) => problem)
    .filter((problem) => problem !== '')
    .join('; ');
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

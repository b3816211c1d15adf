import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { AlertsTask } from '../../workers/contract/alert-tasks.ts';
import type { BatchResult, FrameBatch } from '../../workers/contract/events.ts';
import type {
  AlertsResult,
  DeliverResult,
  DeliverTask,
  OpenTask,
  SpoolResult,
  SpoolTask,
  TickResult,
  TickTask,
  WorkerSetup,
} from '../../workers/contract/tasks.ts';
import type { WriteResult, WriteTask } from '../../workers/contract/written.ts';
import { AgentError } from '../errors.ts';
import { runTask, taskFile } from './worker-task.ts';

/** In milliseconds: a worker is missed for 3 s at most, the start of the next one included. */
const deadlines = {
  /** Opening may have to check the whole file. */
  open: 120_000,
  tick: 2000,
  takeFrames: 2000,
  deliver: 2000,
  write: 2000,
  compact: 2000,
  spool: 2000,
  alerts: 2000,
  close: 2000,
} as const;

/** A tick gets twice as long each time that the one before failed, up to this. */
const mostTickMs = 32_000;

/** No further worker is risked while so many that were given up have not ended. */
const mostStuck = 2;

/** The one thread that samples, folds and commits: the only writer of rings and store. */
export class TickPool {
  /** What a person should know of a store that a replaced worker opened, for the caller to log and remove. */
  readonly notices: string[] = [];
  readonly #pool: Piscina;
  /** JSON of `TickSettings`, once the store was opened. */
  #settings: string | undefined;
  /** False before `open`, and after a task or a worker that failed: the worker may be a new one. */
  #isOpen = false;
  /**
   * Workers that were given up and have not ended. Nothing ends a thread that waits for the kernel, such as for a
   * disk that does not answer: each new one would wait there too.
   */
  readonly #stuck = new Set<Worker>();
  /**
   * Ticks that failed in a row. A new worker has to build first what the one before had: on a slow machine, with
   * thousands of series, that takes longer than a tick usually may, and would be begun anew for ever.
   */
  #failedTicks = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(setup: WorkerSetup) {
    this.#pool = new Piscina({
      filename: taskFile(new URL('../../workers/tasks/tick.ts', import.meta.url)),
      // The function that a starting worker looks for; a file without it would be loaded a second time.
      name: 'tick',
      minThreads: 1,
      maxThreads: 1,
      workerData: setup,
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128 },
    });
    // A worker that fails between tasks is replaced like any other.
    this.#pool.on('error', () => {
      this.#isOpen = false;
    });
  }

  /**
   * Opens the store, checked; resolves with what a person should know about it. A worker that takes the place of
   * another opens it before its first task, without that check: it would take longer than a worker may be missed.
   */
  open(settings: string): Promise<{ notices: string[] }> {
    return this.#inTurn(async () => {
      const opened = await this.#open(settings);
      this.#settings = settings;
      return opened;
    });
  }

  async tick(task: TickTask): Promise<TickResult> {
    const deadlineMs = Math.min(deadlines.tick * 2 ** this.#failedTicks, mostTickMs);
    this.#failedTicks++;
    const result = await this.#run<TickResult>('tick', task, deadlineMs);
    this.#failedTicks = 0;
    return result;
  }

  /** Frames that are too many to wait for the next tick. */
  takeFrames(frames: FrameBatch): Promise<BatchResult> {
    return this.#run('takeFrames', frames);
  }

  deliver(task: DeliverTask): Promise<DeliverResult> {
    return this.#run('deliver', task);
  }

  /** One part of what others write. */
  write(task: WriteTask): Promise<WriteResult> {
    return this.#run('write', task);
  }

  /** One slice of background work of the store. */
  compact(nowMs: number): Promise<{ more: boolean; notices: string[] }> {
    return this.#run('compact', nowMs);
  }

  spool(task: SpoolTask): Promise<SpoolResult> {
    return this.#run('spool', task);
  }

  /** One change of what is kept of alerts. */
  alerts(task: AlertsTask): Promise<AlertsResult> {
    return this.#run('alerts', task);
  }

  /** Closes the store in its worker, then ends the worker. Rejects when one cannot be ended. */
  async close(): Promise<void> {
    // An orderly exit waits for every thread.
    const exitAtOnce = () => {
      if (this.#stuck.size > 0) process.kill(process.pid, 'SIGKILL');
    };
    process.once('exit', exitAtOnce);
    await this.#runNow('close', undefined).catch(() => {});
    await this.#pool.destroy();
    if (this.#stuck.size > 0) throw this.#stuckError('close');
    process.off('exit', exitAtOnce);
  }

  #run<T>(name: keyof typeof deadlines, task: unknown, deadlineMs?: number): Promise<T> {
    return this.#inTurn(async () => {
      if (!this.#isOpen && this.#settings !== undefined) {
        this.notices.push(...(await this.#open(this.#settings)).notices);
      }
      return this.#runNow<T>(name, task, deadlineMs);
    });
  }

  async #open(settings: string): Promise<{ notices: string[] }> {
    const task: OpenTask = { settings, isChecked: this.#settings !== undefined };
    const opened = await this.#runNow<{ notices: string[] }>('open', task);
    this.#isOpen = true;
    return opened;
  }

  async #runNow<T>(
    name: keyof typeof deadlines,
    task: unknown,
    deadlineMs: number = deadlines[name],
  ): Promise<T> {
    if (this.#stuck.size >= mostStuck) throw this.#stuckError(name);
    const before = [...this.#pool.threads];
    try {
      return await runTask<T>(this.#pool, name, task, { deadlineMs });
    } catch (error) {
      this.#isOpen = false;
      this.#watchGivenUp(before.filter((worker) => !this.#pool.threads.includes(worker)));
      throw error;
    }
  }

  #watchGivenUp(workers: readonly Worker[]): void {
    for (const worker of workers) {
      const hasEnded = worker.threadId === -1;
      if (hasEnded) continue;
      this.#stuck.add(worker);
      worker.once('exit', () => this.#stuck.delete(worker));
    }
  }

  #stuckError(name: string): AgentError {
    const why = 'workers wait for the kernel, perhaps for a disk that does not answer';
    return new AgentError('WORKER_FAILED', `worker task ${name}: ${why}`, { retryable: true });
  }

  /** One task after the other, so that a deadline is the task's own and no waiting for others counts. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

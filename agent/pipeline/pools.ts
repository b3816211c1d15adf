import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type {
  DeliverResult,
  DeliverTask,
  HistoryResult,
  HistoryTask,
  SpoolResult,
  SpoolTask,
  TickResult,
  TickTask,
  WorkerSetup,
} from '../../workers/contract/tasks.ts';
import { AgentError, messageOf } from '../errors.ts';

/** Deadlines in milliseconds. A task that takes longer loses its worker, which is replaced. */
const deadlines = {
  /** Opening may have to check the whole file. */
  open: 30_000,
  tick: 2500,
  deliver: 5000,
  compact: 5000,
  spool: 5000,
  history: 20_000,
} as const;

/** The query worker is ended when nobody asked for this long: it costs memory. */
const queryIdleMs = 60_000;

/** In dist/ the compiled file lies where the source does in the project; only its ending differs. */
function taskFile(url: URL): string {
  const source = fileURLToPath(url);
  return existsSync(source) ? source : source.replace(/\.ts$/, '.js');
}

async function runTask<T>(pool: Piscina, name: keyof typeof deadlines, task: unknown): Promise<T> {
  const deadlineMs = deadlines[name];
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), deadlineMs);
  try {
    return (await pool.run(task, { name, signal: ended.signal })) as T;
  } catch (error) {
    const why = ended.signal.aborted
      ? `not done in ${deadlineMs} ms; the worker is replaced`
      : messageOf(error);
    throw new AgentError('WORKER_FAILED', `worker task ${name}: ${why}`, { cause: error, retryable: true });
  } finally {
    clearTimeout(timer);
  }
}

/** The one thread that samples, folds and commits: the only writer of rings and store. */
export class TickPool {
  readonly #pool: Piscina;

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
    // A worker that fails between tasks is replaced; its next task says so.
    this.#pool.on('error', () => {});
  }

  /** Opens the store, checked; resolves with what a person should know about it. */
  open(settings: string): Promise<{ notices: string[] }> {
    return runTask(this.#pool, 'open', settings);
  }

  tick(task: TickTask): Promise<TickResult> {
    return runTask(this.#pool, 'tick', task);
  }

  deliver(task: DeliverTask): Promise<DeliverResult> {
    return runTask(this.#pool, 'deliver', task);
  }

  /** One slice of background work of the store. */
  compact(nowMs: number): Promise<{ more: boolean; notices: string[] }> {
    return runTask(this.#pool, 'compact', nowMs);
  }

  spool(task: SpoolTask): Promise<SpoolResult> {
    return runTask(this.#pool, 'spool', task);
  }

  /** Closes the store in its worker, then ends the worker. */
  async close(): Promise<void> {
    await this.#pool.run(undefined, { name: 'close' }).catch(() => {});
    await this.#pool.destroy();
  }
}

/** The one thread that reads the store: it starts on first use and may be ended at any time. */
export class QueryPool {
  readonly #storePath: string;
  #pool: Piscina | undefined;

  constructor(storePath: string) {
    this.#storePath = storePath;
  }

  history(task: HistoryTask): Promise<HistoryResult> {
    this.#pool ??= new Piscina({
      filename: taskFile(new URL('../../workers/tasks/query.ts', import.meta.url)),
      name: 'history',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: queryIdleMs,
      workerData: this.#storePath,
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 },
    });
    return runTask(this.#pool, 'history', task);
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type {
  AlertsPageTask,
  AlertsTask,
  KeptAlerts,
  RulesResult,
  RulesTask,
} from '../../workers/contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../../workers/contract/alerts.ts';
import type {
  BatchResult,
  ErrorGroup,
  FrameBatch,
  SeriesStatsList,
  SeriesStatsTask,
} from '../../workers/contract/events.ts';
import type {
  AlertsResult,
  DeliverResult,
  DeliverTask,
  ErrorGroupsTask,
  HistoryResult,
  HistoryTask,
  OpenTask,
  QuerySetup,
  SpoolResult,
  SpoolTask,
  TickResult,
  TickTask,
  WorkerSetup,
} from '../../workers/contract/tasks.ts';
import { AgentError, messageOf } from '../errors.ts';

/**
 * Deadlines in milliseconds. A task that takes longer loses its worker, which is replaced: for the tick worker in
 * 3 s, the start of the next one included.
 */
const deadlines = {
  /** Opening may have to check the whole file. */
  open: 120_000,
  tick: 2000,
  takeFrames: 2000,
  deliver: 2000,
  compact: 2000,
  spool: 2000,
  alerts: 2000,
  history: 20_000,
  seriesStats: 20_000,
  errorGroups: 20_000,
  errorGroup: 20_000,
  evaluateRules: 20_000,
  keptAlerts: 20_000,
  alertsPage: 20_000,
  alert: 20_000,
  alertRecording: 20_000,
  close: 2000,
} as const;

/** A tick gets twice as long each time that the one before failed, up to this. */
const mostTickMs = 32_000;

/** No further worker is risked while so many that were given up have not ended. */
const mostStuck = 2;

/** The query worker is ended when nobody asked for this long: it costs memory. */
const queryIdleMs = 60_000;

/** In dist/ the compiled file lies where the source does in the project; only its ending differs. */
function taskFile(url: URL): string {
  const source = fileURLToPath(url);
  return existsSync(source) ? source : source.replace(/\.ts$/, '.js');
}

async function runTask<T>(
  pool: Piscina,
  name: keyof typeof deadlines,
  task: unknown,
  {
    deadlineMs = deadlines[name],
    filename,
  }: { readonly deadlineMs?: number | undefined; readonly filename?: string | undefined } = {},
): Promise<T> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), deadlineMs);
  try {
    return (await pool.run(task, { name, signal: ended.signal, ...(filename && { filename }) })) as T;
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

  async #runNow<T>(name: keyof typeof deadlines, task: unknown, deadlineMs?: number): Promise<T> {
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

/** The one thread that reads store and windows: it starts on first use and may be ended at any time. */
export class QueryPool {
  readonly #setup: QuerySetup;
  /** Rules have an entry of their own, so that PromQL is loaded only for them. */
  readonly #rulesFile = taskFile(new URL('../../workers/tasks/rules.ts', import.meta.url));
  #pool: Piscina | undefined;

  constructor(setup: QuerySetup) {
    this.#setup = setup;
  }

  history(task: HistoryTask): Promise<HistoryResult> {
    return this.#run('history', task);
  }

  seriesStats(task: SeriesStatsTask): Promise<SeriesStatsList> {
    return this.#run('seriesStats', task);
  }

  errorGroups(task: ErrorGroupsTask): Promise<readonly ErrorGroup[]> {
    return this.#run('errorGroups', task);
  }

  /** Undefined when there is none. */
  errorGroup(fingerprint: string): Promise<ErrorGroup | undefined> {
    return this.#run('errorGroup', fingerprint);
  }

  /** One evaluation of the rules that are due. */
  evaluateRules(task: RulesTask): Promise<RulesResult> {
    return this.#run('evaluateRules', task, this.#rulesFile);
  }

  /** What alerts go on from after a start. */
  keptAlerts(): Promise<KeptAlerts> {
    return this.#run('keptAlerts', undefined);
  }

  alertsPage(task: AlertsPageTask): Promise<readonly Alert[]> {
    return this.#run('alertsPage', task);
  }

  /** Undefined when there is none. */
  alert(id: string): Promise<Alert | undefined> {
    return this.#run('alert', id);
  }

  /** Undefined when there is none. */
  alertRecording(alertId: string): Promise<AlertRecording | undefined> {
    return this.#run('alertRecording', alertId);
  }

  #run<T>(name: keyof typeof deadlines, task: unknown, filename?: string): Promise<T> {
    this.#pool ??= this.#start();
    return runTask<T>(this.#pool, name, task, { filename });
  }

  #start(): Piscina {
    const pool = new Piscina({
      filename: taskFile(new URL('../../workers/tasks/query.ts', import.meta.url)),
      name: 'history',
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: queryIdleMs,
      workerData: this.#setup,
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 },
    });
    // A worker that cannot start fails its task; nobody listening here would end the agent.
    pool.on('error', () => {});
    return pool;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}

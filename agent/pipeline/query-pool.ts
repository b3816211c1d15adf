import { Piscina } from 'piscina';
import type {
  AlertsPageTask,
  KeptAlerts,
  RulesResult,
  RulesTask,
} from '../../workers/contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../../workers/contract/alerts.ts';
import type { ErrorGroup, SeriesStatsList, SeriesStatsTask } from '../../workers/contract/events.ts';
import type {
  ErrorGroupsTask,
  HistoryResult,
  HistoryTask,
  QuerySetup,
} from '../../workers/contract/tasks.ts';
import { runTask, taskFile } from './worker-task.ts';

/** A task that takes longer, in milliseconds, loses its worker. */
const deadlineMs = 20_000;

/** The query worker is ended when nobody asked for this long: it costs memory. */
const queryIdleMs = 60_000;

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

  #run<T>(name: string, task: unknown, filename?: string): Promise<T> {
    this.#pool ??= this.#start();
    return runTask<T>(this.#pool, name, task, { deadlineMs, filename });
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

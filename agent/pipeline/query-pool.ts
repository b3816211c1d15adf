import { Piscina } from 'piscina';
import type {
  AlertsPageTask,
  KeptAlerts,
  RulesResult,
  RulesTask,
} from '../../workers/contract/alert-tasks.ts';
import type { Alert, AlertRecording } from '../../workers/contract/alerts.ts';
import type { BacktestStep, BacktestTask } from '../../workers/contract/backtest.ts';
import type {
  ErrorGroup,
  ErrorTrend,
  ErrorTrendsTask,
  SeriesStatsList,
  SeriesStatsTask,
} from '../../workers/contract/events.ts';
import type { Marks, MarksTask } from '../../workers/contract/marks.ts';
import type { PercentilesResult, PercentilesTask } from '../../workers/contract/percentiles.ts';
import type { PromqlResult, PromqlTask } from '../../workers/contract/promql-tasks.ts';
import type {
  ProcessesTask,
  ProcessStandings,
  QueueStandings,
  QueuesTask,
} from '../../workers/contract/standings.ts';
import type {
  ErrorGroupsTask,
  HistoryResult,
  HistoryTask,
  QuarantinedPoint,
  QuarantineTask,
  QuerySetup,
} from '../../workers/contract/tasks.ts';
import { Turns } from './turns.ts';
import { runTask, taskFile } from './worker-task.ts';

/** A task that takes longer, in milliseconds, loses its worker. */
const deadlineMs = 20_000;

/** A query worker is ended when nobody asked for this long: it costs memory. */
const queryIdleMs = 60_000;

/** So many questions of people and programs may wait. */
const mostWaiting = 64;

/**
 * The threads that read store and windows, one for rules and one for what is asked, so that no question delays an alert.
 * Each starts on first use and may be ended at any time. With a signal a question whose turn has not come is given up.
 */
export class QueryPool {
  readonly #setup: QuerySetup;
  /** Rules have an entry of their own, so that PromQL is loaded only for them. */
  readonly #rulesFile = taskFile(new URL('../../workers/tasks/rules.ts', import.meta.url));
  readonly #backtestFile = taskFile(new URL('../../workers/tasks/backtest.ts', import.meta.url));
  readonly #promqlFile = taskFile(new URL('../../workers/tasks/promql.ts', import.meta.url));
  readonly #turns = new Turns(mostWaiting);
  #rules: Piscina | undefined;
  #asked: Piscina | undefined;

  constructor(setup: QuerySetup) {
    this.#setup = setup;
  }

  history(task: HistoryTask, signal?: AbortSignal): Promise<HistoryResult> {
    return this.#run('history', task, signal);
  }

  seriesStats(task: SeriesStatsTask, signal?: AbortSignal): Promise<SeriesStatsList> {
    return this.#run('seriesStats', task, signal);
  }

  percentiles(task: PercentilesTask, signal?: AbortSignal): Promise<PercentilesResult> {
    return this.#run('percentiles', task, signal);
  }

  marks(task: MarksTask, signal?: AbortSignal): Promise<Marks> {
    return this.#run('marks', task, signal);
  }

  processes(task: ProcessesTask, signal?: AbortSignal): Promise<ProcessStandings> {
    return this.#run('processes', task, signal);
  }

  queues(task: QueuesTask, signal?: AbortSignal): Promise<QueueStandings> {
    return this.#run('queues', task, signal);
  }

  errorGroups(task: ErrorGroupsTask, signal?: AbortSignal): Promise<readonly ErrorGroup[]> {
    return this.#run('errorGroups', task, signal);
  }

  /** Undefined when there is none. */
  errorGroup(fingerprint: string, signal?: AbortSignal): Promise<ErrorGroup | undefined> {
    return this.#run('errorGroup', fingerprint, signal);
  }

  errorTrends(task: ErrorTrendsTask, signal?: AbortSignal): Promise<readonly ErrorTrend[]> {
    return this.#run('errorTrends', task, signal);
  }

  /** One evaluation of the rules that are due. */
  evaluateRules(task: RulesTask): Promise<RulesResult> {
    return this.#runForRules('evaluateRules', task, this.#rulesFile);
  }

  /** One query of the API of Prometheus. */
  promql(task: PromqlTask): Promise<PromqlResult> {
    return this.#run('promql', task, undefined, this.#promqlFile);
  }

  /** What alerts go on from after a start. */
  keptAlerts(): Promise<KeptAlerts> {
    return this.#runForRules('keptAlerts', undefined);
  }

  alertsPage(task: AlertsPageTask, signal?: AbortSignal): Promise<readonly Alert[]> {
    return this.#run('alertsPage', task, signal);
  }

  /** Undefined when there is none. */
  alert(id: string, signal?: AbortSignal): Promise<Alert | undefined> {
    return this.#run('alert', id, signal);
  }

  /** Undefined when there is none. */
  alertRecording(alertId: string, signal?: AbortSignal): Promise<AlertRecording | undefined> {
    return this.#run('alertRecording', alertId, signal);
  }

  /** Points that destinations refused, newest first. */
  quarantinePage(task: QuarantineTask, signal?: AbortSignal): Promise<readonly QuarantinedPoint[]> {
    return this.#run('quarantinePage', task, signal);
  }

  /** A part of a replay of rules. */
  backtestStep(task: BacktestTask): Promise<BacktestStep> {
    return this.#run('backtestStep', task, undefined, this.#backtestFile);
  }

  /** Lets go of what a replay holds. */
  endBacktest(id: string): Promise<void> {
    return this.#run('endBacktest', id, undefined, this.#backtestFile);
  }

  #runForRules<T>(name: string, task: unknown, filename?: string): Promise<T> {
    this.#rules ??= this.#start('keptAlerts');
    return runTask<T>(this.#rules, name, task, { deadlineMs, filename });
  }

  #run<T>(name: string, task: unknown, signal?: AbortSignal, filename?: string): Promise<T> {
    return this.#turns.run(() => {
      this.#asked ??= this.#start('history');
      return runTask<T>(this.#asked, name, task, { deadlineMs, filename });
    }, signal);
  }

  /** `name` is an export of query.ts that is there when the thread starts: tasks name their own. */
  #start(name: string): Piscina {
    const pool = new Piscina({
      filename: taskFile(new URL('../../workers/tasks/query.ts', import.meta.url)),
      name,
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
    await Promise.all([this.#rules?.destroy(), this.#asked?.destroy()]);
  }
}

import type { BacktestReport } from '../../workers/contract/backtest.ts';
import type {
  ApiRequest,
  ErrorGroup,
  ErrorTrend,
  ErrorTrendsTask,
  SeriesStatsList,
  SeriesStatsTask,
  UserActivity,
} from '../../workers/contract/events.ts';
import type { Marks, MarksTask } from '../../workers/contract/marks.ts';
import type { PercentilesResult, PercentilesTask } from '../../workers/contract/percentiles.ts';
import type { PromqlAnswer, PromqlAsk } from '../../workers/contract/promql-tasks.ts';
import type { ProcessStandings, QueueStandings, QueuesTask } from '../../workers/contract/standings.ts';
import type { ErrorGroupsTask, QuarantinedPoint, QuarantineTask } from '../../workers/contract/tasks.ts';
import type { Precision, WriteOutcome } from '../../workers/contract/written.ts';
import type {
  AlertPage,
  AlertQuery,
  AlertStanding,
  ShownAlert,
  ShownSilence,
  SilenceRequest,
} from '../alert-shape.ts';
import type { LedgerReport } from '../ledger-shape.ts';
import type { ReadyReport } from '../ready-shape.ts';
import type { RuleGroupView } from '../rule-shape.ts';
import type { HistoricalPast, Snapshot } from '../snapshot-shape.ts';
import type { HistoryRange } from './history-query.ts';

/**
 * All that the HTTP server sees of the agent. It only looks on: nothing here may delay a tick. A question is given up when
 * its signal says that nobody waits for the answer.
 */
export interface HttpViews {
  /** Adds one who is told after each tick, when the newest snapshot is to be had. It must not throw. */
  onTick(listener: () => void): void;
  /** Adds one who is told when the rules were looked at after a tick. It must not throw. */
  onEvaluation(listener: () => void): void;
  /** The newest snapshot, the same object until there is a newer one; null before the first tick. */
  snapshot(): Snapshot | null;
  ready(): ReadyReport;
  /**
   * Means of each step from `fromMs` to `toMs` (milliseconds since 1970), oldest first. Steps begin at multiples of
   * `stepMs`; one without any value has no row. `fromMs` is such a multiple.
   */
  historical(range: HistoryRange, signal: AbortSignal): Promise<HistoricalPast>;
  /** The newest requests that services answered, newest first; those before the one numbered `before`, if given. */
  requests(limit: number, before: number | undefined): readonly NumberedRequest[];
  /** Groups of errors, the one seen last first. */
  errorGroups(page: ErrorGroupsTask, signal: AbortSignal): Promise<readonly ErrorGroup[]>;
  /** Undefined when there is no such group. */
  errorGroup(fingerprint: string, signal: AbortSignal): Promise<ErrorGroup | undefined>;
  errorTrends(task: ErrorTrendsTask, signal: AbortSignal): Promise<readonly ErrorTrend[]>;
  /** Rows with equal values of the tags `by` are merged, their percentiles from merged histograms. */
  seriesStats(task: SeriesStatsTask, signal: AbortSignal): Promise<SeriesStatsList>;
  /** Null before the first 10 s, and while no service tells of users. */
  users(): UserActivity | null;
  processes(signal: AbortSignal): Promise<ProcessStandings>;
  queues(task: QueuesTask, signal: AbortSignal): Promise<QueueStandings>;
  /** Durations in steps, merged from histograms; see `PercentilesTask`. */
  percentiles(task: PercentilesTask, signal: AbortSignal): Promise<PercentilesResult>;
  /** Restarts, deploys and starts of the agent. */
  marks(task: MarksTask, signal: AbortSignal): Promise<Marks>;
  readonly alerts: AlertViews;
  /**
   * Commits line protocol that arrived at `nowMs` (milliseconds since 1970); the body must not change until then. Throws
   * AgentError WORKER_FAILED when the store does not take it: it may be sent again.
   */
  written(body: SharedArrayBuffer, precision: Precision, nowMs: number): Promise<WriteOutcome>;
  readonly prometheus: PrometheusViews;
  /** Every group and rule with its last evaluation and its alerts, in the order of the files. */
  rules(): readonly RuleGroupView[];
  /**
   * What rules would have done in the past; 'busy' while another such replay runs. Throws AgentError USAGE that says
   * what is wrong with the wish.
   */
  backtest(wish: BacktestWish, signal: AbortSignal): Promise<BacktestReport | 'busy'>;
  ledger(): LedgerReport;
  readonly spool: SpoolViews;
}

/** What Prometheus would be asked. */
export interface PrometheusViews {
  /** Takes `timeoutMs` at most, and ends soon after the signal. Errors of the query are answers. */
  ask(ask: PromqlAsk, timeoutMs: number, signal: AbortSignal): Promise<PromqlAnswer>;
}

/** Alerts, and what people say to them. */
export interface AlertViews {
  /** How open alerts stand; another version whenever one of them, or a silence, changed. */
  standing(): AlertStanding;
  /** Newest first. */
  list(query: AlertQuery, signal: AbortSignal): Promise<AlertPage>;
  /** With the recording around its begin; undefined when there is no such alert. */
  one(
    id: string,
    signal: AbortSignal,
  ): Promise<(ShownAlert & { readonly recording: object | null }) | undefined>;
  /** Undefined when no such alert is pending or firing. */
  acknowledge(id: string, by: string, comment: string): Promise<ShownAlert | undefined>;
  silences(): readonly ShownSilence[];
  /** Throws AgentError USAGE that says what is wrong with the request. */
  silence(request: SilenceRequest): Promise<ShownSilence>;
  /** False when there is none in force or to come. */
  endSilence(id: string): Promise<boolean>;
}

/** What to replay: the rules in force with the name `rule`, or those of the rule file with the text `file`. */
export interface BacktestWish {
  readonly rule?: string | undefined;
  readonly file?: string | undefined;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Points that destinations refused. */
export interface SpoolViews {
  /** Newest first. */
  list(page: QuarantineTask, signal: AbortSignal): Promise<readonly QuarantinedPoint[]>;
  /** Sends them once more; all of them without ids. */
  replay(wanted: {
    readonly ids?: readonly number[] | undefined;
    readonly sink?: string | undefined;
  }): Promise<ReplayedPoints>;
  /** How many were there to be given up. */
  drop(ids: readonly number[]): Promise<number>;
}

export interface ReplayedPoints {
  readonly delivered: number;
  readonly refused: readonly { readonly id: number; readonly reason: string }[];
  /** Why points were not tried, a text a destination. */
  readonly problems: readonly string[];
}

export interface NumberedRequest {
  readonly sequence: number;
  readonly request: ApiRequest & { readonly process: string };
}

import type {
  ApiRequest,
  ErrorGroup,
  SeriesStatsList,
  SeriesStatsTask,
  UserActivity,
} from '../../workers/contract/events.ts';
import type { ErrorGroupsTask } from '../../workers/contract/tasks.ts';
import type { AlertPage, AlertQuery, ShownAlert, ShownSilence, SilenceRequest } from '../alert-shape.ts';
import type { ReadyReport } from '../ready-shape.ts';
import type { HistoricalRow, Snapshot } from '../snapshot-shape.ts';

/** All that the HTTP server sees of the agent. It only looks on: nothing here may delay a tick. */
export interface HttpViews {
  /** The newest snapshot, the same object until there is a newer one; null before the first tick. */
  snapshot(): Snapshot | null;
  ready(): ReadyReport;
  /**
   * Means of each step from `fromMs` to `toMs` (milliseconds since 1970), oldest first. Steps begin at multiples of
   * `stepMs`; one without any value has no row. `fromMs` is such a multiple.
   */
  historical(fromMs: number, toMs: number, stepMs: number): Promise<readonly HistoricalRow[]>;
  /** The newest requests that services answered, newest first; those before the one numbered `before`, if given. */
  requests(limit: number, before: number | undefined): readonly NumberedRequest[];
  /** Groups of errors, the one seen last first. */
  errorGroups(page: ErrorGroupsTask): Promise<readonly ErrorGroup[]>;
  /** Undefined when there is no such group. */
  errorGroup(fingerprint: string): Promise<ErrorGroup | undefined>;
  /** Rows with equal values of the tags `by` are merged, their percentiles from merged histograms. */
  seriesStats(task: SeriesStatsTask): Promise<SeriesStatsList>;
  /** Null before the first 10 s, and while no service tells of users. */
  users(): UserActivity | null;
  readonly alerts: AlertViews;
}

/** Alerts, and what people say to them. */
export interface AlertViews {
  /** Newest first. */
  list(query: AlertQuery): Promise<AlertPage>;
  /** With the recording around its begin; undefined when there is no such alert. */
  one(id: string): Promise<(ShownAlert & { readonly recording: object | null }) | undefined>;
  /** Undefined when no such alert is pending or firing. */
  acknowledge(id: string, by: string, comment: string): Promise<ShownAlert | undefined>;
  silences(): readonly ShownSilence[];
  /** Throws AgentError USAGE that says what is wrong with the request. */
  silence(request: SilenceRequest): Promise<ShownSilence>;
  /** False when there is none in force or to come. */
  endSilence(id: string): Promise<boolean>;
}

export interface NumberedRequest {
  readonly sequence: number;
  readonly request: ApiRequest & { readonly process: string };
}

/** What main loop, workers and store say to each other about rules and alerts. Plain data only. */
import type {
  Acknowledgement,
  Alert,
  AlertRecording,
  AlertState,
  LabelSet,
  Notification,
  NotifyGroup,
  Routing,
  RuleGroup,
  Silence,
  WaitingCount,
  WaitingNotification,
} from './alerts.ts';

/** What rules work by; sent as one JSON text, parsed again only when the text changes. */
export interface AlertSettings {
  readonly groups: readonly RuleGroup[];
  readonly routing: Routing;
  /** Where the dashboard is, for links in notifications; '' when HTTP is off. */
  readonly externalUrl: string;
  readonly intervalMs: number;
  /** Single samples of the store go back this far. */
  readonly rawRetentionMs: number;
  /** Tags of every point that is stored: recorded ones have them from the first. */
  readonly commonTags: LabelSet;
}

/** What people said, as one JSON text. */
export interface AlertWishes {
  readonly silences: readonly Silence[];
  /** By id of the alert. */
  readonly acknowledgements: Readonly<Record<string, Acknowledgement>>;
}

/** One evaluation, after the tick of `timeMs`. */
export interface RulesTask {
  readonly timeMs: number;
  /** Of the first tick of this run: an older one in the store is of the run before. */
  readonly firstTickMs: number;
  /** JSON of `AlertSettings`. */
  readonly settings: string;
  /** JSON of `AlertWishes`. */
  readonly wishes: string;
  /** Sources that are down now. */
  readonly downSources: readonly string[];
  /** How often slow readings come, compared with usual. */
  readonly slowFactor: number;
  /**
   * One more than that of the evaluation before, when its result arrived; else the same again. A worker that
   * expected another number, or is new, reads its state from the store.
   */
  readonly sequence: number;
  /** What earlier evaluations changed and the store did not take, notifications and recordings left out. */
  readonly unwritten: AlertChanges | null;
}

/** What an evaluation changed: written in one transaction. */
export interface AlertChanges {
  readonly timeMs: number;
  /** New, or other than before. */
  readonly alerts: readonly Alert[];
  /** Ids of pending ones that ended: nobody was told. */
  readonly forgottenAlerts: readonly string[];
  readonly groups: readonly NotifyGroup[];
  readonly forgottenGroups: readonly string[];
  readonly notifications: readonly Notification[];
  readonly recordings: readonly AlertRecording[];
}

/** How the last evaluation of a rule went. */
export interface RuleHealth {
  readonly key: string;
  /** '' when it went well. */
  readonly error: string;
  readonly evaluatedAtMs: number;
  readonly tookMs: number;
  readonly samples: number;
}

/** Why nobody is told of an alert now. */
export type MutedBy =
  | { readonly by: 'silence'; readonly id: string }
  | { readonly by: 'inhibition'; readonly id: string }
  | { readonly by: 'time'; readonly id: string }
  /** A queue that is paused on purpose. */
  | { readonly by: 'maintenance'; readonly id: string };

export interface ActiveAlert {
  readonly alert: Alert;
  readonly mutedBy: MutedBy | null;
  readonly receivers: readonly string[];
  readonly isFlapping: boolean;
}

export interface RulesResult {
  readonly changes: AlertChanges;
  /** Pending and firing ones. */
  readonly active: readonly ActiveAlert[];
  readonly health: readonly RuleHealth[];
  /** Layout and values of the recorded samples and of the measurement `alerts`, as a source gives them. */
  readonly layout: string;
  readonly values: Float64Array;
  /** Of single rules and of what else went wrong, in words. */
  readonly problems: readonly string[];
  /** When there is something to do again, milliseconds since 1970: a group of rules, or one of notifications. */
  readonly nextDueMs: number;
}

/** What the store keeps of alerts, read when an agent or a worker starts. */
export interface KeptAlerts {
  /** Pending and firing ones, and those whose end is not told yet or is at most 15 minutes old. */
  readonly alerts: readonly Alert[];
  readonly groups: readonly NotifyGroup[];
  readonly silences: readonly Silence[];
  readonly acknowledgements: Readonly<Record<string, Acknowledgement>>;
  /** Oldest first for each way out; of each as many as `heldNotifications` says. */
  readonly waiting: readonly WaitingNotification[];
  /** How many more wait, by way out. */
  readonly waitingBeyond: readonly WaitingCount[];
  /** Time of the last evaluation that was committed; 0 before the first. */
  readonly evaluatedAtMs: number;
}

/** A change of what is kept, one transaction each. */
export type AlertsTask =
  | { readonly do: 'commit'; readonly changes: AlertChanges }
  | {
      readonly do: 'settle';
      readonly id: string;
      /** 'sent' and 'given_up' take it out. */
      readonly outcome: 'sent' | 'given_up' | 'later';
      readonly attempts: number;
      readonly nextAttemptMs: number;
      readonly problem: string;
    }
  | { readonly do: 'silence'; readonly silence: Silence }
  | { readonly do: 'acknowledge'; readonly alertId: string; readonly acknowledgement: Acknowledgement };

/** Alerts of the past and present, newest first. */
export interface AlertsPageTask {
  readonly states: readonly AlertState[];
  readonly limit: number;
  /** The last alert of the page before. */
  readonly before?: { readonly activeAtMs: number; readonly id: string } | undefined;
}

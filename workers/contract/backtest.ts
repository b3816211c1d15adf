/** What a replay of rules over the stored past works by and tells. Plain data only. Times in milliseconds since 1970. */
import type { LabelSet, Notification, Routing, RuleGroup } from './alerts.ts';

/** What to replay; sent as JSON text when a replay begins. */
export interface BacktestPlan {
  readonly groups: readonly RuleGroup[];
  readonly routing: Routing;
  /** The end is not included. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** For templates and links. */
  readonly externalUrl: string;
  /** Tags of every point. */
  readonly commonTags: LabelSet;
  /** What is older is stored by minutes. */
  readonly rawFromMs: number;
  /** A series ends after so many ticks without it. */
  readonly staleTicks: number;
}

/** A part of a replay: short, so that rules and queries go on between. */
export interface BacktestTask {
  readonly id: string;
  /** JSON of `BacktestPlan` for the first part; null goes on. */
  readonly plan: string | null;
}

export interface BacktestStep {
  /** How much is done, from 0 to 1. */
  readonly done: number;
  /** Null until all is done. */
  readonly report: BacktestReport | null;
}

export interface FiringSummary {
  readonly firings: number;
  /** Firings that ended by themselves in less than 5 minutes. */
  readonly flaps: number;
  readonly firingMs: number;
  readonly longestMs: number;
  /** When the first and the last began; 0 without any. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the time firing: sources were down, so that nothing was known. */
  readonly unknownMs: number;
}

export interface SuggestedFor {
  readonly forMs: number;
  /** Firings that would have remained. */
  readonly remaining: number;
}

/** Once from when it fired to when it ended. */
export interface ReplayedFiring {
  readonly firedAtMs: number;
  /** null: it still fired at the end of the replay. */
  readonly endedAtMs: number | null;
  readonly unknownMs: number;
}

export interface ReplayedAlert {
  readonly labels: LabelSet;
  readonly summary: FiringSummary;
  /** The newest `mostFirings`, oldest first. */
  readonly firings: readonly ReplayedFiring[];
}

export interface RuleReport {
  readonly group: string;
  readonly rule: string;
  readonly forMs: number;
  readonly summary: FiringSummary;
  readonly suggested: SuggestedFor | null;
  /** The one that fired longest first. */
  readonly alerts: readonly ReplayedAlert[];
  /** Evaluations that failed, and why the last did; '' when none did. */
  readonly failures: number;
  readonly error: string;
}

export interface ReceiverSummary {
  readonly receiver: string;
  readonly notifications: number;
  /** Of alerts that began, of those that were told again, and of their end. */
  readonly reasons: Readonly<Record<Notification['reason'], number>>;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** A message that would have been sent. */
export interface ReplayedNotification {
  readonly timeMs: number;
  readonly receiver: string;
  readonly reason: Notification['reason'];
  readonly groupLabels: LabelSet;
  /** Alerts that it tells of. */
  readonly firing: number;
  readonly resolved: number;
}

export interface BacktestReport {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** One an alerting rule, in the order of the files. */
  readonly rules: readonly RuleReport[];
  readonly receivers: readonly ReceiverSummary[];
  /** The first `mostNotifications`, oldest first; `receivers` counts all of them. */
  readonly notifications: readonly ReplayedNotification[];
  /** Recording rules that failed. */
  readonly problems: readonly string[];
}

/** Kept of each alert. */
export const mostFirings = 200;
/** Kept of a replay. */
export const mostNotifications = 1000;

/**
 * Rules, alerts and notifications as the main loop, the workers and the store say them to each other. Plain data only.
 *
 *     rule files, notify.yml ──parsed on the main loop──▶ AlertSettings (JSON text)
 *                                                            │
 *     after a tick: query worker   evaluate → step → route ──┴──▶ AlertChanges
 *                   tick worker    one transaction with them
 *                   main loop      notifications → outbox → receivers
 */

/** A label's condition, as PromQL and Alertmanager write it. Regular expressions fit whole values. */
export interface LabelMatcher {
  readonly name: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export type LabelSet = Readonly<Record<string, string>>;

/** Where something was written, counted from 1. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface AlertingRule {
  readonly kind: 'alerting';
  /** Value of the label `alertname`. */
  readonly name: string;
  readonly expr: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Those of the group included; templates. */
  readonly labels: LabelSet;
  /** Templates. Ours (`nova_…`) are not among them. */
  readonly annotations: LabelSet;
  /**
   * `nova_no_data`: what becomes of its alerts when nothing is known. null: unknown while a source is down, resolved as in
   * Prometheus when the series ended. 'keep': as they are; 'ok': resolved; 'alert': one alert that says so.
   */
  readonly noData: 'keep' | 'ok' | 'alert' | null;
  /** `nova_clear`: an alert that fires goes on until this gives a sample with its labels. */
  readonly clear: string | null;
  readonly place: FilePlace;
}

export interface RecordingRule {
  readonly kind: 'recording';
  /** Name of the metric that it records. */
  readonly name: string;
  readonly expr: string;
  readonly labels: LabelSet;
  readonly place: FilePlace;
}

export type Rule = AlertingRule | RecordingRule;

/** A group of a rule file: its rules are evaluated one after the other, and later ones see what earlier ones recorded. */
export interface RuleGroup {
  readonly file: string;
  readonly name: string;
  readonly intervalMs: number;
  /** Most samples or alerts of a rule; 0 is no limit. */
  readonly limit: number;
  readonly queryOffsetMs: number;
  readonly rules: readonly Rule[];
}

export type AlertState = 'pending' | 'firing' | 'resolved';

/** Who has seen an alert and works on it: it is not repeated from then on; its end is still told. */
export interface Acknowledgement {
  readonly by: string;
  readonly comment: string;
  readonly atMs: number;
}

/** Why an alert may have begun, most likely first. */
export interface AlertCause {
  /**
   * For queues one of idle, overloaded, no_workers, paused, rate_limited, overdue, stalled; else `moved_with` when something
   * else moved in the same minutes, or `unknown`.
   */
  readonly kind: string;
  /** One sentence for a person, with the numbers behind it; at most 500 characters. */
  readonly text: string;
  /** What moved, furthest from its usual range first; at most 10. */
  readonly moved: readonly MovedSeries[];
}

export interface MovedSeries {
  /** The metric with its labels, as PromQL writes it. */
  readonly series: string;
  readonly now: number;
  /** Median of the time before. */
  readonly usual: number;
  /** Distance from the usual range in robust standard deviations, with its sign. */
  readonly score: number;
}

/** Whom it touches; null where nothing tells of users. */
export interface AlertReach {
  readonly users: number | null;
  readonly sessions: number | null;
  /** One sentence for a person. */
  readonly text: string;
}

/** One episode of an alert, from pending to resolved. */
export interface Alert {
  /** `FINGERPRINT-ACTIVE_AT` in base 36: unique, and the same after a restart. */
  readonly id: string;
  /** 16 hexadecimal digits of the labels: the same for each episode. */
  readonly fingerprint: string;
  /** `ruleKey` of its rule. */
  readonly rule: string;
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly state: AlertState;
  /** Sources that are down, so that nothing is known of it since `unknownSinceMs`; empty when it is known. */
  readonly unknownSources: readonly string[];
  readonly unknownSinceMs: number;
  /** Of the last evaluation that had one; NaN as null in JSON. */
  readonly value: number;
  /** All times in milliseconds since 1970; 0 is never. */
  readonly activeAtMs: number;
  readonly firedAtMs: number;
  readonly resolvedAtMs: number;
  /** Since when the expression has no sample and only `keep_firing_for` holds it. */
  readonly keepFiringSinceMs: number;
  readonly cause: AlertCause | null;
  readonly reach: AlertReach | null;
}

/** How long an alert that ended is remembered, as in Prometheus: its end can still be told meanwhile. */
export const resolvedKeptMs = 15 * 60_000;

/** How long a silence that ended is still shown, as in Alertmanager. */
export const endedSilenceKeptMs = 5 * 24 * 60 * 60_000;

/** `FILE;GROUP;NAME;POSITION IN GROUP`: which rule an alert is of. It survives a restart. */
export function ruleKey(group: RuleGroup, index: number): string {
  return `${group.file};${group.name};${group.rules[index]!.name};${index}`;
}

// ---- routing: notify.yml, checked, with everything that is inherited filled in

export interface Route {
  /** Path of matchers from the root, as Alertmanager builds its keys: unique, and the same after a restart. */
  readonly key: string;
  readonly receiver: string;
  /** null: by all labels (`...`). */
  readonly groupBy: readonly string[] | null;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly matchers: readonly LabelMatcher[];
  readonly continues: boolean;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly Route[];
}

export interface InhibitRule {
  readonly sourceMatchers: readonly LabelMatcher[];
  readonly targetMatchers: readonly LabelMatcher[];
  readonly equal: readonly string[];
}

/** A range of whole numbers, both ends included; negative days of the month count from its end. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
}

/** An empty list is no condition. */
export interface TimeInterval {
  /** Minutes of the day; `to` is not included. */
  readonly times: readonly NumberRange[];
  /** 0 is Sunday. */
  readonly weekdays: readonly NumberRange[];
  readonly daysOfMonth: readonly NumberRange[];
  /** 1 is January. */
  readonly months: readonly NumberRange[];
  readonly years: readonly NumberRange[];
  /** IANA name of the time zone; 'UTC' when none is given, 'Local' for that of the machine. */
  readonly location: string;
}

export interface RoutedReceiver {
  readonly name: string;
  /** Its ways out: `webhook/0`, `email/0`… */
  readonly integrations: readonly { readonly key: string; readonly sendResolved: boolean }[];
}

export interface Routing {
  readonly route: Route;
  readonly receivers: readonly RoutedReceiver[];
  readonly inhibitRules: readonly InhibitRule[];
  readonly timeIntervals: Readonly<Record<string, readonly TimeInterval[]>>;
}

/** Keeps notifications of the alerts that fit all matchers back, for a time. */
export interface Silence {
  readonly id: string;
  readonly matchers: readonly LabelMatcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** Alerts that are told together: those of one route with the same values of its `group_by` labels. */
export interface NotifyGroup {
  /** `ROUTE KEY:{LABELS}`, as Alertmanager's groupKey. */
  readonly key: string;
  readonly routeKey: string;
  readonly receiver: string;
  readonly labels: LabelSet;
  /** When it is looked at next, milliseconds since 1970. */
  readonly nextFlushMs: number;
  /** What the last notification said; the ids of episodes. */
  readonly notifiedFiring: readonly string[];
  readonly notifiedResolved: readonly string[];
  /** 0: never. */
  readonly notifiedAtMs: number;
  /** Notifications of this group so far: makes their ids. */
  readonly count: number;
  /** When alerts of the group began or ended lately, by fingerprint, to notice those that flap. */
  readonly turnsMs: Readonly<Record<string, readonly number[]>>;
}

export interface NotifiedAlert {
  readonly status: 'firing' | 'resolved';
  readonly fingerprint: string;
  readonly labels: LabelSet;
  /** `cause` and `reach` included, and `flapping` where it does. */
  readonly annotations: LabelSet;
  readonly startsAtMs: number;
  /** 0 while it fires. */
  readonly endsAtMs: number;
  readonly value: number;
  readonly generatorUrl: string;
}

/** One message to one way out of a receiver, kept in the store until it is delivered or given up. */
export interface Notification {
  /** The same each time it is tried: receivers that can take it as a key for removing duplicates. */
  readonly id: string;
  readonly receiver: string;
  /** `webhook/0`: the first webhook of the receiver. */
  readonly integration: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  readonly status: 'firing' | 'resolved';
  readonly reason: 'new' | 'changed' | 'repeat' | 'resolved' | 'test';
  /** Firing ones first; at most `mostNotifiedAlerts`. */
  readonly alerts: readonly NotifiedAlert[];
  readonly truncatedAlerts: number;
  readonly createdMs: number;
}

export const mostNotifiedAlerts = 1000;

/** What is held in memory of the notifications that wait for one way out; the others wait in the store. */
export const heldNotifications = { most: 1000, mostBytes: 8 * 1024 * 1024 } as const;

/** Notifications that wait for one way out. */
export interface WaitingCount {
  readonly receiver: string;
  readonly integration: string;
  readonly count: number;
}

/** How a notification that waits in the store was tried. */
export interface WaitingNotification {
  readonly notification: Notification;
  readonly attempts: number;
  readonly nextAttemptMs: number;
}

/** Series around the moment in which an alert began to fire. */
export interface AlertRecording {
  readonly alertId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: readonly {
    readonly labels: LabelSet;
    readonly timestampsMs: readonly number[];
    readonly values: readonly number[];
  }[];
}

/** Alerts and silences as people and programs are shown them. */

/** Of one alert; `active` fires, and nobody has acknowledged or silenced it. */
export const alertStatuses = [
  'pending',
  'active',
  'acknowledged',
  'silenced',
  'unknown',
  'resolved',
] as const;
export type AlertStatus = (typeof alertStatuses)[number];

export interface ShownAlert {
  readonly id: string;
  /** Name of its rule: the label `alertname`. */
  readonly type: string;
  /** The label `severity`; 'none' without one. */
  readonly severity: string;
  /** The annotation `summary`, else `description`, else the name. */
  readonly message: string;
  readonly data: {
    readonly fingerprint: string;
    /** Null when it is not a number. */
    readonly value: number | null;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    /** File, group and rule. */
    readonly rule: string;
  };
  readonly status: AlertStatus;
  /** ISO times; null for what was not yet. */
  readonly createdAt: string;
  readonly firedAt: string | null;
  readonly resolvedAt: string | null;
  readonly cause: {
    readonly kind: string;
    readonly text: string;
    readonly moved: readonly object[];
  } | null;
  readonly reach: {
    readonly users: number | null;
    readonly sessions: number | null;
    readonly text: string;
  } | null;
  /** Sources that are down, so that nothing is known of it. */
  readonly unknownSources: readonly string[];
  readonly acknowledged: { readonly by: string; readonly comment: string; readonly at: string } | null;
  /** Why nobody is told now: `silence`, `inhibition`, `time` or `maintenance`, and by what. */
  readonly mutedBy: { readonly by: string; readonly id: string } | null;
  readonly receivers: readonly string[];
  readonly flapping: boolean;
}

export interface AlertPage {
  readonly alerts: readonly ShownAlert[];
  /** Asks for the alerts behind these; null when there are none. */
  readonly next: string | null;
}

/** How open alerts stand. */
export interface AlertStanding {
  /** Another number whenever an open alert or a silence is another or stands otherwise; begins anew with the agent. */
  readonly version: number;
  /** Open alerts by status. */
  readonly counts: Readonly<Record<Exclude<AlertStatus, 'resolved'>, number>>;
}

export interface AlertQuery {
  /** `active` includes unknown ones, `open` all that has not ended; `all` is those that fired. */
  readonly status: AlertStatus | 'open' | 'all';
  readonly limit: number;
  readonly before?: string | undefined;
}

export interface ShownSilence {
  readonly id: string;
  /** As Alertmanager writes them: `queue="mail"`. */
  readonly matchers: readonly string[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
  readonly status: 'pending' | 'active' | 'expired';
  /** Alerts that it keeps back now. */
  readonly alerts: number;
}

/** What somebody asks to be silenced. */
export interface SilenceRequest {
  /** Of the silence to change. */
  readonly id?: string;
  /** `queue="mail"`, `severity=~"info|warning"`: all must fit. */
  readonly matchers: readonly string[];
  /** ISO time; now unless told. */
  readonly startsAt?: string;
  /** Until when: an ISO time, or `duration` such as `2h`. */
  readonly endsAt?: string;
  readonly duration?: string;
  readonly createdBy: string;
  readonly comment: string;
}

interface Summary {
  readonly firings: number;
  readonly flaps: number;
  readonly firingMs: number;
  readonly longestMs: number;
  readonly unknownMs: number;
}

export interface ReplayedRule extends Summary {
  readonly group: string;
  readonly rule: string;
  readonly forMs: number;
  readonly suggestedForMs: number | null;
  readonly remaining: number | null;
  readonly failures: number;
  readonly error: string;
  readonly alerts: readonly ReplayedAlert[];
}

export interface ReplayedAlert extends Summary {
  readonly labels: Readonly<Record<string, string>>;
  readonly times: readonly {
    readonly from: string;
    readonly to: string | null;
    readonly unknownMs: number;
  }[];
}

export interface Receiver {
  readonly receiver: string;
  readonly notifications: number;
  readonly reasons: Readonly<Record<string, number>>;
}

export interface ToldMessage {
  readonly timestamp: string;
  readonly receiver: string;
  readonly reason: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly firing: number;
  readonly resolved: number;
}

/** What /api/monitoring/backtest answers. */
export interface Report {
  readonly since: string;
  readonly until: string;
  readonly rules: readonly ReplayedRule[];
  readonly receivers: readonly Receiver[];
  readonly notifications: readonly ToldMessage[];
  readonly problems: readonly string[];
}

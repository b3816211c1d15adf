/** What became of every point, and what the agent itself costs. Null: not known. */
export interface LedgerReport {
  /** ISO time of the last tick; null before the first. */
  readonly timestamp: string | null;
  /** Points that the store took since it was begun. */
  readonly collected: number;
  readonly sinks: readonly SinkAccount[];
  readonly sources: readonly SourceAccount[];
  readonly cost: OwnCost;
  readonly budget: BudgetView;
}

/** collected = delivered + waiting + quarantined + dropped. */
export interface PointCounts {
  readonly collected: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly quarantined: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What the equation leaves over: 0. */
  readonly difference: number;
}

export interface SinkAccount {
  readonly sink: string;
  readonly up: boolean;
  /** Why it is down, in words; '' when it is not. */
  readonly problem: string;
  /** Null for one that takes snapshots instead of points. */
  readonly points: PointCounts | null;
}

export interface SourceAccount {
  readonly source: string;
  readonly up: boolean;
  readonly problem: string;
  /** How long the last reading took, milliseconds. */
  readonly readMs: number;
}

/** At the last tick. */
export interface OwnCost {
  /** Of one core. */
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
  readonly eventloopDelayP99Ms: number | null;
  readonly taskP99Ms: number | null;
  readonly redisCommandsTotal: number | null;
  readonly storeBytes: number | null;
  readonly ticksMissedTotal: number | null;
  readonly valuesRefusedTotal: number | null;
}

export interface BudgetView {
  /** What it may cost, of one core. */
  readonly cpuPercent: number;
  /** 0 is within it; 1: optional work comes less often; from 2 on the interval is doubled once a level, too. */
  readonly level: number;
  readonly intervalMs: number;
  readonly configuredIntervalMs: number;
  /** Of the embedded store, bytes. */
  readonly storeQuotaBytes: number;
}

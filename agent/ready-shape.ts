/** What `/ready` answers, to anybody: no secrets in it. */
export interface ReadyReport {
  /** True when every part that the agent cannot do without is well. */
  readonly ready: boolean;
  readonly parts: readonly ReadyPart[];
  /** Points of each destination: collected = delivered + waiting + quarantined + dropped. */
  readonly ledger: readonly LedgerView[];
}

export interface ReadyPart {
  /** `tick`, `store`, `source/host`, `sink/main`. */
  readonly part: string;
  readonly ok: boolean;
  /** Why it is not, in words for a person; '' when all is well. */
  readonly problem: string;
  readonly [detail: string]: string | number | boolean | null;
}

export interface LedgerView {
  readonly sink: string;
  readonly collected: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly quarantined: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

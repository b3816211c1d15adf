/** Rules and how they stand, as people and programs are shown them. Times in milliseconds since 1970, 0 for never. */

/** A group of a rule file with its last evaluation. */
export interface RuleGroupView {
  /** Absolute. */
  readonly file: string;
  readonly name: string;
  readonly intervalMs: number;
  /** Most samples or alerts of a rule; 0 is no limit. */
  readonly limit: number;
  readonly queryOffsetMs: number;
  readonly evaluatedAtMs: number;
  /** Of all its rules together. */
  readonly tookMs: number;
  /** In the order of the file. */
  readonly rules: readonly RuleView[];
}

interface RuleViewBase {
  readonly name: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: number;
  /** `unknown` before its first evaluation; `err` keeps its alerts as they were. */
  readonly health: 'ok' | 'err' | 'unknown';
  /** Why the last evaluation failed; '' when it did not. */
  readonly error: string;
  readonly evaluatedAtMs: number;
  readonly tookMs: number;
  /** That the last evaluation gave. */
  readonly samples: number;
}

export interface AlertingRuleView extends RuleViewBase {
  readonly kind: 'alerting';
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Templates, as the file has them. */
  readonly annotations: Readonly<Record<string, string>>;
  /** `nova_clear` and `nova_no_data`, which are not among the annotations; null without. */
  readonly clear: string | null;
  readonly noData: string | null;
  /**
   * That of its worst alert. `unknown`: nothing is known of what fires, or of the rule at all, because it was not
   * evaluated, could not be, or depends on a source that is down.
   */
  readonly state: 'inactive' | 'pending' | 'firing' | 'unknown';
  /** Sources that it depends on and that are down. */
  readonly downSources: readonly string[];
  /** Pending and firing ones, newest first. */
  readonly alerts: readonly RuleAlertView[];
}

export interface RecordingRuleView extends RuleViewBase {
  readonly kind: 'recording';
}

export type RuleView = AlertingRuleView | RecordingRuleView;

/** A pending or firing alert of a rule. */
export interface RuleAlertView {
  readonly id: string;
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** NaN where there is none. */
  readonly value: number;
  readonly activeAtMs: number;
  readonly keepFiringSinceMs: number;
  /** Sources that are down, so that nothing is known of it. */
  readonly unknownSources: readonly string[];
}

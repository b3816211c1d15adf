import type { Alert, LabelSet } from '../contract/alerts.ts';
import type { EvaluationOptions, Select } from '../promql/index.ts';
import type { TemplateSurroundings } from './alert-texts.ts';

/** One evaluation, as a rule sees it. */
export interface RuleMoment {
  /** Time of the evaluation, milliseconds since 1970. */
  readonly timeMs: number;
  /** The time that expressions are evaluated for: earlier by the group's offset. */
  readonly queryMs: number;
  /** What is stored. */
  readonly stored: Select;
  /** What is stored, with what rules made last on top. */
  readonly select: Select;
  readonly options: EvaluationOptions;
  readonly surroundings: TemplateSurroundings;
  /** Sources that are down and that an alert with these labels depends on. */
  readonly downSourcesOf: (labels: LabelSet) => readonly string[];
}

/** A sample that a recording rule made. */
export interface RecordedSample {
  /** The metric. */
  readonly name: string;
  /** Without the name. */
  readonly labels: LabelSet;
  readonly value: number;
}

/** A series that had a sample at the evaluation before and has none now: a stale marker belongs there. */
export type EndedSeries = Omit<RecordedSample, 'value'>;

/** What the evaluation of a rule gave. */
export interface RuleOutcome {
  /** How many samples the expression had. */
  readonly samples: number;
  /** Alerts that are new, or other than before in more than their value. */
  readonly changed: readonly Alert[];
  /** Ids of pending ones that ended. */
  readonly forgotten: readonly string[];
  readonly recorded: readonly RecordedSample[];
  readonly ended: readonly EndedSeries[];
}

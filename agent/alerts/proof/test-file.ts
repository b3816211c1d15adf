import type { LabelMatcher, LabelSet } from '../../../workers/contract/alerts.ts';
import type { Labels } from '../../../workers/promql/index.ts';
import type { InputSeries } from './test-samples.ts';

export interface ExpectedAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
}

export interface AlertCheck {
  /** Since the test began, as all times here. */
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly expected: readonly ExpectedAlert[];
}

export interface ExpressionCheck {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly expected: readonly { readonly labels: Labels; readonly value: number }[];
}

/** What became of an alert on its way to people. */
export interface RoutingCheck {
  readonly evalTimeMs: number;
  /** Which alert: those that fire with all of these labels. */
  readonly labels: LabelSet;
  /** Receivers that it is routed to; null when that is not asked. */
  readonly receivers: readonly string[] | null;
  /** Who keeps it quiet; null when that is not asked. */
  readonly mutedBy: 'nobody' | 'silence' | 'inhibition' | 'time' | null;
  /** Receivers that have been told of it so far, with or without its end; null when that is not asked. */
  readonly notified: readonly string[] | null;
}

export interface TestSilence {
  readonly matchers: readonly LabelMatcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** A test of a test file: series, and what rules make of them. */
export interface RuleTest {
  readonly name: string;
  readonly startMs: number;
  readonly intervalMs: number;
  readonly input: readonly InputSeries[];
  readonly alertChecks: readonly AlertCheck[];
  readonly expressionChecks: readonly ExpressionCheck[];
  readonly externalLabels: LabelSet;
  readonly externalUrl: string;
  readonly silences: readonly TestSilence[];
  readonly routingChecks: readonly RoutingCheck[];
}

/** A file of rule tests, as promtool reads it, with keys of ours for routing. */
export interface TestFile {
  /** Absolute globs. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  readonly groupEvalOrder: readonly string[];
  readonly fuzzyCompare: boolean;
  /** Absolute path; null when none is named. */
  readonly notifyFile: string | null;
  readonly tests: readonly RuleTest[];
}

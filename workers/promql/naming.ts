import type { Evaluation } from './evaluation.ts';
import { type Frame, withMergedRows } from './frame.ts';
import type { Labels } from './labels.ts';
import type { Span } from './promql-error.ts';

/** Rows with the same labels as one; fails where two of them have a value at the same step. */
export function uniqueRows(evaluation: Evaluation, frame: Frame, span: Span): Frame {
  const merged = withMergedRows(frame);
  return merged ?? evaluation.fail('vector cannot contain metrics with the same labelset', span);
}

/** Takes off the names whose removal was delayed. */
export function finishedRows(evaluation: Evaluation, frame: Frame, span: Span): Frame {
  if (!frame.labels.some(({ dropsName }) => dropsName)) return frame;
  const labels = frame.labels.map((own) => (own.dropsName ? own.unnamed : own));
  return relabelledRows(evaluation, frame, labels, span);
}

/** Gives the rows other labels. */
export function relabelledRows(evaluation: Evaluation, frame: Frame, labels: Labels[], span: Span): Frame {
  return uniqueRows(evaluation, { ...frame, labels }, span);
}

/** The rows without the metric's name. */
export function unnamedRows(evaluation: Evaluation, frame: Frame, span: Span): Frame {
  const labels = frame.labels.map((own) => evaluation.withoutName(own));
  return relabelledRows(evaluation, frame, labels, span);
}

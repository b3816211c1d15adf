import { formatTime, formatValue, type Unit } from '../format.ts';
import { type Columns, summaryOf } from './chart-columns.ts';
import type { Mark } from './marks.ts';

/** A chart for who does not see it: least, mean, most and newest of every line. */
export function summaryText({ lines }: Columns, unit: Unit): string {
  if (lines.length === 0) return 'No values.';
  const parts = lines.map(({ label, values }) => {
    const { min, avg, max, last } = summaryOf(values);
    if (last === null) return `${label}: not known.`;
    const text = (value: number | null) => formatValue(value, unit);
    return `${label}: last ${text(last)}, average ${text(avg)}, from ${text(min)} to ${text(max)}.`;
  });
  return `${parts.join(' ')} Arrow keys move along it.`;
}

/** What the cursor is at: the time, and what happened there. */
export function placeText({ span, stepMs }: Columns, place: number | null, marks: readonly Mark[]): string {
  if (place === null) return '';
  const timeMs = span.fromMs + place * stepMs;
  const nearMs = Math.max(stepMs, (span.toMs - span.fromMs) / 100);
  const near = marks.filter((mark) => Math.abs(mark.timeMs - timeMs) <= nearMs);
  return [...near.map(({ text }) => text), formatTime(timeMs)].join(' · ');
}

/** The same with its values, to be spoken. */
export function spokenText(columns: Columns, place: number | null, unit: Unit): string {
  if (place === null) return '';
  const values = columns.lines.map(
    ({ label, values }) =>
      `${label} ${values[place] == null ? 'not known' : formatValue(values[place], unit)}`,
  );
  return `${formatTime(columns.span.fromMs + place * columns.stepMs)}: ${values.join(', ')}`;
}

/** Where a key takes the cursor: null takes it away, undefined is no key for a chart. */
export function placeAfterKey(
  { key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
  place: number | null,
  count: number,
): number | null | undefined {
  const last = count - 1;
  const by = shiftKey ? 10 : 1;
  switch (key) {
    case 'ArrowLeft':
      return Math.max(0, (place ?? count) - by);
    case 'ArrowRight':
      return Math.min(last, (place ?? -1) + by);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}

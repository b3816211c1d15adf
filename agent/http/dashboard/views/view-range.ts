import type { Params } from '../api.ts';
import { lengthMs, rangeText, type TimeRange } from '../time-range.ts';

/** The range as /api/monitoring takes it: `window` up to now, or `since` and `until`. */
export function rangeQuery(range: TimeRange): Params {
  if (range.kind === 'last') return { window: `${Math.ceil(range.ms / 1000)}s` };
  return { since: new Date(range.fromMs).toISOString(), until: new Date(range.toMs).toISOString() };
}

/** How often a list of the range is asked for again: the longer it is, the less a moment changes it. Undefined: never. */
export function refreshMs(range: TimeRange): number | undefined {
  if (range.kind === 'fixed') return undefined;
  return Math.min(60_000, Math.max(4000, lengthMs(range) / 360));
}

/** `last hour`, `24 Nov 10:00 – 12:30`, for the middle of a sentence. */
export function rangeWords(range: TimeRange): string {
  const text = rangeText(range);
  return range.kind === 'last' ? `the ${text[0]!.toLowerCase()}${text.slice(1)}` : text;
}

/** A range in PromQL: `[3600s]`. */
export function promWindow(range: TimeRange): string {
  return `[${Math.max(1, Math.round(lengthMs(range) / 1000))}s]`;
}

import { parseDuration } from '../units.ts';
import { QueryError } from './query-error.ts';
import { textOf } from './schemas.ts';

/** A stretch of the past, milliseconds since 1970. */
export interface PastRange {
  readonly startMs: number;
  readonly endMs: number;
}

const iso = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,3})?)?(Z|[+-]\\d\\d:\\d\\d)';
const back = '\\d+(\\.\\d+)?(ms|s|m|h|d|w|y)';
const time = {
  pattern: `^(${iso}|${back})$`,
  'x-expected':
    'an ISO 8601 time with its zone such as 2026-11-24T03:00:00Z, or a duration back from now such as 6h',
};
const hourMs = 3_600_000;
const mostMs = 2 * 365 * 24 * hourMs;

/** Parameters of a query for a stretch of the past; see `readPastRange`. */
export const pastRange = {
  since: textOf('From this time on; an hour before `until` unless told.', time),
  until: textOf('Up to this time; now unless told.', time),
};

/**
 * The range of `since` (`usualMs` before its end unless told) and `until`. Throws QueryError for an empty one, and one
 * of more than two years.
 */
export function readPastRange(
  since: string | undefined,
  until: string | undefined,
  nowMs: number,
  usualMs = hourMs,
): PastRange {
  const endMs = until === undefined ? nowMs : timeOf('until', until, nowMs);
  const startMs = since === undefined ? endMs - usualMs : timeOf('since', since, nowMs);
  if (startMs >= endMs) throw new QueryError('since: expected a time before until');
  if (endMs - startMs > mostMs) throw new QueryError('since: expected at most two years before until');
  return { startMs, endMs };
}

function timeOf(name: string, text: string, nowMs: number): number {
  const backMs = parseDuration(text);
  const ms = backMs === undefined ? Date.parse(text) : nowMs - backMs;
  if (Number.isNaN(ms)) throw new QueryError(`${name}: there is no such time`);
  return ms;
}

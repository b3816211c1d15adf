import { AgentError } from '../errors.ts';
import { parseDuration } from '../units.ts';

/** A time on the command line: a duration back from now, or ISO 8601. Milliseconds since 1970. */
export function timeOf(option: string, text: string, nowMs: number): number {
  const back = parseDuration(text);
  if (back !== undefined) return nowMs - back;
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new AgentError(
      'USAGE',
      `${option}: expected a duration such as 24h, or a time such as 2026-01-31T12:00:00Z, got "${text}"`,
    );
  }
  return time;
}

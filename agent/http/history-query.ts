import { formatDuration, parseDuration } from '../units.ts';
import { type RawQuery, unknownName } from './query-parameters.ts';

/** A stretch of the past; `fromMs` (milliseconds since 1970) is a multiple of `stepMs`. */
export interface HistoryRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

const hourMs = 3_600_000;
const defaultHours = 24;
const hoursLimits = { min: 0.01, max: 2 * 365 * 24 };
const stepLimits = { minMs: 1000, maxMs: 365 * 24 * hourMs };
/** Rows of an answer: enough for a chart unless a step is asked for. */
const rowLimits = { chosen: 1500, asked: 20_000 };

/** Steps that people would choose themselves, so that rows fall on round times. */
const niceSteps = '2s 5s 10s 15s 30s 1m 2m 5m 10m 15m 30m 1h 2h 6h 12h 1d';
const niceStepsMs = niceSteps.split(' ').map((text) => parseDuration(text)!);

const allowedNames = ['hours', 'step'];

/**
 * Reads `hours` (0.01 to two years; 24 unless told) and `step` (`30s`, `5m`, or seconds; else the smallest nice one
 * that needs at most 1,500 rows) of `/api/monitoring/historical`. The range ends at `nowMs` and begins with a whole
 * step. The problem, if any, names the parameter and what is allowed.
 */
export function parseHistoryQuery(
  query: RawQuery,
  nowMs: number,
): HistoryRange | { readonly problem: string } {
  for (const [name, value] of Object.entries(query)) {
    if (!allowedNames.includes(name)) return { problem: unknownName(name, allowedNames) };
    if (typeof value !== 'string') return { problem: `${name}: expected once, got it several times` };
  }
  const { hours: hoursText, step: stepText } = query as { hours?: string; step?: string };
  const hours = hoursText === undefined ? defaultHours : decimal(hoursText);
  if (!(hours >= hoursLimits.min && hours <= hoursLimits.max)) {
    return { problem: `hours: expected a number from ${hoursLimits.min} to ${hoursLimits.max} (two years)` };
  }
  const rangeMs = hours * hourMs;
  // `hours=24&step=` leaves the step to us.
  if (stepText === undefined || stepText === '') {
    // A day is the last resort: it serves the longest range.
    const stepMs = niceStepAtLeast(rangeMs, rowLimits.chosen) ?? niceStepsMs.at(-1)!;
    return rangeBefore(nowMs, rangeMs, stepMs);
  }
  const stepMs = parseDuration(stepText) ?? decimal(stepText) * 1000;
  if (!(Number.isInteger(stepMs) && stepMs >= stepLimits.minMs && stepMs <= stepLimits.maxMs)) {
    return {
      problem:
        'step: expected a duration from 1s to 1y such as 30s, 5m or 1h, or a number of seconds such as 60',
    };
  }
  if (maxRows(rangeMs, stepMs) > rowLimits.asked) {
    const least = formatDuration(niceStepAtLeast(rangeMs, rowLimits.asked)!);
    const tooMany = `step: ${stepText} over ${hours} hours is more than ${rowLimits.asked} rows`;
    return { problem: `${tooMany}; ask for ${least} or more, or for fewer hours` };
  }
  return rangeBefore(nowMs, rangeMs, stepMs);
}

function rangeBefore(nowMs: number, rangeMs: number, stepMs: number): HistoryRange {
  return { fromMs: Math.floor((nowMs - rangeMs) / stepMs) * stepMs, toMs: nowMs, stepMs };
}

/** Most steps that such a range can touch: one more than fit, as it begins and ends within one. */
function maxRows(rangeMs: number, stepMs: number): number {
  return Math.ceil(rangeMs / stepMs) + 1;
}

function niceStepAtLeast(rangeMs: number, rows: number): number | undefined {
  return niceStepsMs.find((stepMs) => maxRows(rangeMs, stepMs) <= rows);
}

/** NaN for anything but digits with at most one point. */
function decimal(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

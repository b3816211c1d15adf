import { formatDuration, parseDuration } from '../units.ts';
import { pastRange, readPastRange } from './past-range.ts';
import { QueryError } from './query-error.ts';
import { durationOf, textOf } from './schemas.ts';

/** A stretch of the past; `fromMs` (milliseconds since 1970) is a multiple of `stepMs`. */
export interface HistoryRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** As the schema of a route gives them. */
export interface HistoryQuery {
  readonly hours?: number;
  readonly since?: string;
  readonly until?: string;
  readonly step?: string;
}

const hourMs = 3_600_000;
const defaultHours = 24;
const stepLimits = { minMs: 1000, maxMs: 365 * 24 * hourMs };
/** Rows of an answer: enough for a chart unless a step is asked for. */
const rowLimits = { chosen: 1500, asked: 20_000 };

/** Steps that people would choose themselves, so that rows fall on round times. */
const niceSteps = '2s 5s 10s 15s 30s 1m 2m 5m 10m 15m 30m 1h 2h 6h 12h 1d';
const niceStepsMs = niceSteps.split(' ').map((text) => parseDuration(text)!);

const stepParameter = textOf(
  'Length of a step: `30s`, `5m`, or a number of seconds. Unless told, so that the answer has at most 1,500 rows.',
);
const offsetParameter = durationOf(
  'What was so long before, at the times of the range: as `offset` in PromQL.',
  60_000,
  2 * 365 * 24 * hourMs,
);

/** Parameters of a query for equal steps of the past; see `readHistoryRange`. */
export const historyParameters = {
  hours: {
    type: 'number',
    minimum: 0.01,
    maximum: 2 * 365 * 24,
    description: 'So many hours up to `until`; 24 unless told. Instead of `since`.',
  },
  ...pastRange,
  since: { ...pastRange.since, description: 'From this time on; instead of `hours`.' },
  step: stepParameter,
  offset: offsetParameter,
};

/**
 * The range of `hours` or `since` up to `until`, and `step`: else the smallest nice one that needs at most 1,500 rows.
 * The range begins with a whole step. Throws QueryError that says what is allowed.
 */
export function readHistoryRange(query: HistoryQuery, nowMs: number): HistoryRange {
  const { hours, since, until, step } = query;
  if (hours !== undefined && since !== undefined)
    throw new QueryError('hours: expected either hours or since, got both');
  const { startMs, endMs } = readPastRange(since, until, nowMs, (hours ?? defaultHours) * hourMs);
  return stepsOf(startMs, endMs, step);
}

/** The same with steps of whole minutes: a shorter one becomes a minute, others the next whole one. */
export function readMinuteRange(query: HistoryQuery, nowMs: number): HistoryRange {
  const { stepMs, toMs, fromMs } = readHistoryRange(query, nowMs);
  const wholeMs = Math.ceil(stepMs / 60_000) * 60_000;
  return { fromMs: Math.floor(fromMs / wholeMs) * wholeMs, toMs, stepMs: wholeMs };
}

/** The range so long before, in whole steps again. */
export function rangeBefore({ fromMs, toMs, stepMs }: HistoryRange, offsetMs: number): HistoryRange {
  return rangeOf(fromMs - offsetMs, toMs - offsetMs, stepMs);
}

function stepsOf(startMs: number, endMs: number, stepText: string | undefined): HistoryRange {
  const rangeMs = endMs - startMs;
  // A day is the last resort: it serves the longest range.
  if (stepText === undefined)
    return rangeOf(startMs, endMs, niceStepAtLeast(rangeMs, rowLimits.chosen) ?? niceStepsMs.at(-1)!);
  const stepMs = parseDuration(stepText) ?? decimal(stepText) * 1000;
  if (!(Number.isInteger(stepMs) && stepMs >= stepLimits.minMs && stepMs <= stepLimits.maxMs)) {
    throw new QueryError(
      'step: expected a duration from 1s to 1y such as 30s, 5m or 1h, or a number of seconds such as 60',
    );
  }
  if (maxRows(rangeMs, stepMs) > rowLimits.asked) {
    const least = formatDuration(niceStepAtLeast(rangeMs, rowLimits.asked)!);
    const hours = Math.round((rangeMs / hourMs) * 100) / 100;
    const tooMany = `step: ${stepText} over ${hours} hours is more than ${rowLimits.asked} rows`;
    throw new QueryError(`${tooMany}; ask for ${least} or more, or for fewer hours`);
  }
  return rangeOf(startMs, endMs, stepMs);
}

function rangeOf(startMs: number, endMs: number, stepMs: number): HistoryRange {
  return { fromMs: Math.floor(startMs / stepMs) * stepMs, toMs: endMs, stepMs };
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

import { timeAt } from '../evaluation.ts';
import { type Frame, singleRow } from '../frame.ts';
import { Labels } from '../labels.ts';
import { type FunctionCall, mapped } from './function.ts';

const daySeconds = 86_400;

interface CivilDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The proleptic Gregorian date, days from 1970-01-01 (Howard Hinnant, chrono-compatible date algorithms). */
function civilDate(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonthOf({ year, month }: CivilDate): number {
  return month === 2 && isLeap(year) ? 29 : monthDays[month - 1]!;
}

function dayOfYearOf(date: CivilDate): number {
  let days = date.day;
  for (let month = 1; month < date.month; month++) days += daysInMonthOf({ ...date, month });
  return days;
}

/** Of UTC, from seconds since 1970: those of the argument's values, or of the time of evaluation. */
function dateFunction(
  calculate: (days: number, secondOfDay: number) => number,
): (call: FunctionCall) => Frame {
  const ofSeconds = (value: number) => {
    const seconds = Math.trunc(value);
    // What no calendar reaches has no date; Go would wrap around here.
    if (!Number.isSafeInteger(seconds)) return Number.NaN;
    const days = Math.floor(seconds / daySeconds);
    return calculate(days, seconds - days * daySeconds);
  };
  return (call) => {
    if (call.values.length > 0) return mapped(call, ofSeconds);
    const values = Float64Array.from({ length: call.grid.steps }, (_, step) =>
      ofSeconds(timeAt(call.grid, step) / 1000),
    );
    return singleRow(Labels.none, values);
  };
}

export const year = dateFunction((days) => civilDate(days).year);
export const month = dateFunction((days) => civilDate(days).month);
export const dayOfMonth = dateFunction((days) => civilDate(days).day);
export const dayOfYear = dateFunction((days) => dayOfYearOf(civilDate(days)));
export const daysInMonth = dateFunction((days) => daysInMonthOf(civilDate(days)));
/** 1970-01-01 was a Thursday. */
export const dayOfWeek = dateFunction((days) => (((days + 4) % 7) + 7) % 7);
export const hour = dateFunction((_, second) => Math.floor(second / 3600));
export const minute = dateFunction((_, second) => Math.floor(second / 60) % 60);

import type { NumberRange, TimeInterval } from '../contract/alerts.ts';

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly minuteOfDay: number;
  readonly daysInMonth: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether the time, in milliseconds since 1970, is in one of the intervals. */
export function inIntervals(intervals: readonly TimeInterval[], timeMs: number): boolean {
  return intervals.some((interval) => inInterval(interval, timeMs));
}

/**
 * Whether the time is in the interval, on the clocks of its time zone; as Alertmanager's timeinterval.ContainsTime.
 *
 * @throws RangeError for a time zone that is not known
 */
export function inInterval(interval: TimeInterval, timeMs: number): boolean {
  const time = wallTime(interval.location, timeMs);
  return (
    (interval.times.length === 0 ||
      interval.times.some(({ from, to }) => time.minuteOfDay >= from && time.minuteOfDay < to)) &&
    (interval.daysOfMonth.length === 0 || interval.daysOfMonth.some((range) => onDay(range, time))) &&
    isIn(interval.months, time.month) &&
    isIn(interval.weekdays, time.weekday) &&
    isIn(interval.years, time.year)
  );
}

function isIn(ranges: readonly NumberRange[], value: number): boolean {
  return ranges.length === 0 || ranges.some(({ from, to }) => value >= from && value <= to);
}

/** Days before the first and after the last of the month are cut off; a range that begins after it is empty. */
function onDay({ from, to }: NumberRange, { day, daysInMonth }: WallTime): boolean {
  const fromEnd = (value: number) => (value < 0 ? daysInMonth + value + 1 : value);
  return fromEnd(from) <= daysInMonth && day >= fromEnd(from) && day <= Math.min(fromEnd(to), daysInMonth);
}

function wallTime(location: string, timeMs: number): WallTime {
  if (location === 'UTC') return wallTimeOf(new Date(timeMs));
  let format = formats.get(location);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: location === 'Local' ? undefined : location,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
    });
    formats.set(location, format);
  }
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(timeMs)) parts[type] = Number(value);
  const { year, month, day, hour, minute } = parts as Record<
    'year' | 'month' | 'day' | 'hour' | 'minute',
    number
  >;
  return wallTimeOf(new Date(Date.UTC(year, month - 1, day, hour, minute)));
}

/** What a clock shows whose reading is written as though it were UTC. */
function wallTimeOf(date: Date): WallTime {
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    minuteOfDay: date.getUTCHours() * 60 + date.getUTCMinutes(),
    daysInMonth: new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  };
}

import { z } from 'zod';
import type { NumberRange, TimeInterval } from '../../../workers/contract/alerts.ts';

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const months = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
];

/** Reads one end of a range; undefined when it is none. */
type ReadEnd = (text: string) => number | undefined;

const wholeNumber: ReadEnd = (text) => (/^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined);
const weekday: ReadEnd = (text) => (weekdays.includes(text) ? weekdays.indexOf(text) : undefined);
const month: ReadEnd = (text) => (months.includes(text) ? months.indexOf(text) + 1 : wholeNumber(text));

/** `monday:friday`, `5`: a range with both ends, or one value; letters of either case (timeinterval.go). */
function range(readEnd: ReadEnd, expected: string, problem: (range: NumberRange) => string | false) {
  return z.string().transform((text, context): NumberRange => {
    const ends = text.toLowerCase().split(':');
    const [from, to = from] = ends.map(readEnd);
    const isRange =
      ends.length <= 2 && from !== undefined && to !== undefined && !ends.map(readEnd).includes(undefined);
    const message = isRange ? problem({ from, to }) : `expected ${expected}`;
    if (message === false) return { from: from!, to: to! };
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

const backwards = ({ from, to }: NumberRange) => from > to && 'the range ends before it begins';

function dayProblem({ from, to }: NumberRange): string | false {
  const isDay = (day: number) => day !== 0 && day >= -31 && day <= 31;
  if (!isDay(from) || !isDay(to)) return 'expected days from 1 to 31, or from -31 to -1 counted from the end';
  if (from < 0 && to > 0) return 'a range that begins counted from the end must end so';
  // A month has at least 28 days.
  const earliest = (day: number) => (day < 0 ? 28 + day : day);
  return earliest(from) > earliest(to) && 'the range ends before it begins';
}

const minuteOfDay = z.string().transform((text, context) => {
  if (/^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/.test(text))
    return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  context.addIssue({ code: 'custom', message: 'expected a time from 00:00 to 24:00, such as 09:30' });
  return z.NEVER;
});

const times = z
  .strictObject({
    start_time: minuteOfDay.describe('First minute, such as 09:00.'),
    end_time: minuteOfDay.describe('Minute after the last, up to 24:00.'),
  })
  .transform(({ start_time: from, end_time: to }, context): NumberRange => {
    if (from >= to) context.addIssue({ code: 'custom', message: 'start_time must be before end_time' });
    return { from, to };
  });

const location = z
  .string()
  .refine(isTimeZone, { error: 'expected a time zone such as Europe/Berlin, UTC or Local' })
  .transform((name) => name || 'UTC')
  .prefault('UTC')
  .describe('Time zone [UTC]; Local for that of this machine.');

const list = <T extends z.ZodType>(entry: T, description: string) =>
  z.array(entry).optional().describe(description);

const timeInterval = z
  .strictObject({
    times: list(times, 'Times of the day.'),
    weekdays: list(
      range(weekday, 'a day or range of days, such as monday:friday', backwards),
      'Days of the week.',
    ),
    days_of_month: list(
      range(wholeNumber, 'a day or range of days, such as 1:7 or -3:-1', dayProblem),
      'Days of the month.',
    ),
    months: list(
      range(month, 'a month or range of months, such as may or 1:3', backwards),
      'Months by name or number.',
    ),
    years: list(range(wholeNumber, 'a year or range of years, such as 2026:2028', backwards), 'Years.'),
    location,
  })
  .transform(
    ({
      times = [],
      weekdays = [],
      days_of_month: daysOfMonth = [],
      months = [],
      years = [],
      location,
    }): TimeInterval => ({
      times,
      weekdays,
      daysOfMonth,
      months,
      years,
      location,
    }),
  );

/** One of `time_intervals` or `mute_time_intervals` at the top. */
export const namedIntervals = z.strictObject({
  name: z.string().min(1).describe('Name that routes use.'),
  time_intervals: z.array(timeInterval).prefault([]).describe('Times, any of which counts.'),
});

function isTimeZone(name: string): boolean {
  if (name === '' || name === 'UTC' || name === 'Local') return true;
  if (!/^[A-Za-z0-9_+/-]+$/.test(name) || /^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

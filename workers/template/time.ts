import { durationOf, nanosecondsOf } from './duration.ts';
import { formatTime, offsetSeconds, partsOf } from './time-layout.ts';
import { type Callable, Named, Struct, type TypeInfo, type Value } from './value.ts';

/** A `time.Time` of Go, in whole milliseconds. */
export class Time extends Struct {
  /** Since 1970. */
  readonly ms: number;
  /** IANA name of the zone that it is shown in. */
  readonly zone: string;

  constructor(ms: number, zone: string, isPointer = false) {
    super(isPointer ? timePointerType : timeType, new Map());
    this.ms = ms;
    this.zone = zone;
  }
}

/** Go's zero time, the beginning of the year 1. */
export const zeroTimeMs = -62_135_596_800_000;

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
const weekdays = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const monthType: TypeInfo = {
  name: 'time.Month',
  text: ({ value }: Named) => months[Number(value) - 1]!,
  methods: new Map([['String', { takes: [], call: ({ value }: Named) => months[Number(value) - 1]! }]]),
};

const weekdayType: TypeInfo = {
  name: 'time.Weekday',
  text: ({ value }: Named) => weekdays[Number(value)]!,
  methods: new Map([['String', { takes: [], call: ({ value }: Named) => weekdays[Number(value)]! }]]),
};

/** As `String` of Go: `2006-01-02 15:04:05.999999999 -0700 MST`. */
const stringLayout = '2006-01-02 15:04:05.999999999 -0700 MST';

function number(read: (time: Time) => number): Callable {
  return { takes: [], call: (time: Time) => BigInt(Math.floor(read(time))) };
}

function compared(test: (a: number, b: number) => boolean): Callable {
  return { takes: ['time.Time'], call: (time: Time, other: Time) => test(time.ms, other.ms) };
}

function truncated(time: Time, unit: Named, share: number): Time {
  const unitMs = Number(nanosecondsOf(unit)) / 1e6;
  if (unitMs <= 0) return time;
  const since = time.ms - zeroTimeMs + unitMs * share;
  return new Time(Math.floor(since / unitMs) * unitMs + zeroTimeMs, time.zone);
}

function addedDate(time: Time, years: bigint, monthCount: bigint, days: bigint): Time {
  const parts = partsOf(time.ms, time.zone);
  const local = Date.UTC(
    parts.year + Number(years),
    parts.month - 1 + Number(monthCount),
    parts.day + Number(days),
    ...([parts.hour, parts.minute, parts.second, parts.millisecond] as const),
  );
  const guess = local - offsetSeconds(local, time.zone) * 1000;
  return new Time(local - offsetSeconds(guess, time.zone) * 1000, time.zone);
}

const methods = new Map<string, Callable>([
  [
    'Format',
    { takes: ['string'], call: (time: Time, layout: string) => formatTime(time.ms, time.zone, layout) },
  ],
  ['String', { takes: [], call: (time: Time) => formatTime(time.ms, time.zone, stringLayout) }],
  ['UTC', { takes: [], call: (time: Time) => new Time(time.ms, 'UTC') }],
  ['Local', { takes: [], call: (time: Time) => new Time(time.ms, localZone()) }],
  ['IsZero', { takes: [], call: (time: Time) => time.ms === zeroTimeMs }],
  ['Unix', number(({ ms }) => ms / 1000)],
  ['UnixMilli', number(({ ms }) => ms)],
  ['UnixMicro', number(({ ms }) => ms * 1000)],
  ['UnixNano', { takes: [], call: ({ ms }: Time) => BigInt(ms) * 1_000_000n }],
  ['Year', number(({ ms, zone }) => partsOf(ms, zone).year)],
  ['Day', number(({ ms, zone }) => partsOf(ms, zone).day)],
  ['YearDay', number(({ ms, zone }) => partsOf(ms, zone).yearDay)],
  ['Hour', number(({ ms, zone }) => partsOf(ms, zone).hour)],
  ['Minute', number(({ ms, zone }) => partsOf(ms, zone).minute)],
  ['Second', number(({ ms, zone }) => partsOf(ms, zone).second)],
  ['Nanosecond', number(({ ms, zone }) => partsOf(ms, zone).millisecond * 1e6)],
  [
    'Month',
    { takes: [], call: ({ ms, zone }: Time) => new Named(monthType, BigInt(partsOf(ms, zone).month)) },
  ],
  [
    'Weekday',
    { takes: [], call: ({ ms, zone }: Time) => new Named(weekdayType, BigInt(partsOf(ms, zone).weekday)) },
  ],
  ['After', compared((a, b) => a > b)],
  ['Before', compared((a, b) => a < b)],
  ['Equal', compared((a, b) => a === b)],
  [
    'Sub',
    {
      takes: ['time.Time'],
      call: (time: Time, other: Time) => durationOf(clamped(BigInt(time.ms - other.ms) * 1_000_000n)),
    },
  ],
  [
    'Add',
    {
      takes: ['time.Duration'],
      call: (time: Time, by: Named) => new Time(time.ms + Number(nanosecondsOf(by) / 1_000_000n), time.zone),
    },
  ],
  ['AddDate', { takes: ['int', 'int', 'int'], call: addedDate }],
  ['Truncate', { takes: ['time.Duration'], call: (time: Time, unit: Named) => truncated(time, unit, 0) }],
  ['Round', { takes: ['time.Duration'], call: (time: Time, unit: Named) => truncated(time, unit, 0.5) }],
]);

/** Go's longest and shortest durations stand for all beyond them. */
function clamped(nanoseconds: bigint): bigint {
  const most = 2n ** 63n - 1n;
  return nanoseconds > most ? most : nanoseconds < -most - 1n ? -most - 1n : nanoseconds;
}

const timeType: TypeInfo = {
  name: 'time.Time',
  methods,
  text: (time: Time) => formatTime(time.ms, time.zone, stringLayout),
};

const timePointerType: TypeInfo = { ...timeType, name: '*time.Time' };

function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * A time in another zone: `UTC`, `Local` or an IANA name.
 *
 * @throws Error for a zone that is not known
 */
export function timeInZone(time: Time, name: string): Time {
  const zone = name === '' ? 'UTC' : name === 'Local' ? localZone() : name;
  try {
    return new Time(time.ms, new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone);
  } catch {
    throw new Error(`unknown time zone ${name}`);
  }
}

/** Nanoseconds between two times, `since` of Go. */
export function durationSince(time: Time, nowMs: number): Value {
  return durationOf(clamped(BigInt(Math.round(nowMs - time.ms)) * 1_000_000n));
}

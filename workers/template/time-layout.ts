/** Parts of a time as a clock and calendar of its zone show them. */
export interface TimeParts {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 1 is the first of January. */
  readonly yearDay: number;
}

const offsetFormats = new Map<string, Intl.DateTimeFormat>();

/** East of Greenwich, at a time. */
export function offsetSeconds(ms: number, zone: string): number {
  if (zone === 'UTC') return 0;
  let format = offsetFormats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
    if (offsetFormats.size >= 100) offsetFormats.clear();
    offsetFormats.set(zone, format);
  }
  const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /([+-])(\d+)(?::(\d+))?(?::(\d+))?/.exec(name);
  if (match === null) return 0;
  const size = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -size : size;
}

export function partsOf(ms: number, zone: string): TimeParts {
  const date = new Date(ms + offsetSeconds(ms, zone) * 1000);
  const year = date.getUTCFullYear();
  const newYear = new Date(0).setUTCFullYear(year, 0, 1);
  return {
    year,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    millisecond: date.getUTCMilliseconds(),
    weekday: date.getUTCDay(),
    yearDay: Math.floor((date.getTime() - newYear) / 86_400_000) + 1,
  };
}

const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
const weekdays = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** What of a layout stands for a part of a time (`nextStdChunk` of Go's time/format.go), longer ones first. */
const chunk =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|002|01|02|03|04|05|06|_2006|__2|_2|15|PM|pm|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|[.,]0+(?!\d)|[.,]9+(?!\d)|[12345]/g;

/** A time as a layout of Go has it: `Mon Jan 2 15:04:05 2006` is the time that layouts are written with. */
export function formatTime(ms: number, zone: string, layout: string): string {
  const parts = partsOf(ms, zone);
  return layout.replace(chunk, (text) => partText(text, parts, ms, zone));
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function partText(text: string, parts: TimeParts, ms: number, zone: string): string {
  const hour12 = parts.hour % 12 === 0 ? 12 : parts.hour % 12;
  switch (text) {
    case 'January':
      return months[parts.month - 1]!;
    case 'Jan':
      return months[parts.month - 1]!.slice(0, 3);
    case 'Monday':
      return weekdays[parts.weekday]!;
    case 'Mon':
      return weekdays[parts.weekday]!.slice(0, 3);
    case 'MST':
      return zoneAbbreviation(ms, zone);
    case '2006':
      return String(parts.year).padStart(4, '0');
    case '_2006':
      return `_${String(parts.year).padStart(4, '0')}`;
    case '06':
      return two(parts.year % 100);
    case '01':
      return two(parts.month);
    case '1':
      return String(parts.month);
    case '02':
      return two(parts.day);
    case '_2':
      return String(parts.day).padStart(2);
    case '2':
      return String(parts.day);
    case '002':
      return String(parts.yearDay).padStart(3, '0');
    case '__2':
      return String(parts.yearDay).padStart(3);
    case '15':
      return two(parts.hour);
    case '03':
      return two(hour12);
    case '3':
      return String(hour12);
    case '04':
      return two(parts.minute);
    case '4':
      return String(parts.minute);
    case '05':
      return two(parts.second);
    case '5':
      return String(parts.second);
    case 'PM':
      return parts.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return parts.hour >= 12 ? 'pm' : 'am';
  }
  return /^[.,]/.test(text) ? fraction(text, parts.millisecond) : offsetText(text, offsetSeconds(ms, zone));
}

/** `.000` has so many digits, `.999` as many without zeros at the end. */
function fraction(text: string, millisecond: number): string {
  const digits = String(millisecond)
    .padStart(3, '0')
    .padEnd(text.length - 1, '0')
    .slice(0, text.length - 1);
  if (text[1] === '0') return text[0] + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : text[0] + short;
}

function offsetText(text: string, offset: number): string {
  if (text.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const parts = [two(Math.floor(size / 3600)), two(Math.floor(size / 60) % 60), two(size % 60)];
  const colon = text.includes(':') ? ':' : '';
  const count = (text.replaceAll(':', '').length - 1) / 2;
  return (offset < 0 ? '-' : '+') + parts.slice(0, count).join(colon);
}

/** Which English knows how people call the times of a part of the world. */
const locales: Readonly<Record<string, readonly string[]>> = {
  America: ['en-US'],
  US: ['en-US'],
  Canada: ['en-US'],
  Europe: ['en-GB'],
  Australia: ['en-AU'],
  Pacific: ['en-NZ', 'en-US'],
  Africa: ['en-ZA'],
};

/** Names, in summer the second, that no English of the runtime has. */
const names: Readonly<Record<string, readonly [string, string?]>> = {
  'Africa/Cairo': ['EET', 'EEST'],
  'America/Havana': ['CST', 'CDT'],
  'Asia/Beirut': ['EET', 'EEST'],
  'Asia/Calcutta': ['IST'],
  'Asia/Hong_Kong': ['HKT'],
  'Asia/Jakarta': ['WIB'],
  'Asia/Jerusalem': ['IST', 'IDT'],
  'Asia/Karachi': ['PKT'],
  'Asia/Kolkata': ['IST'],
  'Asia/Manila': ['PST'],
  'Asia/Seoul': ['KST'],
  'Asia/Shanghai': ['CST'],
  'Asia/Taipei': ['CST'],
  'Asia/Tokyo': ['JST'],
  'Europe/Moscow': ['MSK'],
};

/** `CET`, or the offset (`-03`) where the zone has no such name. */
function zoneAbbreviation(ms: number, zone: string): string {
  if (zone === 'UTC') return 'UTC';
  const offset = offsetSeconds(ms, zone);
  const own = names[zone];
  if (own !== undefined) {
    const year = new Date(ms).getUTCFullYear();
    const winter = Math.min(...[0, 6].map((month) => offsetSeconds(Date.UTC(year, month), zone)));
    return offset === winter ? own[0] : (own[1] ?? own[0]);
  }
  for (const locale of locales[zone.split('/')[0]!] ?? []) {
    const format = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' });
    const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (name !== '' && !/^(?:GMT|UTC)./.test(name)) return name;
  }
  return offsetText(offset % 3600 === 0 ? '-07' : '-0700', offset);
}

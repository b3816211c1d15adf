/** What a number is, and so how it is written. `ratio` is a part of 1, written in percent. */
export type Unit =
  | 'bytes'
  | 'ms'
  | 'seconds'
  | 'percent'
  | 'ratio'
  | 'count'
  | 'perSecond'
  | 'perMinute'
  | 'bytesPerSecond';

/** Shown for what is not known. */
export const unknownText = '–';

const nonBreaking = '\u00a0';

/** `1.2 GB`, `340 ms`, `12.5 %`, `3 /s`; `–` for what is not known. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return unknownText;
  switch (unit) {
    case 'bytes':
      return scaled(value, byteUnits, 1024);
    case 'bytesPerSecond':
      return `${scaled(value, byteUnits, 1024)}/s`;
    case 'ms':
      return formatMs(value);
    case 'seconds':
      return formatMs(value * 1000);
    case 'percent':
      return `${digits(value)}${nonBreaking}%`;
    case 'ratio':
      return `${digits(value * 100)}${nonBreaking}%`;
    case 'count':
      return compact(value);
    case 'perSecond':
      return `${compact(value)}${nonBreaking}/s`;
    case 'perMinute':
      return `${compact(value)}${nonBreaking}/min`;
  }
}

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

function scaled(value: number, units: readonly string[], base: number): string {
  let size = Math.abs(value);
  let at = 0;
  while (size >= base * 0.9995 && at < units.length - 1) {
    size /= base;
    at++;
  }
  return `${value < 0 ? '−' : ''}${digits(size)}${nonBreaking}${units[at]}`;
}

/** Three digits that say something: 0.012, 1.23, 12.3, 123, 1,234. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 99.95) return grouped.format(value).replace('-', '−');
  const decimals = size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3;
  return String(Number(value.toFixed(decimals))).replace('-', '−');
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** Whole up to 9,999, then `12.3 k`, `4.5 M`. */
function compact(value: number): string {
  const size = Math.abs(value);
  if (size < 10_000) return digits(value);
  return scaled(value, ['', 'k', 'M', 'G', 'T'], 1000);
}

/** The number in full, for lists that are read line by line: `12,345`. */
export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? unknownText
    : grouped.format(value);
}

/** `0.4 ms`, `340 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return unknownText;
  const size = Math.abs(ms);
  if (size < 999.5) return `${digits(ms)}${nonBreaking}ms`;
  if (size < 59_950) return `${digits(ms / 1000)}${nonBreaking}s`;
  const seconds = Math.round(size / 1000);
  const sign = ms < 0 ? '−' : '';
  if (seconds < 3600) return sign + pair(seconds, 60, 'min', 's');
  if (seconds < 2 * 86_400) return sign + pair(Math.round(seconds / 60), 60, 'h', 'min');
  return sign + pair(Math.round(seconds / 3600), 24, 'd', 'h');
}

function pair(amount: number, base: number, large: string, small: string): string {
  const rest = amount % base;
  const head = `${grouped.format(Math.floor(amount / base))}${nonBreaking}${large}`;
  return rest === 0 ? head : `${head}${nonBreaking}${rest}${nonBreaking}${small}`;
}

/** `just now`, `5 min ago`, `3 d ago`. */
export function formatAge(timeMs: number | null | undefined, nowMs: number): string {
  if (timeMs === null || timeMs === undefined || !Number.isFinite(timeMs)) return unknownText;
  const ageMs = nowMs - timeMs;
  if (ageMs < -5000) return `in ${largest(-ageMs)}`;
  return ageMs < 5000 ? 'just now' : `${largest(ageMs)} ago`;
}

function largest(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}${nonBreaking}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${nonBreaking}min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours}${nonBreaking}h` : `${Math.round(hours / 24)}${nonBreaking}d`;
}

/** `14:03:22` today, `23 Nov 14:03` this year, else with the year: in the reader's time zone. */
export function formatTime(timeMs: number | string | null | undefined, nowMs: number = Date.now()): string {
  if (timeMs === null || timeMs === undefined) return unknownText;
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return unknownText;
  const now = new Date(nowMs);
  if (date.toDateString() === now.toDateString()) return date.toLocaleTimeString('en-GB');
  const isThisYear = date.getFullYear() === now.getFullYear();
  const day = date.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(!isThisYear && { year: 'numeric' }),
  });
  return `${day} ${date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}`;
}

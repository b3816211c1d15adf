import { eventLimits, type WindowMeasurement } from '../contract/window-cells.ts';
import type { Tags } from '../point/point.ts';

/** Of what a series of the windows is. For a request `a` is the method and `b` the route; see workers/contract/wire.ts. */
export interface SeriesName {
  readonly measurement: WindowMeasurement;
  readonly process: string;
  readonly a: string;
  readonly b: string;
  /** Of a request: the hundreds of its status; 0 where there are none such, and for all else. */
  readonly statusClass: number;
}

export const statusClasses = 6;
/** What takes up the events that have no room: its label, and its process where those are too many as well. */
export const other = 'other';
export const otherLabel = `${other}\0${other}`;

/** True when the series takes up what has no room. */
export function isOtherSeries(series: number): boolean {
  return series % eventLimits.seriesEach >= eventLimits.seriesEach - eventLimits.othersEach;
}

/** Hundreds of a status from 100 to 599, else 0. */
export function statusClassOf(status: number): number {
  return status >= 100 && status < 600 ? (status / 100) | 0 : 0;
}

const tagsOf: Readonly<Record<WindowMeasurement, (name: SeriesName) => Tags>> = {
  http: ({ process, a, b, statusClass }) => ({
    process,
    route: b,
    method: a,
    status: statusClass === 0 ? other : `${statusClass}xx`,
  }),
  db: ({ process, a, b }) => ({ process, model: a, operation: b }),
  socket: ({ process, a, b }) => ({ process, event: a, namespace: b }),
  job: ({ process, a, b }) => ({ process, queue: a, job: b }),
};

/** The tags of a series; those without a value are left out. */
export function seriesTags(name: SeriesName): Tags {
  return Object.fromEntries(
    Object.entries(tagsOf[name.measurement](name)).filter(([, value]) => value !== ''),
  );
}

/** A label as it may be a name: two parts with one NUL between them, without control characters, cut to their bounds. */
export function cleanLabel(text: string): string {
  const at = text.indexOf('\0');
  const a = at < 0 ? text : text.slice(0, at);
  const b = at < 0 ? '' : text.slice(at + 1);
  return `${cleanText(a, eventLimits.aBytes)}\0${cleanText(b, eventLimits.bBytes)}`;
}

/** Without control characters and at most so many bytes of UTF-8, never cut within a character. */
export function cleanText(text: string, mostBytes: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const clean = text.replace(/[\u0000-\u001f\u007f]/g, ' ');
  if (clean.length * 3 <= mostBytes || Buffer.byteLength(clean) <= mostBytes) return clean;
  const bytes = Buffer.from(clean);
  let end = mostBytes;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

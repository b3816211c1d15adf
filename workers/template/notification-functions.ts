import { humanizeDuration } from './humanize.ts';
import { textFunctions, titled, urlType } from './text-functions.ts';
import { durationSince, type Time, timeInZone } from './time.ts';
import { formatTime } from './time-layout.ts';
import { toJson } from './to-json.ts';
import { type Callable, type FunctionTable, type List, Named, stringList } from './value.ts';

/** As Go's `url.QueryUnescape`. */
function queryUnescaped(text: string): string {
  const broken = /%(?![\da-f]{2}).{0,2}/i.exec(text);
  if (broken !== null) throw new Error(`invalid URL escape "${broken[0]}"`);
  const spaced = text.replaceAll('+', ' ');
  const parts = spaced.split(/((?:%[\da-f]{2})+)/i);
  return parts
    .map((part) => (part.startsWith('%') ? Buffer.from(part.replaceAll('%', ''), 'hex').toString() : part))
    .join('');
}

/** The functions of Alertmanager's templates (template/template.go). */
export function notificationFunctions(nowMs: () => number, maxTextLength: number): FunctionTable {
  return new Map<string, Callable>([
    ...textFunctions(maxTextLength),
    ['title', { takes: ['string'], call: (text: string) => titled(text, false) }],
    ['trimSpace', { takes: ['string'], call: (text: string) => text.trim() }],
    [
      'join',
      {
        takes: ['string', '[]string'],
        call: (by: string, of: List | undefined) => (of?.items ?? []).join(by),
      },
    ],
    ['safeUrl', { takes: ['string'], call: (text: string) => new Named(urlType, text) }],
    ['urlUnescape', { takes: ['string'], call: queryUnescaped }],
    ['stringSlice', { takes: [], rest: 'string', call: (...texts: string[]) => stringList(texts) }],
    [
      'date',
      {
        takes: ['string', 'time.Time'],
        call: (layout: string, time: Time) => formatTime(time.ms, time.zone, layout),
      },
    ],
    ['tz', { takes: ['string', 'time.Time'], call: (zone: string, time: Time) => timeInZone(time, zone) }],
    ['since', { takes: ['time.Time'], call: (time: Time) => durationSince(time, nowMs()) }],
    ['humanizeDuration', { takes: ['interface {}'], call: humanizeDuration }],
    ['toJson', { takes: ['interface {}'], call: toJson }],
  ]);
}

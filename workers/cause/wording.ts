import type { LabelSet } from '../contract/alerts.ts';
import type { MetricUnit, WatchedMetric } from './watched-metrics.ts';

/** Longest text of a cause or reach, and of a series, in characters. */
export const mostCharacters = 500;
const mostNameCharacters = 60;

/** Cut, with … in place of the rest; control characters become spaces, halves of a surrogate pair go. */
export function shortened(text: string, most: number): string {
  const cut = text.length <= most ? text : `${text.slice(0, most - 1)}…`;
  return cut.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').replace(/\p{Cs}/gu, '');
}

/** A name of the watched service as part of a sentence. */
export function named(name: string): string {
  return shortened(name, mostNameCharacters);
}

/** The sentences that fit into the room of a text, one after the other; the first is cut when it does not fit. */
export function joined(sentences: readonly string[]): string {
  let text = '';
  for (const sentence of sentences) {
    if (sentence === '') continue;
    const longer = text === '' ? shortened(sentence, mostCharacters) : `${text} ${sentence}`;
    if (longer.length > mostCharacters) break;
    text = longer;
  }
  return text;
}

/** Short, and exact enough for a person: `0.04`, `3.2`, `820`, `12,400`. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15) return value.toExponential(1);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-US');
  return `${Number(value.toFixed(size >= 10 ? 1 : size >= 0.095 ? 2 : 3))}`;
}

/** `1 job`, `2 jobs`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : several}`;
}

/** In the largest unit that leaves it above 1: `3.2 s`, `4 min`. */
export function durationText(ms: number): string {
  if (Math.abs(ms) < 1000) return `${numberText(ms)} ms`;
  if (Math.abs(ms) < 120_000) return `${numberText(Number((ms / 1000).toFixed(1)))} s`;
  if (Math.abs(ms) < 7_200_000) return `${numberText(Math.round(ms / 60_000))} min`;
  return `${numberText(Number((ms / 3_600_000).toFixed(1)))} h`;
}

function bytesText(bytes: number): string {
  const megabytes = bytes / 1024 / 1024;
  return Math.abs(megabytes) < 1024 ? `${numberText(megabytes)} MB` : `${numberText(megabytes / 1024)} GB`;
}

/** A rate in words: by the minute where it is less than one a second. */
export function rateText(perSecond: number): string {
  return perSecond === 0 || Math.abs(perSecond) >= 1
    ? `${numberText(perSecond)}/s`
    : `${numberText(perSecond * 60)}/min`;
}

/** Two values that are compared: rates both by the second or both by the minute. */
function changeText(from: number, to: number, unit: MetricUnit): string {
  if (unit !== 'per second' || Math.max(Math.abs(from), Math.abs(to)) < 1)
    return `from ${valueText(from, unit)} to ${valueText(to, unit)}`;
  return `from ${numberText(from)}/s to ${numberText(to)}/s`;
}

function valueText(value: number, unit: MetricUnit): string {
  switch (unit) {
    case 'ms':
      return durationText(value);
    case 'percent':
      return `${numberText(value)} %`;
    case 'ratio':
      return `${numberText(value * 100)} %`;
    case 'bytes':
      return bytesText(value);
    case 'per second':
      return rateText(value);
    case 'count':
      return numberText(value);
  }
}

/** What a series is about, as people say it: `GET /contacts 5xx`, `db Contact.findMany`. */
export function subjectOf(measurement: string, tags: LabelSet): string {
  const name = (tag: string) => named(tags[tag] ?? '');
  switch (measurement) {
    case 'http': {
      const status = tags.status === undefined || tags.status === '2xx' ? '' : ` ${name('status')}`;
      return `${name('method')} ${name('route')}${status}`.trim();
    }
    case 'db':
      return `db ${[name('model'), name('operation')].filter((part) => part !== '').join('.')}`;
    case 'job':
      return `job ${name('queue')}/${name('job')}`;
    case 'errors':
      return `error ${name('type')} (${name('fingerprint').slice(0, 8)})`;
    case 'queue':
      return `queue ${name('queue')}`;
    case 'runtime':
      return tags.worker === undefined || tags.worker === '0'
        ? name('process')
        : `${name('process')} (worker ${name('worker')})`;
    case 'process':
      return name('process');
    case 'socket':
      return `${name('process')} socket`;
    case 'disk':
      return `disk ${name('path')}`;
    case 'redis':
      return `Redis ${name('redis')}`;
    case 'system':
      return 'host';
    default:
      return tags.source === undefined ? measurement : `${measurement} ${name('source')}`;
  }
}

/** `GET /contacts p95 rose from 40 ms to 820 ms` */
export function movementText(
  { measurement, field, noun, unit }: WatchedMetric,
  tags: LabelSet,
  usual: number,
  now: number,
): string {
  const subject = subjectOf(measurement, tags);
  if (field === 'restarts_total') {
    return now - usual === 1
      ? `${subject} restarted`
      : `${subject} restarted ${counted(now - usual, 'time')}`;
  }
  const verb = now >= usual ? 'rose' : 'fell';
  return `${`${subject} ${noun}`.trim()} ${verb} ${changeText(usual, now, unit)}`;
}

/** A metric with its labels as PromQL writes it, long values cut. */
export function seriesText(metric: string, tags: LabelSet): string {
  const labels = Object.entries(tags)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${shortened(name, mostNameCharacters)}=${quoted(value)}`);
  const text = `${metric}{${labels.join(',')}}`;
  return text.length <= mostCharacters
    ? text
    : `${text.slice(0, mostCharacters - 2).replace(/\p{Cs}/gu, '')}…}`;
}

function quoted(value: string): string {
  const cut =
    value.length <= 2 * mostNameCharacters ? value : `${value.slice(0, 2 * mostNameCharacters - 1)}…`;
  const escaped = JSON.stringify(cut.replace(/\p{Cs}/gu, ''));
  return escaped.replace(
    /[\u2028\u2029\x7f-\x9f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

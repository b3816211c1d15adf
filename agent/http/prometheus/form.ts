import type { FastifyRequest } from 'fastify';
import type { PromqlErrorType } from '../../../workers/contract/promql-tasks.ts';

/** A request that cannot be answered, as Prometheus says it. */
export class PrometheusError extends Error {
  readonly errorType: PromqlErrorType;

  constructor(errorType: PromqlErrorType, message: string) {
    super(message);
    this.errorType = errorType;
  }
}

/** Longest text of one parameter: evaluating more would take longer than anybody waits. */
const mostLength = 128 * 1024;

/**
 * Parameters of the URL and of a form, as Go's net/http has them: what stands in the form comes first, the first of several
 * counts where one is wanted, and unknown ones are nobody's business. Bytes that are no UTF-8 become U+FFFD.
 */
export class Form {
  readonly #values: readonly URLSearchParams[];

  constructor(request: FastifyRequest) {
    const at = request.url.indexOf('?');
    const query = new URLSearchParams(at < 0 ? '' : request.url.slice(at + 1));
    this.#values = typeof request.body === 'string' ? [new URLSearchParams(request.body), query] : [query];
  }

  /** '' when it is not there. */
  text(name: string): string {
    for (const values of this.#values) {
      const value = values.get(name);
      if (value !== null) return bounded(name, value);
    }
    return '';
  }

  /** Every one of them. */
  texts(name: string): string[] {
    return this.#values.flatMap((values) => values.getAll(name)).map((value) => bounded(name, value));
  }

  /** Milliseconds since 1970. @throws PrometheusError */
  time(name: string): number {
    const text = this.text(name);
    const timeMs = parsedTime(text);
    if (timeMs !== undefined) return timeMs;
    throw invalid(name, `cannot parse ${quoted(text)} to a valid timestamp`);
  }

  /** `usual` when it is not there or empty. */
  timeOr(name: string, usual: number): number {
    const text = this.text(name);
    if (text === '') return usual;
    const timeMs = parsedTime(text);
    if (timeMs !== undefined) return timeMs;
    const why = `Invalid time value for '${name}': cannot parse ${quoted(text)} to a valid timestamp`;
    throw invalid(name, why);
  }

  /** Milliseconds. @throws PrometheusError */
  duration(name: string): number {
    const text = this.text(name);
    const ms = parsedDuration(text);
    if (ms !== undefined) return ms;
    throw invalid(name, `cannot parse ${quoted(text)} to a valid duration`);
  }

  /** `usual` when it is not there or empty. */
  durationOr(name: string, usual: number): number {
    return this.text(name) === '' ? usual : this.duration(name);
  }

  /** A number of entries; 0 when it is not there. */
  limit(): number {
    const text = this.text('limit');
    if (text === '') return 0;
    if (/^[+-]?\d{1,15}$/.test(text)) return Math.max(0, Number(text));
    throw new PrometheusError('bad_data', 'limit must be a number');
  }
}

export function invalid(name: string, why: string): PrometheusError {
  return new PrometheusError('bad_data', `invalid parameter ${quoted(name)}: ${why}`);
}

/** As Go's `%q`, cut to a length that can be shown. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function bounded(name: string, value: string): string {
  if (value.length <= mostLength) return value;
  throw invalid(name, `it has ${value.length} characters; ${mostLength} are allowed`);
}

/** Unix seconds or RFC 3339. */
function parsedTime(text: string): number | undefined {
  const seconds = parsedNumber(text);
  if (seconds !== undefined) return Math.round(seconds * 1000);
  const found = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)([.,]\d+)?([Zz]|[+-](\d\d):(\d\d))$/.exec(
    text,
  );
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as number[];
  const fraction = Number(`0${(found[7] ?? '').replace(',', '.')}`) || 0;
  const [zoneHours, zoneMinutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  const isReal =
    date.getUTCMonth() === month! - 1 &&
    date.getUTCDate() === day! &&
    hour! < 24 &&
    minute! < 60 &&
    second! < 60;
  if (!isReal || zoneHours > 24 || zoneMinutes > 59) return undefined;
  const zoneMs = (zoneHours * 60 + zoneMinutes) * 60_000 * (found[8]!.startsWith('-') ? -1 : 1);
  return (
    date.getTime() + ((hour! * 60 + minute!) * 60 + second!) * 1000 + Math.floor(fraction * 1000) - zoneMs
  );
}

const unitsMs = [365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
const mostMs = 2 ** 63 / 1e6;

/** Seconds, or a duration such as `1h30m`, as whole milliseconds. */
function parsedDuration(text: string): number | undefined {
  const seconds = parsedNumber(text);
  if (seconds !== undefined)
    return Math.abs(seconds * 1000) > mostMs ? undefined : Math.trunc(Math.round(seconds * 1e9) / 1e6);
  const found = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (!found || text === '') return undefined;
  const ms = unitsMs.reduce((sum, unitMs, i) => sum + Number(found[i + 1] ?? 0) * unitMs, 0);
  return ms > mostMs ? undefined : ms;
}

/** What Go's strconv.ParseFloat takes in decimal digits. */
function parsedNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  // Further off than any Date.
  return Math.abs(value) <= 9e12 ? value : undefined;
}

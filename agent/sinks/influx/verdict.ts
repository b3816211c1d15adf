import type { InfluxOptions } from './options.ts';
import type { Answer } from './transport.ts';

/** What to do after a write of some lines was answered. */
export type Verdict =
  /** All lines are there. */
  | { readonly do: 'delivered' }
  /** All lines are there but these (index from 0); `complete` when the server named every one that it refused. */
  | { readonly do: 'partial'; readonly refused: ReadonlyMap<number, string>; readonly complete: boolean }
  /** Every line was refused. */
  | { readonly do: 'refuseAll'; readonly reason: string }
  /** Some line is at fault: send halves until it is found. */
  | { readonly do: 'split'; readonly reason: string }
  /** Too much at once: send halves, and less from now on. */
  | { readonly do: 'shrink'; readonly reason: string }
  /** Somebody has to mend something: keep everything and ask again now and then. */
  | { readonly do: 'hold'; readonly problem: string }
  /** Try again, after `retryAfterMs` when the server said so. */
  | { readonly do: 'wait'; readonly problem: string; readonly retryAfterMs: number | undefined };

/**
 * What each status means for the lines sent. Statuses that are not here wait. `judge` looks into the answer first:
 * an error text about a point splits whatever the status, a partial success names its lines, and a web page in place
 * of a plain answer comes from something that is not InfluxDB.
 *
 * | status        | meaning                                                   |                                       |
 * | ------------- | --------------------------------------------------------- | ------------------------------------- |
 * | 200, 201, 204 | written                                                   | the cursor moves                      |
 * | 301 – 308     | the server is elsewhere; lines are not sent after it      | hold                                  |
 * | 400, 422      | a line cannot be parsed or stored                         | split until it is alone: quarantine   |
 * | 401, 403      | not authorised                                            | hold                                  |
 * | 404           | no such database, bucket or path                          | hold                                  |
 * | 413           | too large                                                 | shrink; a line alone: quarantine      |
 * | 429, 503      | too much at the moment                                    | wait, as long as Retry-After says     |
 */
export const statusTable: Readonly<Record<number, 'delivered' | 'split' | 'shrink' | 'hold'>> = {
  200: 'delivered',
  201: 'delivered',
  204: 'delivered',
  301: 'hold',
  302: 'hold',
  303: 'hold',
  307: 'hold',
  308: 'hold',
  400: 'split',
  401: 'hold',
  403: 'hold',
  404: 'hold',
  413: 'shrink',
  422: 'split',
};

/** Texts about a point that versions also send with 403 or 500. */
const pointFault =
  /field type conflict|beyond retention policy|outside (of )?(the |its )?(bucket's )?retention/i;

/**
 * Texts with a status of 400 or 500 that are about the whole request: no point is at fault. Only as a beginning: further
 * on stands what a point holds.
 */
const requestFault = /^(retention policy|database) not found|^database is required/i;

/** The distributed versions name at most this many refused lines. */
const maxNamedLines = 100;

/** Reads an answer to a write of `lines` lines. `nowMs`: milliseconds since 1970, for the date form of Retry-After. */
export function judge(answer: Answer, lines: number, options: InfluxOptions, nowMs: number): Verdict {
  const said = errorText(answer);
  const named = namedLines(answer.body, lines);
  if (named) return { do: 'partial', refused: named, complete: named.size < maxNamedLines };
  if (answer.status >= 400 && requestFault.test(said))
    return { do: 'hold', problem: mend(answer, said, options) };
  if (answer.status >= 400 && pointFault.test(said)) return pointVerdict(said, lines);
  const action = statusTable[answer.status] ?? 'wait';
  const isPage = answer.header('content-type').startsWith('text/html');
  if (isPage && (action === 'delivered' || action === 'split')) {
    return {
      do: 'hold',
      problem: `${answer.status} with a web page: check url, InfluxDB does not answer there`,
    };
  }
  switch (action) {
    case 'delivered':
      return { do: 'delivered' };
    case 'split':
      return pointVerdict(said || `${answer.status}`, lines);
    case 'shrink':
      return { do: 'shrink', reason: reasonOf(said || '413 request entity too large') };
    case 'hold':
      return { do: 'hold', problem: mend(answer, said, options) };
    case 'wait': {
      const problem = said ? `${answer.status}: ${said}` : `answered ${answer.status}`;
      return { do: 'wait', problem, retryAfterMs: retryAfterMs(answer.header('retry-after'), nowMs) };
    }
  }
}

/**
 * Milliseconds to wait by a Retry-After header, seconds or a date (RFC 9110, 10.2.3), from 1 s to 1 h; undefined when
 * it says nothing.
 */
export function retryAfterMs(header: string, nowMs: number): number | undefined {
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 1000), 3_600_000);
}

/** What is kept of a server's words about a refused line. */
export function reasonOf(said: string): string {
  return shortened(said.replace(/\s+/g, ' '), 500);
}

/** Both ends of a long text: 1.x repeats the whole line before it says what is wrong with it. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 2);
  return `${text.slice(0, most - end - 1)}…${text.slice(-end)}`;
}

/** 1.x and 2.x count the points beyond the retention policy rightly; when that is all of them, none needs a try alone. */
function pointVerdict(said: string, lines: number): Verdict {
  const dropped = /points beyond retention policy dropped=(\d+)$/.exec(said)?.[1];
  return { do: dropped && Number(dropped) === lines ? 'refuseAll' : 'split', reason: reasonOf(said) };
}

/** The server's own words: `{error}` in 1.x and 3.x, `{code, message}` in 2.x. */
function errorText({ body, header }: Answer): string {
  const json = parsed(body) as { error?: unknown; message?: unknown } | null | undefined;
  for (const text of [json?.message, json?.error])
    if (typeof text === 'string' && text) return shortened(text, 2000);
  const isText = json === undefined && !body.trimStart().startsWith('<');
  return header('x-influxdb-error') || (isText ? body.trim().slice(0, 200) : '');
}

/**
 * Lines refused by 3.x, which answers 400 (earlier 201) when the others were written:
 * `{error, data: [{error_message, line_number, original_line}]}`, line numbers from 1. Undefined when it is not that.
 * https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/#partial-writes
 */
function namedLines(body: string, lines: number): ReadonlyMap<number, string> | undefined {
  const data = body.includes('"line_number"') ? (parsed(body) as { data?: unknown } | null)?.data : undefined;
  if (!Array.isArray(data) || data.length === 0) return undefined;
  const named = new Map<number, string>();
  for (const item of data as { line_number?: unknown; error_message?: unknown }[]) {
    const number = item?.line_number;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > lines)
      return undefined;
    named.set(number - 1, reasonOf(String(item.error_message ?? 'refused')));
  }
  return named;
}

function mend({ status, header }: Answer, said: string, options: InfluxOptions): string {
  const words = reasonOf(said).slice(0, 200);
  if (status >= 300 && status < 400)
    return `${status} redirect: set url to ${redirectTarget(header('location'))}`;
  if (status === 401) return `401 unauthorized: check ${credentialsOf(options)}${words && ` (${words})`}`;
  if (status === 403)
    return `403 forbidden: ${credentialsOf(options)} may not write there${words && ` (${words})`}`;
  if (/database not found/i.test(said)) {
    return `${status} database not found: create it with CREATE DATABASE "${options.database}"`;
  }
  if (/retention policy not found/i.test(said)) {
    return `${status} retention policy not found: create "${options.retentionPolicy}" on "${options.database}"`;
  }
  const target = options.bucket ? 'bucket and org' : 'database';
  return `${status}${words && ` ${words}`}: check url, version, ${target}`;
}

function credentialsOf(options: InfluxOptions): string {
  if (options.user) return `user ${options.user} and its password`;
  return options.token ? 'token' : 'the credentials: neither token nor user is set';
}

function redirectTarget(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : 'the address it names';
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

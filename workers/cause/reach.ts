import type { AlertReach, LabelSet } from '../contract/alerts.ts';
import type { ApiRequest } from '../contract/events.ts';
import type { RingReader } from '../ring/ring-reader.ts';
import type { ReadMetrics } from './own-series.ts';
import { counted, durationText, joined, named } from './wording.ts';

/** A request of the newest ones, with the value of its tag `process`. */
export type KnownRequest = ApiRequest & { readonly process: string };

export interface ReachSources {
  readonly ring: RingReader;
  /** The newest requests that are still known, newest first. */
  readonly requests: () => readonly KnownRequest[];
  /** Distinct users that an error touched since it was first seen; null when that is not known. */
  readonly errorUsers: (fingerprint: string, process: string | undefined) => number | null;
}

const windowMs = 300_000;
/** Readings that come every 10 s come every minute at the worst. */
const freshMs = 150_000;

/** Counts whom alerts touch. */
export class ReachBook {
  readonly #sources: ReachSources;
  readonly #nowMs: number;
  #requests: readonly { readonly request: KnownRequest; readonly timeMs: number }[] | undefined;
  readonly #known = new Map<string, AlertReach | null>();

  constructor(sources: ReachSources, nowMs: number) {
    this.#sources = sources;
    this.#nowMs = nowMs;
  }

  /** Of the narrowest group of users that is known: those of the error, of the route, or all that are active. */
  of(labels: LabelSet, read: ReadMetrics): AlertReach {
    const { process, fingerprint, route, method, status } = labels;
    const isFailure = read.get('http')?.has('errors') === true || /^[45]/.test(status ?? '');
    const key = JSON.stringify([process, fingerprint, route, method, isFailure]);
    const reach =
      this.#once(`error ${key}`, () => this.#ofError(fingerprint, process)) ??
      this.#once(`requests ${key}`, () => this.#ofRequests(labels, isFailure)) ??
      this.#once(`all ${JSON.stringify(process)}`, () => this.#ofAll(process));
    return reach ?? { users: null, sessions: null, text: 'Nothing tells of users.' };
  }

  #once(key: string, count: () => AlertReach | null): AlertReach | null {
    let reach = this.#known.get(key);
    if (reach === undefined) {
      reach = count();
      this.#known.set(key, reach);
    }
    return reach;
  }

  #ofError(fingerprint: string | undefined, process: string | undefined): AlertReach | null {
    const users = fingerprint === undefined ? null : this.#sources.errorUsers(fingerprint, process);
    // 0 is what groups say when no user was known.
    if (users === null || !(users > 0)) return null;
    return {
      users,
      sessions: null,
      text: `${counted(users, 'user')} met this error since it was first seen.`,
    };
  }

  /** Null where it is not about requests, or none of them names its user. */
  #ofRequests({ process, route, method }: LabelSet, isFailure: boolean): AlertReach | null {
    if (route === undefined && !isFailure) return null;
    const { timed, sinceMs, isWhole } = this.#lastRequests();
    const users = new Set<string>();
    for (const { request } of timed) {
      if (route !== undefined && request.endpoint !== route) continue;
      if (method !== undefined && request.method !== method) continue;
      if (process !== undefined && request.process !== process) continue;
      if (isFailure && request.statusCode < 400) continue;
      if (request.userId !== undefined) users.add(request.userId);
    }
    if (users.size === 0) return null;
    const what = [method, route].flatMap((part) => (part === undefined ? [] : named(part))).join(' ');
    const failed = what === '' ? 'had failed requests' : `had failed requests of ${what}`;
    const did = isFailure ? failed : `used ${what}`;
    const least = isWhole ? '' : 'at least ';
    const text = `${least}${counted(users.size, 'user')} ${did} in the last ${durationText(this.#nowMs - sinceMs)}.`;
    return { users: users.size, sessions: null, text: joined([text[0]!.toUpperCase() + text.slice(1)]) };
  }

  /** Those of the last 5 minutes, or since when they are all known. */
  #lastRequests() {
    this.#requests ??= this.#sources
      .requests()
      .map((request) => ({ request, timeMs: Date.parse(request.timestamp) }));
    const startMs = this.#nowMs - windowMs;
    const timed = this.#requests.filter(({ timeMs }) => timeMs >= startMs);
    const isWhole = timed.length < this.#requests.length || timed.length < mostKnown;
    const oldestMs = timed.reduce((oldest, { timeMs }) => Math.min(oldest, timeMs), this.#nowMs);
    return { timed, isWhole, sinceMs: isWhole ? startMs : oldestMs };
  }

  #ofAll(process: string | undefined): AlertReach | null {
    const users = this.#sum('active_5m', process);
    const sessions = this.#sum('sessions', process);
    if (users === null) return null;
    const inSessions = sessions === null ? '' : ` in ${counted(sessions, 'session')}`;
    const who =
      users === 0
        ? 'No user was'
        : `Up to ${counted(users, 'user')}${inSessions} ${users === 1 ? 'was' : 'were'}`;
    return { users, sessions, text: `${who} active in the last 5 minutes.` };
  }

  /** Over the processes; null when none tells. */
  #sum(field: string, process: string | undefined): number | null {
    let sum: number | null = null;
    for (const series of this.#sources.ring.seriesOf('users')) {
      if (series.field !== field) continue;
      if (process !== undefined && series.tags.process !== process) continue;
      const found = this.#sources.ring.samples(series.column, this.#nowMs - freshMs, this.#nowMs);
      const value = found?.values.at(-1);
      if (value !== undefined) sum = (sum ?? 0) + Math.round(value);
    }
    return sum;
  }
}

/** As many requests are known at once, see `eventLimits.requests`. */
const mostKnown = 1000;

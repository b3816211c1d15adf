import { type ErrorSample, returnAfterMs, type StoredErrorGroup } from '../contract/events.ts';
import { ErrorUsers } from './error-users.ts';

const mostSamples = 5;
const sampleEveryMs = 1000;
const mostRoutes = 20;

/** What was seen once. `route` and `user` are '' when not known; `route` may have a NUL between its parts. */
export interface ErrorOccurrence {
  readonly process: string;
  /** `type NUL stack frames` */
  readonly site: string;
  readonly message: string;
  readonly route: string;
  readonly user: string;
  readonly timeMs: number;
}

/** The errors of one fingerprint and process, while they come. */
export class CountedGroup {
  readonly fingerprint: string;
  readonly process: string;
  readonly type: string;
  /** Since the last fold. */
  tickCount = 0;
  /** When a fold last found occurrences, by the clock of the folds. */
  activeMs = 0;
  isChanged = false;
  count = 0;
  #message = '';
  #firstSeenMs = Number.POSITIVE_INFINITY;
  #lastSeenMs = Number.NEGATIVE_INFINITY;
  #returnedMs: number | null = null;
  readonly #routes = new Map<string, number>();
  #users = new ErrorUsers();
  #userCount = 0;
  #userState = '';
  #hasNewUser = false;
  readonly #samples: ErrorSample[] = [];

  constructor(process: string, fingerprint: string, type: string) {
    this.process = process;
    this.fingerprint = fingerprint;
    this.type = type;
  }

  /** Goes on from what the store has. */
  restore(stored: StoredErrorGroup): void {
    this.count = stored.count;
    this.#message = stored.message;
    this.#firstSeenMs = stored.firstSeenMs;
    this.#lastSeenMs = stored.lastSeenMs;
    this.#returnedMs = stored.returnedMs;
    for (const { route, count } of stored.routes.slice(0, mostRoutes)) this.#routes.set(route, count);
    this.#users = ErrorUsers.decode(stored.userState);
    this.#userCount = stored.users;
    this.#userState = stored.userState;
    this.#samples.push(...stored.samples.slice(0, mostSamples));
  }

  /** `count` occurrences alike. Returns true when the next `sample` would be taken. */
  add({ message, route, user, timeMs }: ErrorOccurrence, count: number): boolean {
    if (timeMs - this.#lastSeenMs >= returnAfterMs && this.count > 0) this.#returnedMs = timeMs;
    this.count += count;
    this.tickCount += count;
    this.#message = message;
    this.#firstSeenMs = Math.min(this.#firstSeenMs, timeMs);
    this.#lastSeenMs = Math.max(this.#lastSeenMs, timeMs);
    if (route !== '') this.#addRoute(route, count);
    if (user !== '' && this.#users.add(user)) this.#hasNewUser = true;
    const newest = this.#samples[0];
    return !newest || Math.abs(timeMs - newest.timeMs) >= sampleEveryMs;
  }

  /** As the Space-Saving of top-list.ts: a new route takes the place and the count of the rarest. */
  #addRoute(route: string, count: number): void {
    const known = this.#routes.get(route);
    if (known !== undefined || this.#routes.size < mostRoutes) {
      this.#routes.set(route, (known ?? 0) + count);
      return;
    }
    let rarest = '';
    let least = Number.POSITIVE_INFINITY;
    for (const [name, times] of this.#routes) {
      if (times >= least) continue;
      rarest = name;
      least = times;
    }
    this.#routes.delete(rarest);
    this.#routes.set(route, least + count);
  }

  /** Keeps a sample, the oldest beyond five goes; of no more than one where `isOnly`. Returns how much text is more. */
  sample({ message, route, user, timeMs }: ErrorOccurrence, stack: string, isOnly: boolean): number {
    const before = this.textLength;
    this.#samples.unshift({ timeMs, message, stack, route: shownRoute(route), user });
    this.#samples.length = Math.min(this.#samples.length, isOnly ? 1 : mostSamples);
    return this.textLength - before;
  }

  /** Characters of all samples. */
  get textLength(): number {
    let length = 0;
    for (const { message, stack } of this.#samples) length += message.length + stack.length;
    return length;
  }

  stored(): StoredErrorGroup {
    if (this.#hasNewUser) {
      this.#userCount = this.#users.estimate();
      this.#userState = this.#users.encode();
      this.#hasNewUser = false;
    }
    return {
      fingerprint: this.fingerprint,
      process: this.process,
      type: this.type,
      message: this.#message,
      firstSeenMs: this.#firstSeenMs,
      lastSeenMs: this.#lastSeenMs,
      returnedMs: this.#returnedMs,
      count: this.count,
      routes: [...this.#routes]
        .map(([route, count]) => ({ route: shownRoute(route), count }))
        .sort((a, b) => b.count - a.count || (a.route < b.route ? -1 : 1)),
      users: this.#userCount,
      samples: [...this.#samples],
      userState: this.#userState,
    };
  }
}

/** `METHOD NUL route` as people read it. */
function shownRoute(route: string): string {
  return route.replace('\0', ' ');
}

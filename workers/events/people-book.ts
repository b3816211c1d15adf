import type { StoredErrorGroup, TickExtras, UserActivity } from '../contract/events.ts';
import type { Reading } from '../contract/tasks.ts';
import { recordKind, reportedPart } from '../contract/wire.ts';
import { fieldsOf } from '../point/catalogue.ts';
import { layoutText } from '../point/point.ts';
import { ErrorBook } from './error-book.ts';
import type { FrameCounter } from './frame-counter.ts';
import type { FrameView } from './frame-view.ts';
import type { ConnectedInstance, InstanceBook } from './instance-book.ts';
import { PointLayout } from './point-layout.ts';
import { SourceMaps } from './source-map.ts';
import { UserBook } from './user-book.ts';
import type { UserKey } from './user-key.ts';

/** Where errors and users go on from: what an earlier tick gave to keep. */
export interface PeopleMemory {
  readonly errorGroup: (process: string, fingerprint: string) => StoredErrorGroup | undefined;
  readonly kept: (name: string) => Uint8Array | undefined;
}

/** Name of the kept state of users. */
const keptUsers = 'users';
const keepEveryMs = 60_000;
const usersEveryMs = 10_000;

const errorFields = fieldsOf('errors');
const userFields = fieldsOf('users');

export interface FoldedPeople extends Pick<TickExtras, 'errorGroups' | 'kept'> {
  readonly readings: readonly (Reading | null)[];
  readonly users: UserActivity | null;
}

/** Brings what frames say of errors and users to their books, each once a frame, and the books' points out again. */
export class PeopleBook {
  readonly #instances: InstanceBook;
  readonly #userKey: UserKey;
  readonly #errors: ErrorBook;
  readonly #users: UserBook;
  #errorLayout = '';
  #errorVersion = -1;
  readonly #userLayout = new PointLayout();
  #keptMs: number | undefined;
  #toldMs = Number.NEGATIVE_INFINITY;
  #isNoted = false;

  constructor(instances: InstanceBook, userKey: UserKey, sessionIdleMs: number, memory: PeopleMemory) {
    this.#instances = instances;
    this.#userKey = userKey;
    const maps = new SourceMaps();
    this.#errors = new ErrorBook({ load: memory.errorGroup, mapStack: (stack) => maps.map(stack) });
    this.#users = UserBook.decode(memory.kept(keptUsers), sessionIdleMs);
  }

  /** Takes the errors and users of a frame that was counted. */
  take(frame: FrameView, counter: FrameCounter, instance: ConnectedInstance, arrivedMs: number): void {
    const { process } = instance;
    for (const user of counter.users)
      this.#note(instance, frame.text(user), '', counter.userCounts[user]!, arrivedMs);
    const { tally } = counter;
    for (let i = 0; i < tally.size; i++) {
      const slot = tally.used[i]!;
      const names = tally.second[slot]!;
      const a = frame.text(names & 0xffff);
      const b = frame.text(names >>> 16);
      const count = tally.counts[slot]!;
      if ((tally.first[slot]! & 15) === recordKind.USER) {
        this.#note(instance, a, b, count, arrivedMs);
        continue;
      }
      const route = frame.text(tally.first[slot]! >>> 18).replace('\0', ' ');
      const user = this.#userKey.hash(frame.text(tally.third[slot]!));
      const timeMs = counter.timeOf(frame, tally.offsetsMs[slot]!, arrivedMs);
      this.#errors.record({ process, site: a, message: b, route, user, timeMs }, count);
    }
  }

  #note(instance: ConnectedInstance, user: string, session: string, count: number, arrivedMs: number): void {
    if (user === '' && session === '') return;
    instance.parts |= reportedPart.USER;
    this.#isNoted = true;
    const key = this.#userKey;
    this.#users.note(instance.process, key.hash(user), key.hash(session), '', count, arrivedMs);
  }

  /** Notes requests of a route, whoever they are from. */
  noteRoute(process: string, method: string, route: string, count: number, timeMs: number): void {
    if (!this.#instances.reports(reportedPart.USER, process)) return;
    this.#users.note(process, '', '', `${method} ${route}`, count, timeMs);
  }

  /** What changed since the last time. `nowMs` is monotonic. */
  fold(timeMs: number, nowMs: number, slowFactor: number, isLast: boolean): FoldedPeople {
    const { groups, points, version } = this.#errors.fold(timeMs);
    const readings = [this.#readErrors(points, version)];
    let users: UserActivity | null = null;
    // A little less, since ticks are not on time to the millisecond.
    if (nowMs - this.#toldMs >= usersEveryMs * slowFactor - 500) {
      this.#toldMs = nowMs;
      users = this.#activity(timeMs);
      readings.push(this.#readUsers(users));
    }
    return { readings, errorGroups: groups, kept: this.#keep(nowMs, isLast), users };
  }

  #readErrors(points: ReturnType<ErrorBook['fold']>['points'], version: number): Reading | null {
    if (points.length === 0) return null;
    if (version !== this.#errorVersion) {
      this.#errorVersion = version;
      this.#errorLayout = layoutText(
        points.map(({ process, fingerprint, type }) => ({
          measurement: 'errors',
          tags: { process, fingerprint, type },
          fields: errorFields,
        })),
      );
    }
    const values = new Float64Array(points.length * errorFields.length).fill(Number.NaN);
    points.forEach(({ process, count, countTotal }, i) => {
      if (count === 0 && !this.#instances.isConnected(process)) return;
      values[i * errorFields.length] = count;
      values[i * errorFields.length + 1] = countTotal;
    });
    return { source: 'errors', layout: this.#errorLayout, values };
  }

  /** Of processes that tell of users, or did in the last 24 hours. */
  #activity(timeMs: number): UserActivity | null {
    const processes = this.#users
      .activity(timeMs)
      .filter(
        ({ process, active24h }) => active24h > 0 || this.#instances.reports(reportedPart.USER, process),
      );
    return processes.length === 0 ? null : { timeMs, processes };
  }

  #readUsers(users: UserActivity | null): Reading | null {
    const told = users?.processes.filter(({ process }) =>
      this.#instances.reports(reportedPart.USER, process),
    );
    if (!told || told.length === 0) return null;
    this.#userLayout.use(
      told.map(({ process }) => process),
      (process) => ({ measurement: 'users', tags: { process }, fields: userFields }),
    );
    const values = told.flatMap(({ active5m, active1h, active24h, sessions }) => [
      active5m,
      active1h,
      active24h,
      sessions,
    ]);
    return { source: 'users', layout: this.#userLayout.text, values: Float64Array.from(values) };
  }

  #keep(nowMs: number, isLast: boolean): TickExtras['kept'] {
    this.#keptMs ??= nowMs;
    if (!this.#isNoted || (!isLast && nowMs - this.#keptMs < keepEveryMs)) return [];
    this.#keptMs = nowMs;
    this.#isNoted = false;
    return [{ name: keptUsers, bytes: this.#users.encode() }];
  }
}

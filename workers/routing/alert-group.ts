import type { Alert, LabelSet, NotifyGroup, Route } from '../contract/alerts.ts';
import { flappingWindowMs, isFlapping, isSettled, type Turns, withTurn } from './turns.ts';

/** Alerts that are told together, and what was told of them. */
export class AlertGroup {
  readonly key: string;
  readonly route: Route;
  readonly labels: LabelSet;
  /** Those that fire, and those that have ended and are still given, by fingerprint. */
  readonly members = new Map<string, Alert>();
  /** 0 while nothing of it is to be told. */
  nextFlushMs = 0;
  /** Episodes that receivers believe to fire, by fingerprint. */
  told = new Map<string, string>();
  notifiedResolved: readonly string[] = [];
  notifiedAtMs = 0;
  count = 0;
  /** Other than what was last kept. */
  isChanged = false;
  readonly #turns = new Map<string, Turns>();
  #wasFlushed = false;

  constructor(key: string, route: Route, labels: LabelSet) {
    this.key = key;
    this.route = route;
    this.labels = labels;
  }

  /** A group as it was kept; when its route has another receiver now, that one was told nothing. */
  static restored(kept: NotifyGroup, route: Route): AlertGroup {
    const group = new AlertGroup(kept.key, route, kept.labels);
    group.nextFlushMs = kept.nextFlushMs;
    group.count = kept.count;
    for (const [fingerprint, turns] of Object.entries(kept.turnsMs)) group.#turns.set(fingerprint, turns);
    if (kept.receiver !== route.receiver) {
      group.isChanged = true;
      return group;
    }
    for (const id of kept.notifiedFiring) group.told.set(id.slice(0, id.lastIndexOf('-')), id);
    group.notifiedResolved = kept.notifiedResolved;
    group.notifiedAtMs = kept.notifiedAtMs;
    // Its time is kept, so nothing has to be caught up with.
    group.#wasFlushed = true;
    return group;
  }

  toKept(): NotifyGroup {
    const { key, route, labels, nextFlushMs, told, notifiedResolved, notifiedAtMs, count } = this;
    return {
      ...{ key, routeKey: route.key, receiver: route.receiver, labels, nextFlushMs },
      ...{ notifiedFiring: [...told.values()], notifiedResolved, notifiedAtMs, count },
      turnsMs: Object.fromEntries(this.#turns),
    };
  }

  /** Looks at an alert that fires or has ended: when it turned, and when it has to be told. */
  observe(alert: Alert, nowMs: number): void {
    this.members.set(alert.fingerprint, alert);
    this.#noteTurn(alert.fingerprint, alert.firedAtMs, nowMs);
    if (alert.state === 'resolved') this.#noteTurn(alert.fingerprint, alert.resolvedAtMs, nowMs);
    this.#settle(alert, nowMs);
    if (alert.state !== 'firing') return;
    const { groupWaitMs } = this.route;
    if (this.nextFlushMs === 0) {
      this.nextFlushMs = nowMs + groupWaitMs;
      this.#wasFlushed = false;
      this.isChanged = true;
    }
    // An alert that is older than the wait has waited: so after a restart, and when notifications come late.
    if (!this.#wasFlushed && alert.firedAtMs + groupWaitMs < nowMs && this.nextFlushMs > nowMs) {
      this.nextFlushMs = nowMs;
      this.isChanged = true;
    }
  }

  isFlapping(fingerprint: string, nowMs: number): boolean {
    const turns = this.#turns.get(fingerprint);
    return turns !== undefined && isFlapping(turns, this.route, nowMs);
  }

  #noteTurn(fingerprint: string, turnMs: number, nowMs: number): void {
    const turns = this.#turns.get(fingerprint) ?? [];
    const more = withTurn(turns, turnMs, this.route, nowMs);
    if (more === turns) return;
    this.#turns.set(fingerprint, more);
    this.isChanged = true;
  }

  /** One that flapped and fires steadily is told anew: so far receivers know it as flapping. */
  #settle({ fingerprint, state }: Alert, nowMs: number): void {
    const turns = this.#turns.get(fingerprint);
    if (turns === undefined || !isSettled(turns, this.route, nowMs)) return;
    this.#turns.set(fingerprint, turns.slice(-1));
    if (state === 'firing') this.told.delete(fingerprint);
    this.isChanged = true;
  }

  /** After the clock came back, times that lie further ahead than they can are pulled in. */
  catchUp(nowMs: number): void {
    const latestMs = nowMs + Math.max(this.route.groupWaitMs, this.route.groupIntervalMs);
    if (this.nextFlushMs > latestMs) {
      this.nextFlushMs = latestMs;
      this.isChanged = true;
    }
    if (this.notifiedAtMs > nowMs) {
      this.notifiedAtMs = nowMs;
      this.isChanged = true;
    }
    for (const [fingerprint, turns] of this.#turns) {
      if (turns.at(-1)! > nowMs) this.#turns.delete(fingerprint);
    }
  }

  /** After a flush: looks again one interval later, without drifting, or rests when nothing fires any more. */
  reschedule(nowMs: number, hasFiring: boolean): void {
    const { groupIntervalMs } = this.route;
    const nextMs = this.nextFlushMs + groupIntervalMs;
    this.#wasFlushed = true;
    this.nextFlushMs = !hasFiring ? 0 : nextMs > nowMs ? nextMs : nowMs + groupIntervalMs;
    this.isChanged = true;
    this.#dropOldTurns(nowMs);
  }

  /** True when nothing of it needs to be remembered. */
  isOver(nowMs: number): boolean {
    if (this.nextFlushMs > 0 || this.told.size > 0) return false;
    this.#dropOldTurns(nowMs);
    return this.#turns.size === 0;
  }

  #dropOldTurns(nowMs: number): void {
    const oldestMs = nowMs - flappingWindowMs(this.route);
    for (const [fingerprint, turns] of this.#turns) {
      if (turns.at(-1)! <= oldestMs) this.#turns.delete(fingerprint);
    }
  }
}
